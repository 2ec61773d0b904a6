package dev.securesession.exchange;

import dev.securesession.NumberedPayload;
import dev.securesession.exchange.ExchangeException.Reason;

/**
 * A request whose message was unwrapped outside an {@link Exchange}, such as by a session that moves between machines, and the
 * payload that answers it, once (PROTOCOL.md EX-4). Safe for use by several threads.
 */
public final class DetachedRequest {
    private final Request request;

    private DetachedRequest(Request request) {
        this.request = request;
    }

    /**
     * Reads a request.
     *
     * @param payload the payload of a message and the number of that message
     * @return the request
     * @throws ExchangeException if the payload is no request: drop it
     */
    public static DetachedRequest read(NumberedPayload payload) throws ExchangeException {
        Received received = ExchangeFrame.read(payload.payload(), payload.number(), null);
        if (received instanceof Request request) {
            return new DetachedRequest(request);
        }
        throw new ExchangeException(Reason.WRONG_DIRECTION, "an answer; a request was expected");
    }

    /**
     * Returns the number of the message that carried the request.
     *
     * @return 0 or more
     */
    public long number() {
        return request.number();
    }

    /**
     * Returns the body.
     *
     * @return 0 bytes or more, the caller's to keep; the same array each time
     */
    public byte[] body() {
        return request.body();
    }

    /**
     * Returns the payload that answers the request. Wrap it for the peer, once.
     *
     * @param body 0 bytes or more; not kept
     * @return the payload to wrap, a new array
     * @throws IllegalArgumentException if the body is too long for an array
     * @throws IllegalStateException if the request was answered before
     */
    public byte[] answer(byte[] body) {
        byte[] frame = ExchangeFrame.answer(number(), body);
        request.beginAnswer(null);
        return frame;
    }

    /**
     * Returns the payload that says that the request could not be answered. Wrap it for the peer, once.
     *
     * @param code 0 to 65,535, for programs; see {@link Failure}
     * @param reason for people; cut after 255 bytes of UTF-8
     * @return the payload to wrap, a new array
     * @throws IllegalArgumentException if the code is out of its range
     * @throws IllegalStateException if the request was answered before
     */
    public byte[] failure(int code, String reason) {
        byte[] frame = ExchangeFrame.failure(number(), code, reason);
        request.beginAnswer(null);
        return frame;
    }

    /**
     * Returns the same request without its answer, to answer again when wrapping that has failed: the payload must have been
     * neither wrapped nor sent.
     *
     * @return a request with the same number and the same array
     */
    public DetachedRequest unanswered() {
        return new DetachedRequest(new Request(null, number(), body()));
    }

    @Override
    public String toString() {
        return request.toString();
    }
}
