/**
 * The classes of the Java library over JNI, with the signatures, exceptions, events and wire format that its users know,
 * and without native code.
 *
 * <p>For programs that exist. New ones are better served by {@code dev.securesession}, whose types say what can be done
 * when. Where this module is stricter than what it replaces, its README says so.
 *
 * <p>Public classes carry no nullness annotations: the original has none, and Kotlin code that was compiled against it
 * would otherwise be refused.
 */
@NullUnmarked
package com.cossacklabs.themis;

import org.jspecify.annotations.NullUnmarked;
