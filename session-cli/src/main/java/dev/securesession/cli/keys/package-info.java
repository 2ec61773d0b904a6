/** {@code keygen}, {@code pubkey} and {@code fingerprint}. */
@NullMarked
package dev.securesession.cli.keys;

import org.jspecify.annotations.NullMarked;
