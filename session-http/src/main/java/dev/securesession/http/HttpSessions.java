package dev.securesession.http;

import dev.securesession.Delivery;
import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.exchange.Exchange;
import dev.securesession.exchange.ExchangeException;
import dev.securesession.exchange.Failure;
import dev.securesession.exchange.Request;
import dev.securesession.internal.base.ClosedPeers;
import java.io.IOException;
import java.net.ProtocolException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The half-open handshakes and sessions of a server, by token, and what happens to their messages; without HTTP.
 *
 * <pre>
 *   (none) --message 1--&gt; half-open --message 3--&gt; session --requests--&gt; ...
 *                            |                       |
 *                            +-- timeout, limits, closing --&gt; (none)
 * </pre>
 *
 * <p>Safe for use by several threads. The lock protects the tables; neither cryptography nor user code runs under it.
 */
final class HttpSessions {
    private static final System.Logger LOG = System.getLogger("dev.securesession.http");

    private final SessionConfig config;
    private final RequestHandler handler;
    private final HttpServerOptions options;
    private final SecureRandom random = new SecureRandom();

    private final AtomicLong established = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private final AtomicLong answered = new AtomicLong();
    private final AtomicLong handlerFailures = new AtomicLong();

    private final Object lock = new Object();
    // Guarded by the lock. The eldest comes first: by its beginning here, by its last use in the two below.
    private final LinkedHashMap<String, HalfOpen> halfOpen = new LinkedHashMap<>();
    private final LinkedHashMap<String, Live> sessions = new LinkedHashMap<>();
    private final Map<PeerId, LinkedHashSet<String>> tokensOfPeer = new HashMap<>();
    private final Map<String, Integer> halfOpenOfSource = new HashMap<>();
    final ClosedPeers closedPeers = new ClosedPeers();
    private boolean closed;

    HttpSessions(SessionConfig config, RequestHandler handler, HttpServerOptions options) {
        if (config.asksForKeys()) {
            throw new IllegalArgumentException("a configuration without a directory of peers; give it one");
        }
        // Requests travel side by side, so that messages arrive in any order.
        this.config = config.withDelivery(Delivery.UNORDERED);
        this.handler = handler;
        this.options = options;
    }

    /** Answers message 1, which comes without a token. */
    Response begin(String source, byte[] message) {
        expire();
        long epoch;
        synchronized (lock) {
            if (closed || sessions.size() >= options.sessionLimit()) {
                return noRoom();
            }
            epoch = closedPeers.begin();
        }
        boolean added = false;
        Handshake handshake = Handshake.server(config);
        try {
            byte[] reply = handshake.receive(message).message().orElseThrow();
            String token = Token.draw(random);
            added = add(token, new HalfOpen(handshake, source, options.clock().instant(), epoch));
            return Response.withToken(token, reply);
        } catch (HandshakeException e) {
            handshake.close();
            return refusal(e);
        } catch (RuntimeException e) {
            handshake.close();
            throw e;
        } finally {
            if (!added) {
                synchronized (lock) {
                    closedPeers.finished();
                }
            }
        }
    }

    /** Tells whether there is a half-open handshake with a token. */
    boolean hasHandshake(String token) {
        expire();
        boolean known;
        synchronized (lock) {
            known = halfOpen.containsKey(token);
        }
        if (!known) {
            refused.incrementAndGet();
        }
        return known;
    }

    /** Returns the peer of the session with a token, or null if there is none. */
    @Nullable
    PeerId peerOf(String token) {
        expire();
        Live live;
        synchronized (lock) {
            live = sessions.get(token);
        }
        if (live == null) {
            refused.incrementAndGet();
            return null;
        }
        return live.session().peer();
    }

    /** Answers message 3. */
    Response confirm(String token, byte[] message) {
        expire();
        HalfOpen entry;
        synchronized (lock) {
            entry = halfOpen.get(token);
        }
        if (entry == null) {
            return unknown();
        }
        try {
            HandshakeStep step = entry.handshake.receive(message);
            if (step instanceof HandshakeStep.Established done) {
                int status = add(token, entry.epoch, done.session());
                if (status != Status.OK) {
                    done.session().close();
                    return status == Status.UNKNOWN_TOKEN ? unknown() : noRoom();
                }
            }
            return Response.of(step.message().orElseThrow());
        } catch (HandshakeException e) {
            // PROTOCOL.md H-3: whoever has guessed or seen the token ends no handshake with it.
            return refusal(e);
        } catch (IllegalStateException e) {
            return unknown();
        }
    }

    /**
     * Answers message 3 with the first request behind it, which is opened only if the handshake is over. PROTOCOL.md HT-8.
     *
     * @param admits tells whether the peer, which has proved itself then, may have another request answered
     */
    Response confirmAndExchange(String token, byte[] body, Predicate<PeerId> admits) {
        FirstBody both;
        try {
            both = FirstBody.split(body);
        } catch (ProtocolException e) {
            refused.incrementAndGet();
            return Response.refusal(Status.BAD_MESSAGE, e);
        }
        Response fourth = confirm(token, both.handshakeMessage);
        if (fourth.status != Status.OK) {
            return fourth;
        }
        Response answer = exchange(token, both.message, admits);
        return answer.peer == null
                ? answer
                : Response.ofAnswer(answer.peer, FirstBody.join(fourth.message, answer.message));
    }

    /** Answers a request, once. PROTOCOL.md EX-5. */
    Response exchange(String token, byte[] message) {
        return exchange(token, message, peer -> true);
    }

    private Response exchange(String token, byte[] message, Predicate<PeerId> admits) {
        expire();
        Live live;
        synchronized (lock) {
            live = sessions.get(token);
        }
        if (live != null
                && isOver(live.began, options.lifetime(), options.clock().instant())) {
            end(live);
            return unknown();
        }
        if (live == null || !live.acquire()) {
            return unknown();
        }
        try {
            PeerId peer = live.session().peer();
            if (!admits.test(peer)) {
                return Response.refusal(
                        Status.TOO_MANY,
                        new IOException(options.requestLimitPerPeer() + " requests of " + peer
                                + " are answered at the same time, the limit for one peer"));
            }
            Request request = live.exchange.receiveRequest(message);
            use(live);
            return Response.ofAnswer(live.session().peer(), answer(live, request));
        } catch (MessageRejectedException e) {
            refused.incrementAndGet();
            return switch (e.reason()) {
                case REPLAYED, TOO_OLD -> Response.refusal(Status.REPEATED, e);
                case TOO_MANY_FAILURES -> {
                    end(live);
                    yield Response.refusal(Status.UNKNOWN_TOKEN, e);
                }
                default -> Response.refusal(Status.BAD_MESSAGE, e);
            };
        } catch (ExchangeException e) {
            refused.incrementAndGet();
            return Response.refusal(Status.BAD_MESSAGE, e);
        } catch (IllegalStateException e) {
            // Closed by another thread, or without numbers for answers.
            end(live);
            return unknown();
        } finally {
            live.release();
        }
    }

    private byte[] answer(Live live, Request request) {
        PeerId peer = live.session().peer();
        Exchange exchange = live.exchange;
        byte[] body;
        try {
            body = Objects.requireNonNull(
                    handler.answer(peer, request.body()),
                    "the handler returned null; it must return the body of the answer, 0 bytes or more");
        } catch (RequestFailedException e) {
            answered.incrementAndGet();
            return exchange.fail(request, e.code(), e.reason());
        } catch (Exception e) {
            if (e instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
            answered.incrementAndGet();
            handlerFailures.incrementAndGet();
            LOG.log(System.Logger.Level.ERROR, "the handler failed to answer a request of " + peer, e);
            return exchange.fail(request, Failure.INTERNAL, "");
        }
        answered.incrementAndGet();
        if (body.length > options.maxAnswerLength()) {
            handlerFailures.incrementAndGet();
            return exchange.fail(
                    request,
                    Failure.ANSWER_TOO_LONG,
                    "answer of " + body.length + " bytes; the limit is " + options.maxAnswerLength());
        }
        return exchange.answer(request, body);
    }

    /** Registers a half-open handshake, unless the server was closed; the oldest ones make room. */
    private boolean add(String token, HalfOpen entry) {
        List<HalfOpen> displaced = new ArrayList<>();
        boolean added = false;
        synchronized (lock) {
            if (closed) {
                displaced.add(entry);
            } else {
                added = true;
                if (halfOpenOfSource.getOrDefault(entry.source, 0) >= options.halfOpenLimitPerAddress()) {
                    displaced.add(removeOldest(entry.source));
                } else if (halfOpen.size() >= options.halfOpenLimit()) {
                    displaced.add(removeOldest(null));
                }
                halfOpen.put(token, entry);
                halfOpenOfSource.merge(entry.source, 1, Integer::sum);
            }
        }
        displaced.forEach(old -> old.handshake.close());
        return added;
    }

    private HalfOpen removeOldest(@Nullable String source) {
        for (Map.Entry<String, HalfOpen> entry : halfOpen.entrySet()) {
            if (source == null || entry.getValue().source.equals(source)) {
                remove(entry.getKey());
                return entry.getValue();
            }
        }
        throw new AssertionError("a count without entries");
    }

    private @Nullable HalfOpen remove(String token) {
        HalfOpen entry = halfOpen.remove(token);
        if (entry != null) {
            closedPeers.finished();
            halfOpenOfSource.computeIfPresent(entry.source, (source, count) -> count == 1 ? null : count - 1);
        }
        return entry;
    }

    /** Registers a session in the place of its handshake, unless that has ended, its peer was closed or there is no room. */
    private int add(String token, long epoch, SecureSession session) {
        Live live = new Live(token, Exchange.over(session), options.clock().instant());
        Live displaced = null;
        synchronized (lock) {
            boolean isClosed = closedPeers.closedSince(session.peer(), epoch);
            if (remove(token) == null || isClosed) {
                return Status.UNKNOWN_TOKEN;
            }
            if (closed || sessions.size() >= options.sessionLimit()) {
                return Status.NO_ROOM;
            }
            LinkedHashSet<String> tokens = tokensOfPeer.computeIfAbsent(session.peer(), peer -> new LinkedHashSet<>());
            if (tokens.size() >= options.sessionLimitPerPeer()) {
                displaced = sessions.get(tokens.iterator().next());
            }
            tokens.add(token);
            sessions.put(token, live);
        }
        established.incrementAndGet();
        if (displaced != null) {
            end(displaced);
        }
        return Status.OK;
    }

    /** Notes an authentic message: only those keep a session alive. */
    private void use(Live live) {
        live.use(options.clock().instant());
        synchronized (lock) {
            if (sessions.remove(live.token) != null) {
                sessions.put(live.token, live);
                LinkedHashSet<String> tokens = tokensOfPeer.get(live.session().peer());
                if (tokens != null && tokens.remove(live.token)) {
                    tokens.add(live.token);
                }
            }
        }
    }

    private void end(Live live) {
        synchronized (lock) {
            if (sessions.remove(live.token) != null) {
                forgetToken(live);
            }
        }
        live.retire();
    }

    private void forgetToken(Live live) {
        tokensOfPeer.computeIfPresent(live.session().peer(), (peer, tokens) -> {
            tokens.remove(live.token);
            return tokens.isEmpty() ? null : tokens;
        });
    }

    /** Ends what is too old. */
    void expire() {
        Instant now = options.clock().instant();
        List<HalfOpen> lateHandshakes = new ArrayList<>();
        List<Live> lateSessions = new ArrayList<>();
        synchronized (lock) {
            while (!halfOpen.isEmpty()) {
                Map.Entry<String, HalfOpen> eldest =
                        halfOpen.entrySet().iterator().next();
                if (!isOver(eldest.getValue().began, options.handshakeTimeout(), now)) {
                    break;
                }
                remove(eldest.getKey());
                lateHandshakes.add(eldest.getValue());
            }
            Iterator<Live> byUse = sessions.values().iterator();
            while (byUse.hasNext()) {
                Live live = byUse.next();
                if (!isOver(live.used(), options.idleTimeout(), now)) {
                    break;
                }
                byUse.remove();
                forgetToken(live);
                lateSessions.add(live);
            }
        }
        lateHandshakes.forEach(late -> late.handshake.close());
        lateSessions.forEach(Live::retire);
    }

    private static boolean isOver(Instant began, Duration limit, Instant now) {
        return !now.isBefore(began.plus(limit));
    }

    int closePeer(PeerId peer) {
        List<Live> ended = new ArrayList<>();
        synchronized (lock) {
            closedPeers.close(peer);
            LinkedHashSet<String> tokens = tokensOfPeer.remove(peer);
            if (tokens != null) {
                for (String token : tokens) {
                    Live live = sessions.remove(token);
                    if (live != null) {
                        ended.add(live);
                    }
                }
            }
        }
        ended.forEach(Live::retire);
        return ended.size();
    }

    void close() {
        List<HalfOpen> handshakes;
        List<Live> live;
        synchronized (lock) {
            closed = true;
            handshakes = new ArrayList<>(halfOpen.values());
            live = new ArrayList<>(sessions.values());
            List.copyOf(halfOpen.keySet()).forEach(this::remove);
            sessions.clear();
            tokensOfPeer.clear();
        }
        handshakes.forEach(entry -> entry.handshake.close());
        live.forEach(Live::retire);
    }

    HttpServerCounters counters(Admission admission) {
        synchronized (lock) {
            // Requests are counted at one moment, in which each is in one place.
            synchronized (admission) {
                return new HttpServerCounters(
                        established.get(),
                        refused.get(),
                        answered.get(),
                        handlerFailures.get(),
                        admission.turnedAway(),
                        admission.evicted(),
                        halfOpen.size(),
                        sessions.size(),
                        admission.requests(),
                        admission.waiting(),
                        admission.requestBytes(),
                        admission.answerBytes());
            }
        }
    }

    private Response refusal(HandshakeException e) {
        refused.incrementAndGet();
        return Response.refusal(
                e.reason() == HandshakeException.Reason.MALFORMED ? Status.BAD_MESSAGE : Status.REFUSED, e);
    }

    private Response noRoom() {
        return Response.refusal(
                Status.NO_ROOM, new IOException("the server has " + options.sessionLimit() + " sessions, its limit"));
    }

    private Response unknown() {
        refused.incrementAndGet();
        return Response.refusal(Status.UNKNOWN_TOKEN);
    }
}
