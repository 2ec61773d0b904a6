/**
 * Sessions over transports that do the waiting: sockets, streams, or whatever an application has.
 *
 * <p>A {@link dev.securesession.transport.SecureConnection} performs the handshake, sends and receives; a
 * {@link dev.securesession.transport.SecureServer} accepts many. The session under a connection can be used directly at
 * any time, so moving the bytes oneself and letting the connection move them mix freely.
 */
@NullMarked
package dev.securesession.transport;

import org.jspecify.annotations.NullMarked;
