/** A server and a client over WebSocket, with one message in each binary frame. */
@org.jspecify.annotations.NullMarked
package dev.securesession.examples.websocket;
