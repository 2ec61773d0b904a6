package dev.securesession.http;

import java.time.Clock;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Limits and timeouts of an {@link HttpSessionHandler} or {@link NettyHttpSessions}. Immutable; each {@code withX}
 * returns a changed copy.
 */
public final class HttpServerOptions {
    private static final HttpServerOptions DEFAULTS = new HttpServerOptions();

    private int halfOpenLimit = 1024;
    private int halfOpenLimitPerAddress = 64;
    private Duration handshakeTimeout = Duration.ofSeconds(30);
    private int sessionLimit = 10_000;
    private int sessionLimitPerPeer = 64;
    private Duration idleTimeout = Duration.ofMinutes(10);
    private Duration lifetime = Duration.ofHours(24);
    private int maxRequestLength = 1024 * 1024;
    private int maxAnswerLength = 1024 * 1024;
    private long requestBytesLimit = 8L * 1024 * 1024;
    private long requestBytesLimitPerPeer = 2L * 1024 * 1024;
    private long answerBytesLimit = 16L * 1024 * 1024;
    private long answerBytesLimitPerPeer = 4L * 1024 * 1024;
    private int requestLimit = 256;
    private int requestLimitPerAddress = 64;
    private int requestLimitPerPeer = 64;
    private Duration transferTimeout = Duration.ofSeconds(30);
    private Duration handshakeTransferTimeout = Duration.ofSeconds(5);
    private int connectionLimit = 1024;
    private int connectionLimitPerAddress = 256;
    private Duration headTimeout = Duration.ofSeconds(10);
    private Duration connectionIdleTimeout = Duration.ofSeconds(60);
    private Clock clock = Clock.systemUTC();

    private HttpServerOptions() {}

    private HttpServerOptions(HttpServerOptions other) {
        halfOpenLimit = other.halfOpenLimit;
        halfOpenLimitPerAddress = other.halfOpenLimitPerAddress;
        handshakeTimeout = other.handshakeTimeout;
        sessionLimit = other.sessionLimit;
        sessionLimitPerPeer = other.sessionLimitPerPeer;
        idleTimeout = other.idleTimeout;
        lifetime = other.lifetime;
        maxRequestLength = other.maxRequestLength;
        maxAnswerLength = other.maxAnswerLength;
        requestBytesLimit = other.requestBytesLimit;
        requestBytesLimitPerPeer = other.requestBytesLimitPerPeer;
        answerBytesLimit = other.answerBytesLimit;
        answerBytesLimitPerPeer = other.answerBytesLimitPerPeer;
        requestLimit = other.requestLimit;
        requestLimitPerAddress = other.requestLimitPerAddress;
        requestLimitPerPeer = other.requestLimitPerPeer;
        transferTimeout = other.transferTimeout;
        handshakeTransferTimeout = other.handshakeTransferTimeout;
        connectionLimit = other.connectionLimit;
        connectionLimitPerAddress = other.connectionLimitPerAddress;
        headTimeout = other.headTimeout;
        connectionIdleTimeout = other.connectionIdleTimeout;
        clock = other.clock;
    }

    /**
     * Returns the options that fit most programs.
     *
     * @return the defaults that each {@code withX} states
     */
    public static HttpServerOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Returns a copy with another limit for half-open handshakes; a further one displaces the oldest. Default: 1,024.
     *
     * @param limit handshakes, 1 or more
     * @return the copy
     * @throws IllegalArgumentException if it is less than 1
     */
    public HttpServerOptions withHalfOpenLimit(int limit) {
        requirePositive(limit, "a limit on half-open handshakes");
        return with(copy -> copy.halfOpenLimit = limit);
    }

    /**
     * Returns a copy with another limit for half-open handshakes of one address; a further one displaces the oldest
     * of that address. Default: 64.
     *
     * @param limit handshakes, 1 or more
     * @return the copy
     * @throws IllegalArgumentException if it is less than 1
     */
    public HttpServerOptions withHalfOpenLimitPerAddress(int limit) {
        requirePositive(limit, "a limit on half-open handshakes per address");
        return with(copy -> copy.halfOpenLimitPerAddress = limit);
    }

    /**
     * Returns a copy with another time within which a handshake must be completed. Default: 30 s.
     *
     * @param duration more than zero
     * @return the copy
     * @throws IllegalArgumentException if it is not more than zero
     */
    public HttpServerOptions withHandshakeTimeout(Duration duration) {
        requirePositive(duration, "a handshake timeout");
        return with(copy -> copy.handshakeTimeout = duration);
    }

    /**
     * Returns a copy with another limit for sessions; while it is reached, handshakes get status 503. Default: 10,000.
     *
     * @param limit sessions, 1 or more
     * @return the copy
     * @throws IllegalArgumentException if it is less than 1
     */
    public HttpServerOptions withSessionLimit(int limit) {
        requirePositive(limit, "a limit on sessions");
        return with(copy -> copy.sessionLimit = limit);
    }

    /**
     * Returns a copy with another limit for sessions of one peer; a further one displaces the least recently used of
     * that peer. Default: 64.
     *
     * @param limit sessions, 1 or more
     * @return the copy
     * @throws IllegalArgumentException if it is less than 1
     */
    public HttpServerOptions withSessionLimitPerPeer(int limit) {
        requirePositive(limit, "a limit on sessions per peer");
        return with(copy -> copy.sessionLimitPerPeer = limit);
    }

    /**
     * Returns a copy with another time without a request after which a session ends. Default: 10 min.
     *
     * @param duration more than zero
     * @return the copy
     * @throws IllegalArgumentException if it is not more than zero
     */
    public HttpServerOptions withIdleTimeout(Duration duration) {
        requirePositive(duration, "an idle timeout");
        return with(copy -> copy.idleTimeout = duration);
    }

    /**
     * Returns a copy with another time after which a session ends, used or not. Default: 24 h.
     *
     * @param duration more than zero
     * @return the copy
     * @throws IllegalArgumentException if it is not more than zero
     */
    public HttpServerOptions withLifetime(Duration duration) {
        requirePositive(duration, "a lifetime");
        return with(copy -> copy.lifetime = duration);
    }

    /**
     * Returns a copy with another limit for the body of a request, before encryption. Default: 1 MiB.
     *
     * @param limit bytes, 1 or more
     * @return the copy
     * @throws IllegalArgumentException if it is less than 1
     */
    public HttpServerOptions withMaxRequestLength(int limit) {
        requirePositive(limit, "a limit on the length of a request");
        return with(copy -> copy.maxRequestLength = limit);
    }

    /**
     * Returns a copy with another limit for the body of an answer, before encryption. Default: 1 MiB.
     *
     * @param limit bytes, 1 or more
     * @return the copy
     * @throws IllegalArgumentException if it is less than 1
     */
    public HttpServerOptions withMaxAnswerLength(int limit) {
        requirePositive(limit, "a limit on the length of an answer");
        return with(copy -> copy.maxAnswerLength = limit);
    }

    /**
     * Returns a copy with another limit for the messages of all current requests together. Beyond it incomplete bodies of the
     * peers that hold more make room, largest and oldest first, and their connections are closed; if there are none, the request
     * gets status 503. Each byte takes some four bytes of memory while its request is answered. Default: 8 MiB.
     *
     * @param limit bytes, 1 or more
     * @return the copy
     * @throws IllegalArgumentException if it is less than 1
     */
    public HttpServerOptions withRequestBytesLimit(long limit) {
        requirePositive(limit, "a limit on request bytes");
        return with(copy -> copy.requestBytesLimit = limit);
    }

    /**
     * Returns a copy with another limit for the messages of all current requests of one peer together, over all of its
     * sessions. Beyond it the larger and older incomplete bodies of that peer make room, and their connections are closed; if
     * there are none, the request gets status 503. It must have room for the longest request, and should be a small part of the
     * limit for all peers. Default: 2 MiB.
     *
     * @param limit bytes, 1 or more
     * @return the copy
     * @throws IllegalArgumentException if it is less than 1
     */
    public HttpServerOptions withRequestBytesLimitPerPeer(long limit) {
        requirePositive(limit, "a limit on request bytes per peer");
        return with(copy -> copy.requestBytesLimitPerPeer = limit);
    }

    /**
     * Returns a copy with another limit for the answers of all peers together that are made and that their clients have not read
     * yet. Beyond it, answers to the peers that hold more make room, largest and oldest first, and their connections are closed;
     * if there are none, the request gets status 503, although it was acted upon. Each byte takes one byte of memory; while
     * an answer is being made, some four. Default: 16 MiB.
     *
     * @param limit bytes, 1 or more
     * @return the copy
     * @throws IllegalArgumentException if it is less than 1
     */
    public HttpServerOptions withAnswerBytesLimit(long limit) {
        requirePositive(limit, "a limit on answer bytes");
        return with(copy -> copy.answerBytesLimit = limit);
    }

    /**
     * Returns a copy with another limit for the answers of one peer together that its clients have not read yet, over all of its
     * sessions. Beyond it the larger and older ones make room, and their connections are closed. It must have room for the longest
     * answer, and should be a small part of the limit for all peers. Default: 4 MiB.
     *
     * @param limit bytes, 1 or more
     * @return the copy
     * @throws IllegalArgumentException if it is less than 1
     */
    public HttpServerOptions withAnswerBytesLimitPerPeer(long limit) {
        requirePositive(limit, "a limit on answer bytes per peer");
        return with(copy -> copy.answerBytesLimitPerPeer = limit);
    }

    /**
     * Returns a copy with another limit for complete requests and handshake messages that are answered at the same time. Beyond
     * it they get status 503; handshake messages already when they take three quarters of it, so that peers with sessions are
     * served while strangers flood the server. Requests that wait for their clients, to send the body or to read the response, do
     * not count: as many of them may wait with the token of a session, and as many without one; beyond that the one that has waited
     * for the longest time makes room, of the address or peer with the most, and its connection is closed. Default: 256.
     *
     * @param limit requests, 1 or more
     * @return the copy
     * @throws IllegalArgumentException if it is less than 1
     */
    public HttpServerOptions withRequestLimit(int limit) {
        requirePositive(limit, "a limit on requests");
        return with(copy -> copy.requestLimit = limit);
    }

    /**
     * Returns a copy with another limit for complete requests and handshake messages of one address at the same time, until their
     * responses are sent. Beyond it they get status 429; handshake messages already when they take three quarters of it. As many
     * requests of one address without the token of a session may wait for their clients; beyond that the one that has waited for
     * the longest time makes room. IPv6 addresses with the same first 64 bits count as one. Behind a proxy all have its address.
     * Default: 64.
     *
     * @param limit requests, 1 or more
     * @return the copy
     * @throws IllegalArgumentException if it is less than 1
     */
    public HttpServerOptions withRequestLimitPerAddress(int limit) {
        requirePositive(limit, "a limit on requests per address");
        return with(copy -> copy.requestLimitPerAddress = limit);
    }

    /**
     * Returns a copy with another limit for complete requests of one peer that are answered at the same time, over all of its
     * sessions and addresses: the rest of the limit for all is left to other peers, however slow the handler is. Beyond it they
     * get status 429. As many requests with the tokens of one peer may wait for their clients; beyond that the one that has
     * waited for the longest time makes room. It should be a small part of the limit for all. Default: 64.
     *
     * @param limit requests, 1 or more
     * @return the copy
     * @throws IllegalArgumentException if it is less than 1
     */
    public HttpServerOptions withRequestLimitPerPeer(int limit) {
        requirePositive(limit, "a limit on requests per peer");
        return with(copy -> copy.requestLimitPerPeer = limit);
    }

    /**
     * Returns a copy with another time within which the body of a handshake message must arrive, if that is less than the
     * transfer timeout. Such a body has 16 KiB at most, and anybody may send one. Default: 5 s.
     *
     * @param duration more than zero
     * @return the copy
     * @throws IllegalArgumentException if it is not more than zero
     */
    public HttpServerOptions withHandshakeTransferTimeout(Duration duration) {
        requirePositive(duration, "a transfer timeout of handshake messages");
        return with(copy -> copy.handshakeTransferTimeout = duration);
    }

    /**
     * Returns a copy with another time within which a body must arrive, and a response be read. Default: 30 s.
     *
     * @param duration more than zero
     * @return the copy
     * @throws IllegalArgumentException if it is not more than zero
     */
    public HttpServerOptions withTransferTimeout(Duration duration) {
        requirePositive(duration, "a transfer timeout");
        return with(copy -> copy.transferTimeout = duration);
    }

    /**
     * Returns a copy with another limit for connections. A further one closes the connection that has waited for a request for
     * the longest time; while all have requests in progress, it is closed itself. For {@link NettyHttpSessions} only: the
     * server of the JDK has a property of its own. Default: 1,024.
     *
     * @param limit connections, 1 or more
     * @return the copy
     * @throws IllegalArgumentException if it is less than 1
     */
    public HttpServerOptions withConnectionLimit(int limit) {
        requirePositive(limit, "another limit for connections");
        return with(copy -> copy.connectionLimit = limit);
    }

    /**
     * Returns a copy with another limit for connections of one address, with the same consequences for those of that address.
     * Behind a proxy all have its address. For {@link NettyHttpSessions} only. Default: 256.
     *
     * @param limit connections, 1 or more
     * @return the copy
     * @throws IllegalArgumentException if it is less than 1
     */
    public HttpServerOptions withConnectionLimitPerAddress(int limit) {
        requirePositive(limit, "another limit for connections of one address");
        return with(copy -> copy.connectionLimitPerAddress = limit);
    }

    /**
     * Returns a copy with another time within which the head of a request must arrive, from its first byte; the connection is
     * closed then. For {@link NettyHttpSessions} only: the server of the JDK has a property of its own. Default: 10 s.
     *
     * @param duration more than zero
     * @return the copy
     * @throws IllegalArgumentException if it is not more than zero
     */
    public HttpServerOptions withHeadTimeout(Duration duration) {
        requirePositive(duration, "head timeout");
        return with(copy -> copy.headTimeout = duration);
    }

    /**
     * Returns a copy with another time after which a connection without a request is closed. For {@link NettyHttpSessions}
     * only: the server of the JDK has a property of its own. Default: 60 s.
     *
     * @param duration more than zero
     * @return the copy
     * @throws IllegalArgumentException if it is not more than zero
     */
    public HttpServerOptions withConnectionIdleTimeout(Duration duration) {
        requirePositive(duration, "idle timeout of a connection");
        return with(copy -> copy.connectionIdleTimeout = duration);
    }

    /**
     * Returns a copy with another clock for the timeouts of handshakes and sessions, for tests. Default: that of the system.
     *
     * @param other the clock
     * @return the copy
     */
    public HttpServerOptions withClock(Clock other) {
        return with(copy -> copy.clock = other);
    }

    int halfOpenLimit() {
        return halfOpenLimit;
    }

    int halfOpenLimitPerAddress() {
        return halfOpenLimitPerAddress;
    }

    Duration handshakeTimeout() {
        return handshakeTimeout;
    }

    int sessionLimit() {
        return sessionLimit;
    }

    int sessionLimitPerPeer() {
        return sessionLimitPerPeer;
    }

    Duration idleTimeout() {
        return idleTimeout;
    }

    Duration lifetime() {
        return lifetime;
    }

    int maxRequestLength() {
        return maxRequestLength;
    }

    int maxAnswerLength() {
        return maxAnswerLength;
    }

    long requestBytesLimitPerPeer() {
        return requestBytesLimitPerPeer;
    }

    long requestBytesLimit() {
        return requestBytesLimit;
    }

    long answerBytesLimit() {
        return answerBytesLimit;
    }

    long answerBytesLimitPerPeer() {
        return answerBytesLimitPerPeer;
    }

    int requestLimit() {
        return requestLimit;
    }

    int requestLimitPerAddress() {
        return requestLimitPerAddress;
    }

    int requestLimitPerPeer() {
        return requestLimitPerPeer;
    }

    Duration transferTimeout() {
        return transferTimeout;
    }

    Duration handshakeTransferTimeout() {
        return handshakeTransferTimeout;
    }

    int connectionLimit() {
        return connectionLimit;
    }

    int connectionLimitPerAddress() {
        return connectionLimitPerAddress;
    }

    Duration headTimeout() {
        return headTimeout;
    }

    Duration connectionIdleTimeout() {
        return connectionIdleTimeout;
    }

    Clock clock() {
        return clock;
    }

    /**
     * Describes the options for people to read.
     *
     * @return the limits
     */
    @Override
    public String toString() {
        return "options of an HTTP server: " + sessionLimit + " sessions of " + maxRequestLength + " bytes a request";
    }

    private HttpServerOptions with(Consumer<HttpServerOptions> change) {
        HttpServerOptions copy = new HttpServerOptions(this);
        change.accept(copy);
        return copy;
    }

    private static void requirePositive(long limit, String what) {
        if (limit < 1) {
            throw new IllegalArgumentException(what + " of " + limit + "; it must be 1 or more");
        }
    }

    private static void requirePositive(Duration duration, String what) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException(what + " of " + duration + "; it must be more than zero");
        }
    }
}
