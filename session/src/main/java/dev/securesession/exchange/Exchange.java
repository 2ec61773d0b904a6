package dev.securesession.exchange;

import dev.securesession.EarlyData;
import dev.securesession.MessageRejectedException;
import dev.securesession.NumberedMessage;
import dev.securesession.NumberedPayload;
import dev.securesession.SecureSession;
import dev.securesession.exchange.ExchangeException.Reason;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * Requests and answers over a session, by messages that any transport may carry, lose or reorder.
 *
 * <pre>{@code
 * OutgoingRequest request = client.request(body);            // send request.message()
 * Request received = server.receiveRequest(message);
 * byte[] answer = server.answer(received, answerBody);       // send it back
 * Received result = client.receiveAnswer(request.number(), answer);
 * }</pre>
 *
 * <pre>
 *   each request of ours   awaits its answer --ANSWER, FAILURE, forget--&gt; over
 *   each request of theirs received --answer, fail--&gt; answered
 * </pre>
 *
 * <p>Both peers may ask. All messages of the session must be made and received here. Does no I/O. Safe for use by several
 * threads. PROTOCOL.md EX-1 to EX-5.
 */
public final class Exchange {
    /** The number of requests of ours that may await their answers at the same time. */
    public static final int MAX_AWAITED = 65_536;

    /** The bytes that a request adds to its body, with those of the session. */
    public static final int REQUEST_OVERHEAD = SecureSession.OVERHEAD + ExchangeFrame.REQUEST_BODY_OFFSET;

    /** The bytes that an answer adds to its body, with those of the session. */
    public static final int ANSWER_OVERHEAD = SecureSession.OVERHEAD + ExchangeFrame.ANSWER_BODY_OFFSET;

    private final SecureSession session;
    private final Object lock = new Object();
    private final Set<Long> awaited;

    private Exchange(SecureSession session, Set<Long> awaited) {
        this.session = session;
        this.awaited = awaited;
    }

    /**
     * Returns an exchange over a session.
     *
     * @param session stays the caller's to close
     * @return the exchange, without requests
     */
    public static Exchange over(SecureSession session) {
        return new Exchange(session, new HashSet<>());
    }

    /**
     * Returns an exchange over a session whose requests await their answers: it was saved meanwhile, or they were sent early.
     *
     * @param session stays the caller's to close
     * @param awaited the numbers that {@link #awaited()} returned when the session was saved, or those of early requests; not
     *     kept
     * @return the exchange, which accepts their answers
     * @throws IllegalArgumentException if there are more than {@link #MAX_AWAITED}, or a number is negative
     */
    public static Exchange resume(SecureSession session, Collection<Long> awaited) {
        if (awaited.size() > MAX_AWAITED) {
            throw new IllegalArgumentException(awaited.size() + " awaited requests; the limit is " + MAX_AWAITED);
        }
        for (long number : awaited) {
            if (number < 0) {
                throw new IllegalArgumentException("request " + number + "; numbers begin with 0");
            }
        }
        return new Exchange(session, new HashSet<>(awaited));
    }

    /**
     * Makes a request, which awaits its answer from now on. Send the message once: a repetition is refused by the peer
     * (PROTOCOL.md EX-5).
     *
     * @param body 0 bytes or more; not kept
     * @return the message and the number of the request
     * @throws IllegalArgumentException if the body is too long for an array with its overhead
     * @throws dev.securesession.SessionExhaustedException if no message number is left: start a new handshake
     * @throws IllegalStateException if {@link #MAX_AWAITED} requests await their answers, or the session was closed
     */
    public OutgoingRequest request(byte[] body) {
        byte[] frame = ExchangeFrame.request(body);
        synchronized (lock) {
            if (awaited.size() >= MAX_AWAITED) {
                throw new IllegalStateException(
                        MAX_AWAITED + " requests await their answers; wait for them or forget some");
            }
            NumberedMessage message = session.wrapNumbered(frame);
            awaited.add(message.number());
            return new OutgoingRequest(message.number(), message.message());
        }
    }

    /**
     * Makes a request before the handshake is over, to be sent after the client's last handshake message. When the session is
     * established, {@link #resume} with the number of the request accepts its answer.
     *
     * @param early the early data of the client; its other messages are counted in the same sequence
     * @param body 0 bytes or more; not kept
     * @return the message and the number of the request
     * @throws IllegalArgumentException if the body is too long for an array with its overhead
     * @throws dev.securesession.SessionExhaustedException if no message number is left: start a new handshake
     * @throws IllegalStateException if the handshake or the session was closed
     */
    public static OutgoingRequest requestEarly(EarlyData early, byte[] body) {
        NumberedMessage message = early.wrapNumbered(ExchangeFrame.request(body));
        return new OutgoingRequest(message.number(), message.message());
    }

    /**
     * Unwraps a message of the peer that may be a request or an answer.
     *
     * @param message the whole message; not kept
     * @return a request to answer, or the answer or failure of an awaited request, which is over then
     * @throws MessageRejectedException if the session refuses the message, a repeated one included: drop it
     * @throws ExchangeException if the message breaks this layer, or answers a request that awaits none: drop it
     * @throws IllegalStateException if the session was closed
     */
    public Received receive(byte[] message) throws MessageRejectedException, ExchangeException {
        Received received = open(message);
        if (!(received instanceof Request)) {
            end(received);
        }
        return received;
    }

    /**
     * Unwraps a message of the peer that must be a request.
     *
     * @param message the whole message; not kept
     * @return the request, to be answered once
     * @throws MessageRejectedException if the session refuses the message, a repeated one included: do not act on it
     * @throws ExchangeException if the message is no request
     * @throws IllegalStateException if the session was closed
     */
    public Request receiveRequest(byte[] message) throws MessageRejectedException, ExchangeException {
        if (open(message) instanceof Request request) {
            return request;
        }
        throw new ExchangeException(Reason.WRONG_DIRECTION, "an answer; a request was expected");
    }

    /**
     * Unwraps the message that must be the answer to one request, such as the response to an HTTP request.
     *
     * @param number the {@link OutgoingRequest#number()} of that request
     * @param message the whole message; not kept
     * @return its {@link Answer} or {@link Failure}; the request is over
     * @throws MessageRejectedException if the session refuses the message; the request awaits its answer still
     * @throws ExchangeException if the message is no answer, or answers another request; both await their answers still
     * @throws IllegalStateException if the session was closed
     */
    public Received receiveAnswer(long number, byte[] message) throws MessageRejectedException, ExchangeException {
        Received received = open(message);
        if (received instanceof Request) {
            throw new ExchangeException(
                    Reason.WRONG_DIRECTION, "a request; the answer to request " + number + " was expected");
        }
        // PROTOCOL.md EX-3
        if (received.number() != number) {
            throw new ExchangeException(
                    Reason.WRONG_REQUEST,
                    "the answer to request " + received.number() + " in place of that to request " + number
                            + "; the answers were swapped in transit");
        }
        end(received);
        return received;
    }

    /**
     * Makes the answer to a request.
     *
     * @param request received here and not answered before
     * @param body 0 bytes or more; not kept
     * @return the message for the peer, a new array
     * @throws IllegalArgumentException if the request was received elsewhere, or the body is too long for an array
     * @throws dev.securesession.SessionExhaustedException if no message number is left
     * @throws IllegalStateException if the request was answered, or the session was closed
     */
    public byte[] answer(Request request, byte[] body) {
        byte[] frame = ExchangeFrame.answer(request.number(), body);
        request.beginAnswer(this);
        return session.wrap(frame);
    }

    /**
     * Makes the message that tells the peer that its request could not be answered.
     *
     * @param request received here and not answered before
     * @param code 0 to 65,535, for programs; see {@link Failure}
     * @param reason for people; cut after 255 bytes of UTF-8
     * @return the message for the peer, a new array
     * @throws IllegalArgumentException if the request was received elsewhere, or the code is out of its range
     * @throws dev.securesession.SessionExhaustedException if no message number is left
     * @throws IllegalStateException if the request was answered, or the session was closed
     */
    public byte[] fail(Request request, int code, String reason) {
        byte[] frame = ExchangeFrame.failure(request.number(), code, reason);
        request.beginAnswer(this);
        return session.wrap(frame);
    }

    /**
     * Gives up a request of ours: an answer that arrives later is refused. Whether the peer acted on it stays unknown.
     *
     * @param number the {@link OutgoingRequest#number()}; one that is over changes nothing
     */
    public void forget(long number) {
        synchronized (lock) {
            awaited.remove(number);
        }
    }

    /**
     * Returns the requests of ours that await their answers, to save them with the session.
     *
     * @return their numbers at this moment, a copy
     */
    public Set<Long> awaited() {
        synchronized (lock) {
            return new HashSet<>(awaited);
        }
    }

    /**
     * Returns the session under the exchange.
     *
     * @return the session; wrap and unwrap nothing with it directly
     */
    public SecureSession session() {
        return session;
    }

    /**
     * Describes the exchange for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return "exchange over " + session;
    }

    private Received open(byte[] message) throws MessageRejectedException, ExchangeException {
        NumberedPayload payload = session.unwrapNumbered(message);
        return ExchangeFrame.read(payload.payload(), payload.number(), this);
    }

    private void end(Received answer) throws ExchangeException {
        boolean known;
        synchronized (lock) {
            known = awaited.remove(answer.number());
        }
        if (!known) {
            throw new ExchangeException(
                    Reason.WRONG_REQUEST, "the answer to request " + answer.number() + ", which awaits none");
        }
    }
}
