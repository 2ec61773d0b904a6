/**
 * The classes of the Java library over JNI, with the signatures, exceptions, events and wire format that its users know,
 * and without native code.
 *
 * <p>For programs that exist. New ones are better served by {@code dev.securesession}, whose types say what can be done
 * when. Where this module is stricter than what it replaces, its README says so.
 *
 * <p>Only {@link SecureCell} carries nullness annotations, where the original has them. With more of them, Kotlin code that
 * was written for the original would be refused.
 */
@NullUnmarked
package com.cossacklabs.themis;

import org.jspecify.annotations.NullUnmarked;
