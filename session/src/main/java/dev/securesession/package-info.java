/**
 * Secure Session: end-to-end encrypted, mutually authenticated sessions between two peers who know each other's public
 * keys, over whatever moves their bytes.
 *
 * <p>Negotiate with a {@link dev.securesession.Handshake}, then exchange messages with the
 * {@link dev.securesession.SecureSession} that comes of it. Those who have a socket and want no more than that find it
 * done in {@code dev.securesession.transport}.
 *
 * <p>Nothing in this package does I/O, reads a clock of its own or starts a thread. Nothing takes or returns {@code null}.
 */
@NullMarked
package dev.securesession;

import org.jspecify.annotations.NullMarked;
