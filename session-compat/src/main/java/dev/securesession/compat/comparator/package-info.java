/**
 * The zero-knowledge comparison of two secrets over edwards25519, on the group operations of BouncyCastle. Not exported:
 * {@code com.cossacklabs.themis.SecureCompare} is its only user.
 */
@NullMarked
package dev.securesession.compat.comparator;

import org.jspecify.annotations.NullMarked;
