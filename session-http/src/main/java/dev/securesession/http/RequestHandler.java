package dev.securesession.http;

import dev.securesession.PeerId;

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
}
