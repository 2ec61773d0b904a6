package dev.securesession.store;

import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.MessageRejectedException;
import dev.securesession.NumberedPayload;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.StateRejectedException;
import dev.securesession.exchange.DetachedRequest;
import dev.securesession.exchange.ExchangeException;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The server's end of many sessions on any number of machines: takes a message and its token, and gives the payload, to be
 * answered. Which machine gets a message does not matter, also during the handshake.
 *
 * <pre>{@code
 * SessionManager manager = SessionManager.of(StoredSessions.of(store, keys, config));
 * SessionManager.Received received = token == null ? manager.begin(message) : manager.receive(token, message);
 * if (received instanceof SessionManager.HandshakeReply reply) {
 *     send(reply.token(), reply.message());
 * } else if (received instanceof SessionManager.Request request) {
 *     send(request.token(), request.answer(serve(request.peer(), request.payload())));
 * }
 * }</pre>
 *
 * <p>The token names the session. It is no secret and proves nothing; the messages prove who sent them. A message that is refused
 * changes nothing, and takes no session away from the machine that owns it. Each payload is returned once: if a machine dies after
 * that and before the answer, the peer gets no answer, and its repeated message is refused as a replay.
 *
 * <p>A service that receives messages by HTTP answers exceptions like this, and the client does what the last column says:
 *
 * <table>
 *   <caption>Exceptions, statuses, and what a client does</caption>
 *   <tr><th>exception<th>status<th>may the client repeat the message?
 *   <tr><td>{@link StateRejectedException}<td>401<td>no; it starts a new handshake
 *   <tr><td>{@link HandshakeException}<td>403<td>no; it starts a new handshake, once, and then reports the failure
 *   <tr><td>{@link MessageRejectedException} with {@code REPLAYED} or {@code TOO_OLD}<td>409<td>no; the message was received
 *     before, and the service may have acted on it. If the request is safe to repeat, the client sends it in a new message.
 *   <tr><td>{@link MessageRejectedException} with another reason<td>400<td>no; it reports the failure
 *   <tr><td>{@link ExchangeException}<td>400<td>no; it reports the failure
 *   <tr><td>{@link dev.securesession.SessionExhaustedException}<td>401<td>no; it starts a new handshake
 *   <tr><td>another {@link IOException}<td>503<td>yes, after a pause; status 409 then says that it was received
 * </table>
 *
 * <p>Nobody authenticates a status: anyone on the way can change it, so it never proves to the client what the service has done.
 *
 * <p>Sessions that were used last stay claimed, so that their messages need no read of the store; with sticky routing that is the
 * common case. One thread at a time claims a session; others that need the session wait up to 30 seconds for it, and then fail with
 * an {@link IOException} that names the session. Messages may arrive out of order within the replay window. Safe for use by
 * several threads. PROTOCOL.md S-3, S-4.
 */
public final class SessionManager implements Closeable {
    private static final int DEFAULT_HOT_SESSIONS = 10_000;
    private static final Duration MAX_WAIT = Duration.ofSeconds(30);
    private static final int MAX_ATTEMPTS = 16;

    private final StoredSessions sessions;
    private final HotSessions hot;
    private final BegunHandshakes begun;

    private SessionManager(StoredSessions sessions, int hotSessions, Duration maxWait) {
        if (sessions.config().asksForKeys()) {
            throw new IllegalArgumentException("a configuration that asks for keys; a manager needs a directory");
        }
        if (hotSessions < 1) {
            throw new IllegalArgumentException(hotSessions + " hot sessions; it must be 1 or more");
        }
        this.sessions = sessions;
        this.hot = new HotSessions(hotSessions, maxWait, SessionManager::release);
        this.begun = new BegunHandshakes(sessions.options().maxBegunHandshakes, sessions.options().handshakeLifetime);
    }

    /**
     * Returns a manager that keeps up to 10,000 sessions claimed.
     *
     * @param sessions of a configuration with a directory
     * @return the manager, the caller's to close
     * @throws IllegalArgumentException if the configuration asks for keys
     */
    public static SessionManager of(StoredSessions sessions) {
        return of(sessions, DEFAULT_HOT_SESSIONS);
    }

    /**
     * Returns a manager.
     *
     * @param sessions of a configuration with a directory
     * @param hotSessions how many sessions stay claimed, 1 or more; each takes about 2 KiB. Sessions in use by a thread at this
     *     moment stay claimed beyond that number.
     * @return the manager, the caller's to close
     * @throws IllegalArgumentException if the configuration asks for keys, or the number is less than 1
     */
    public static SessionManager of(StoredSessions sessions, int hotSessions) {
        return of(sessions, hotSessions, MAX_WAIT);
    }

    /** Returns a manager whose threads wait up to this time for another thread that claims the session that they need. */
    static SessionManager of(StoredSessions sessions, int hotSessions, Duration maxWait) {
        return new SessionManager(sessions, hotSessions, maxWait);
    }

    /**
     * Takes the first message of a peer that has no token yet. If as many handshakes are begun as
     * {@link StoreOptions#withMaxBegunHandshakes} allows, this one displaces the oldest.
     *
     * @param message message 1 of the handshake; not kept
     * @return message 2 and the token for all that follows
     * @throws HandshakeException if the message is refused: nothing was stored
     * @throws IOException if the store fails: the peer may try again
     */
    public HandshakeReply begin(byte[] message) throws HandshakeException, IOException {
        try (Handshake handshake = Handshake.server(sessions.config())) {
            byte[] reply = handshake.receive(message).message().orElseThrow(AssertionError::new);
            SessionRecord record = sessions.suspend(sessions.newId(), handshake);
            // Counted before it is stored: if the store fails, the handshake may be in it all the same.
            Optional<String> displaced =
                    begun.add(record.id(), sessions.options().clock.instant());
            if (displaced.isPresent()) {
                sessions.deleteHandshake(displaced.get());
            }
            sessions.insert(record);
            return new HandshakeReply(record.id(), reply, null);
        }
    }

    /**
     * Takes a message of a peer that has a token.
     *
     * @param token what {@link #begin} gave the peer; as the peer has sent it, which may be any text
     * @param message a message of the handshake, or a wrapped message; not kept
     * @return the reply of the handshake, or the payload of the message as a {@link Request}
     * @throws HandshakeException if it is refused as a message of the handshake; nothing has changed
     * @throws MessageRejectedException if it is refused as a wrapped message; nothing has changed
     * @throws StateRejectedException if the token is unknown or expired, or its session, its peer or its key is refused: the
     *     peer must start a new handshake
     * @throws IOException if the store fails. If the message is refused as a replay when it comes again, it was accepted and its
     *     payload is lost: the peer must send a new one. An interrupt is no reason: the thread waits for the commit and stays
     *     interrupted.
     */
    public Received receive(String token, byte[] message)
            throws HandshakeException, MessageRejectedException, StateRejectedException, IOException {
        boolean interrupted = Thread.interrupted();
        try {
            for (int attempt = 1; ; attempt++) {
                try {
                    return receiveOnce(token, message);
                } catch (ClaimLostException overtaken) {
                    // Another machine was faster. Nothing was handed out; what it has stored decides.
                    if (attempt == MAX_ATTEMPTS) {
                        throw overtaken;
                    }
                }
            }
        } catch (StateRejectedException refused) {
            throw sessions.told(token, refused);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Takes a message of a peer that has a token and speaks the exchange layer: the payload of its request is the body, and the
     * answer is bound to the request, so that answers that were swapped in transit are refused by the peer.
     *
     * @param token what {@link #begin} gave the peer
     * @param message a message of the handshake, or a wrapped request; not kept
     * @return the reply of the handshake, or the request in the message as a {@link BoundRequest}
     * @throws HandshakeException if it is refused as a message of the handshake; nothing has changed
     * @throws MessageRejectedException if it is refused as a wrapped message; nothing has changed
     * @throws ExchangeException if the message was accepted and is no request of the exchange layer: drop it
     * @throws StateRejectedException as {@link #receive} says
     * @throws IOException as {@link #receive} says
     */
    public Received receiveRequest(String token, byte[] message)
            throws HandshakeException, MessageRejectedException, ExchangeException, StateRejectedException,
                    IOException {
        Received received = receive(token, message);
        return received instanceof Request request ? BoundRequest.read(request.delivery) : received;
    }

    private Received receiveOnce(String token, byte[] message)
            throws HandshakeException, MessageRejectedException, StateRejectedException, IOException {
        try (HotSessions.Use use = hot.find(token)) {
            if (use != null) {
                return receiveHot(use, token, message);
            }
        }
        SessionRecord found = sessions.require(token);
        return found.format() == SessionRecord.HANDSHAKE
                ? continueHandshake(found, message)
                : receiveCold(found, message);
    }

    private Received receiveHot(HotSessions.Use use, String token, byte[] message)
            throws MessageRejectedException, IOException {
        SessionClaim claim = use.claim();
        try {
            return new Request(new Delivery(this, token, claim.peer(), claim.unwrapUninterruptibly(message)));
        } catch (IOException failed) {
            forgetIfOver(use, claim);
            throw failed;
        }
    }

    /**
     * Claims the session in the same step that makes the receipt of its message durable. The message is unwrapped before this
     * thread has its turn, so that no thread waits for messages that are refused.
     */
    private Received receiveCold(SessionRecord found, byte[] message)
            throws MessageRejectedException, StateRejectedException, IOException {
        Opened opened = open(found, message);
        try (HotSessions.Use use = begin(found.id(), opened.session)) {
            if (use.isClaimed()) {
                opened.session.close();
                return receiveHot(use, found.id(), message);
            }
            try {
                return claim(use, opened);
            } catch (ClaimLostException replaced) {
                // Since the record was read, another thread of this process may have had a turn. Now it is the turn of
                // this one.
                return claim(use, open(sessions.require(found.id()), message));
            }
        }
    }

    private Opened open(SessionRecord found, byte[] message) throws MessageRejectedException, StateRejectedException {
        SecureSession session = sessions.restore(found);
        boolean accepted = false;
        try {
            Opened opened = new Opened(found, session, session.unwrapNumbered(message));
            accepted = true;
            return opened;
        } finally {
            if (!accepted) {
                session.close();
            }
        }
    }

    private Request claim(HotSessions.Use use, Opened opened) throws IOException {
        SessionClaim claim = sessions.claim(opened.found, opened.session, sessions.reserve());
        use.claimed(claim);
        sessions.tellClaimed(claim);
        return new Request(new Delivery(this, claim.id(), claim.peer(), opened.payload));
    }

    private Received continueHandshake(SessionRecord found, byte[] message)
            throws HandshakeException, StateRejectedException, IOException {
        try (Handshake handshake = sessions.restoreHandshake(found)) {
            HandshakeStep step = handshake.receive(message);
            byte[] reply = step.message().orElseThrow(AssertionError::new);
            return step instanceof HandshakeStep.Established established
                    ? establish(found, established.session(), reply)
                    : new HandshakeReply(found.id(), reply, null);
        }
    }

    private HandshakeReply establish(SessionRecord found, SecureSession session, byte[] reply)
            throws StateRejectedException, IOException {
        try (HotSessions.Use use = begin(found.id(), session)) {
            if (use.isClaimed()) {
                session.close();
                throw new ClaimLostException("another thread has ended the handshake " + found.id() + " meanwhile");
            }
            SessionClaim claim = sessions.claim(found, session, sessions.reserve());
            begun.remove(found.id());
            sessions.requireKnown(claim);
            use.claimed(claim);
            sessions.tellClaimed(claim);
            return new HandshakeReply(found.id(), reply, claim.peer());
        }
    }

    /** Waits for the turn of this thread, and closes the session that it has restored if that fails. */
    private HotSessions.Use begin(String token, SecureSession session) throws IOException {
        boolean begins = false;
        try {
            HotSessions.Use use = hot.findOrBegin(token);
            begins = true;
            return use;
        } finally {
            if (!begins) {
                session.close();
            }
        }
    }

    /** Answers a payload, on another claim if the one that received it is over. */
    private byte[] answer(String token, byte[] payload) throws IOException, StateRejectedException {
        try {
            for (int attempt = 1; ; attempt++) {
                try {
                    return answerOnce(token, payload);
                } catch (ClaimLostException overtaken) {
                    if (attempt == MAX_ATTEMPTS) {
                        throw overtaken;
                    }
                }
            }
        } catch (StateRejectedException refused) {
            throw sessions.told(token, refused);
        }
    }

    private byte[] answerOnce(String token, byte[] payload) throws IOException, StateRejectedException {
        try (HotSessions.Use use = hot.findOrBegin(token)) {
            if (!use.isClaimed()) {
                use.claimed(sessions.claimUntold(token));
                sessions.tellClaimed(use.claim());
            }
            SessionClaim claim = use.claim();
            try {
                return claim.wrap(payload);
            } catch (IOException failed) {
                forgetIfOver(use, claim);
                throw failed;
            }
        }
    }

    /** A claim that goes on after a failure stays: without it, the numbers that it has reserved would be a gap. */
    private static void forgetIfOver(HotSessions.Use use, SessionClaim claim) {
        if (claim.isOver()) {
            use.forget();
        }
    }

    /** Releases a claim. If the store fails, the listener is told, and the session can be claimed all the same. */
    @SuppressWarnings("EmptyCatch")
    private static void release(SessionClaim claim) {
        try {
            claim.release();
        } catch (IOException failed) {
            return;
        }
    }

    /**
     * Ends a session for good, or a handshake.
     *
     * @param token what {@link #begin} gave the peer
     * @throws StateRejectedException if there is no such session
     * @throws IOException if the store fails, or another machine claimed the session at the same time; the session may still be
     *     there
     */
    public void end(String token) throws IOException, StateRejectedException {
        StoredSessions.requireId(token);
        try (HotSessions.Use turn = hot.beginEnd(token)) {
            turn.releaseRemoved();
            sessions.delete(token);
        }
        begun.remove(token);
    }

    /**
     * Ends all sessions with a peer, on all machines. Take the peer out of the directory first, so that it does not start a new
     * one.
     *
     * @param peer the peer
     * @return how many sessions were deleted
     * @throws IOException if the store fails; some may have been deleted, so try again
     */
    public int revoke(PeerId peer) throws IOException {
        return sessions.revoke(peer, id -> {
            SessionClaim claim = hot.remove(id);
            if (claim != null) {
                claim.endAsDeleted();
            }
        });
    }

    /**
     * Releases all claimed sessions, so that other machines continue without a gap in the numbers. A session that another thread
     * is using at this moment is released by that thread, before its call returns. Later calls still work, so that
     * requests that were handed out can be answered: each claims its session and releases it again. May be called twice.
     */
    @Override
    public void close() {
        hot.keepNone();
    }

    @Override
    public String toString() {
        return "manager of " + sessions + ", " + hot.size() + " claimed";
    }

    /** What a message was. */
    public sealed interface Received {
        /**
         * Returns the token of the session.
         *
         * @return the token, which the peer sends with its next message
         */
        String token();
    }

    /** A step of the handshake: send the message. */
    public static final class HandshakeReply implements Received {
        private final String token;
        private final byte[] message;
        private final @Nullable PeerId established;

        HandshakeReply(String token, byte[] message, @Nullable PeerId established) {
            this.token = token;
            this.message = message;
            this.established = established;
        }

        @Override
        public String token() {
            return token;
        }

        /**
         * Returns what to send to the peer.
         *
         * @return the message; always the same array, the caller's to keep
         */
        public byte[] message() {
            return message;
        }

        /**
         * Returns the peer once it has proved its identity, which makes the session established.
         *
         * @return the peer with message 4, empty with message 2
         */
        public Optional<PeerId> established() {
            return Optional.ofNullable(established);
        }

        @Override
        public String toString() {
            return "handshake reply of " + message.length + " bytes"
                    + (established == null ? "" : ", established with " + established);
        }
    }

    /** A stored session in which a message was unwrapped; it counts once the session is claimed in this state. */
    private static final class Opened {
        private final SessionRecord found;
        private final SecureSession session;
        private final NumberedPayload payload;

        Opened(SessionRecord found, SecureSession session, NumberedPayload payload) {
            this.found = found;
            this.session = session;
            this.payload = payload;
        }
    }

    /** A payload that was received, and where its answer is wrapped. */
    private static final class Delivery {
        private final SessionManager manager;
        private final String token;
        private final PeerId peer;
        private final NumberedPayload payload;

        Delivery(SessionManager manager, String token, PeerId peer, NumberedPayload payload) {
            this.manager = manager;
            this.token = token;
            this.peer = peer;
            this.payload = payload;
        }

        byte[] answer(byte[] answer) throws IOException, StateRejectedException {
            return manager.answer(token, answer);
        }
    }

    /** A payload, which is handed out once, and the way to answer it: what {@link SessionManager#receive} returns. */
    public static final class Request implements Received {
        private final Delivery delivery;

        private Request(Delivery delivery) {
            this.delivery = delivery;
        }

        @Override
        public String token() {
            return delivery.token;
        }

        /**
         * Returns the peer that has sent the payload.
         *
         * @return the peer, which has proved its identity
         */
        public PeerId peer() {
            return delivery.peer;
        }

        /**
         * Returns the number of the message within the session.
         *
         * @return 0 or more, the same that {@link SecureSession#wrapNumbered} told the peer
         */
        public long number() {
            return delivery.payload.number();
        }

        /**
         * Returns the payload.
         *
         * @return always the same array, the caller's to keep
         */
        public byte[] payload() {
            return delivery.payload.payload();
        }

        /**
         * Wraps an answer. Messages of a session are not bound to each other: put the {@link #number()} of the request into the
         * answer, or use {@link SessionManager#receiveRequest}.
         *
         * @param answer 1 byte or more; not kept
         * @return the message to send, a new array, the caller's to keep
         * @throws StateRejectedException if the session was deleted or its peer revoked meanwhile: do not answer
         * @throws IOException if the store fails: call again later, or give up
         * @throws IllegalArgumentException if the answer is empty or too long
         * @throws dev.securesession.SessionExhaustedException if no message number is left: the peer must start a new handshake
         */
        public byte[] answer(byte[] answer) throws IOException, StateRejectedException {
            return delivery.answer(answer);
        }

        @Override
        public String toString() {
            return "request of " + payload().length + " bytes from " + peer();
        }
    }

    /**
     * A request of the exchange layer, which is answered once: what {@link SessionManager#receiveRequest} returns. Its answer is bound
     * to it.
     */
    public static final class BoundRequest implements Received {
        private final Delivery delivery;
        private volatile DetachedRequest request;

        private BoundRequest(Delivery delivery, DetachedRequest request) {
            this.delivery = delivery;
            this.request = request;
        }

        private static BoundRequest read(Delivery delivery) throws ExchangeException {
            return new BoundRequest(delivery, DetachedRequest.read(delivery.payload));
        }

        @Override
        public String token() {
            return delivery.token;
        }

        /**
         * Returns the peer that has sent the request.
         *
         * @return the peer, which has proved its identity
         */
        public PeerId peer() {
            return delivery.peer;
        }

        /**
         * Returns the number of the request within the session.
         *
         * @return 0 or more, the same that the exchange of the peer has given it
         */
        public long number() {
            return request.number();
        }

        /**
         * Returns the body.
         *
         * @return 0 bytes or more, always the same array, the caller's to keep
         */
        public byte[] body() {
            return request.body();
        }

        /**
         * Wraps the answer.
         *
         * @param body 0 bytes or more; not kept
         * @return the message to send, a new array, the caller's to keep
         * @throws StateRejectedException if the session was deleted or its peer revoked meanwhile: do not answer
         * @throws IOException if the store fails: call again later, or give up
         * @throws IllegalArgumentException if the body is too long
         * @throws IllegalStateException if the request was answered before
         * @throws dev.securesession.SessionExhaustedException if no message number is left: the peer must start a new handshake
         */
        public byte[] answer(byte[] body) throws IOException, StateRejectedException {
            return deliver(request.answer(body));
        }

        /**
         * Wraps the word that the request could not be answered.
         *
         * @param code 0 to 65,535, for programs; see {@link dev.securesession.exchange.Failure}
         * @param reason for people; cut after 255 bytes of UTF-8
         * @return the message to send, a new array, the caller's to keep
         * @throws StateRejectedException if the session was deleted or its peer revoked meanwhile: do not answer
         * @throws IOException if the store fails: call again later, or give up
         * @throws IllegalArgumentException if the code is out of its range
         * @throws IllegalStateException if the request was answered before
         * @throws dev.securesession.SessionExhaustedException if no message number is left: the peer must start a new handshake
         */
        public byte[] fail(int code, String reason) throws IOException, StateRejectedException {
            return deliver(request.failure(code, reason));
        }

        /** PROTOCOL.md EX-4. An answer that was not handed out may be tried again. */
        private byte[] deliver(byte[] frame) throws IOException, StateRejectedException {
            boolean wrapped = false;
            try {
                byte[] message = delivery.answer(frame);
                wrapped = true;
                return message;
            } finally {
                if (!wrapped) {
                    request = request.unanswered();
                }
            }
        }

        @Override
        public String toString() {
            return "request of " + body().length + " bytes from " + peer();
        }
    }
}
