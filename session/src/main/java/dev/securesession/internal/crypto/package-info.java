/** Thin typed wrappers over JCA: points, ephemeral keys, signatures, MACs, key derivation, AES-GCM and secrets. */
@NullMarked
package dev.securesession.internal.crypto;

import org.jspecify.annotations.NullMarked;
