package dev.securesession.http;

import dev.securesession.HandshakeException;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerId;
import dev.securesession.exchange.ExchangeException;
import java.io.IOException;
import java.net.SocketAddress;

/** Answers the requests of authenticated peers. Called by several threads at the same time. */
@FunctionalInterface
public interface RequestHandler {
    /**
     * Answers a request. It runs once for each request of the peer, whatever the network repeats.
     *
     * @param peer the authenticated peer
     * @param request its body, 0 bytes or more, the handler's to keep
     * @return the body of the answer, 0 bytes or more; not changed by the handler any more. Null is a failure of the handler: it
     *     is logged, and the peer learns that its request has failed
     * @throws RequestFailedException to tell the peer a code and a reason
     * @throws Exception if anything else fails; the peer learns that, without details
     */
    byte[] answer(PeerId peer, byte[] request) throws Exception;

    /**
     * Observes a message of a handshake or a request that was refused: with a status other than 200, before {@link #answer} was
     * called or because its answer has no room. By default it is a warning of the {@link System.Logger}
     * {@code dev.securesession.http}: the first 5 within 10 seconds have a line each, the others are counted. Nothing that a client
     * sends can break a line. Called just before the response is sent, on Netty by an event loop, which must not wait.
     *
     * @param address the address of the client, or of the proxy in front
     * @param cause a {@link HandshakeException} with its reason and the claimed id, a {@link MessageRejectedException}, an
     *     {@link ExchangeException}, or an {@link IOException} that names the status, for unknown tokens and limits for example
     */
    default void refused(SocketAddress address, Exception cause) {
        HttpFront.LOG.refused(address, cause);
    }
}
