/**
 * Secure Session: end-to-end encrypted, mutually authenticated sessions between two peers who know each other's public
 * keys, over any transport.
 *
 * <p>A {@link dev.securesession.Handshake} establishes a {@link dev.securesession.SecureSession}, which wraps and unwraps
 * messages. {@code dev.securesession.transport} does all of this over sockets and other transports.
 *
 * <p>Nothing in this package does I/O, reads a clock of its own or starts a thread. Nothing takes or returns {@code null}.
 */
@NullMarked
package dev.securesession;

import org.jspecify.annotations.NullMarked;
