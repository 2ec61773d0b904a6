/**
 * Requests and answers over HTTP: handlers for the server of the JDK and for Netty, and a client on the JDK's HTTP client.
 * Bodies are end-to-end encrypted between the two peers, whatever carries the HTTP. Besides, a WebSocket transport on the
 * same client.
 *
 * <p>PROTOCOL.md, Part 5.
 */
@NullMarked
package dev.securesession.http;

import org.jspecify.annotations.NullMarked;
