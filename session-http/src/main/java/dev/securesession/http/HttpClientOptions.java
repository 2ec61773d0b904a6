package dev.securesession.http;

import java.time.Clock;
import java.time.Duration;
import java.util.function.Consumer;

/** Limits and timeouts of an {@link HttpSessionClient}. Immutable; each {@code withX} returns a changed copy. */
public final class HttpClientOptions {
    private static final HttpClientOptions DEFAULTS = new HttpClientOptions();

    private Duration requestTimeout = Duration.ofSeconds(60);
    private Duration handshakeTimeout = Duration.ofSeconds(30);
    private Duration idleTimeout = Duration.ofMinutes(5);
    private Duration lifetime = Duration.ofHours(12);
    private int maxAnswerLength = 1024 * 1024;
    private boolean earlyRequests;
    private Clock clock = Clock.systemUTC();

    private HttpClientOptions() {}

    private HttpClientOptions(HttpClientOptions other) {
        requestTimeout = other.requestTimeout;
        handshakeTimeout = other.handshakeTimeout;
        idleTimeout = other.idleTimeout;
        lifetime = other.lifetime;
        maxAnswerLength = other.maxAnswerLength;
        earlyRequests = other.earlyRequests;
        clock = other.clock;
    }

    /**
     * Returns the options that fit most programs.
     *
     * @return the defaults that each {@code withX} states
     */
    public static HttpClientOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Returns a copy with another time within which the response to a request must begin. Default: 60 s.
     *
     * @param duration more than zero
     * @return the copy
     * @throws IllegalArgumentException if it is not more than zero
     */
    public HttpClientOptions withRequestTimeout(Duration duration) {
        requirePositive(duration, "a request timeout");
        return with(copy -> copy.requestTimeout = duration);
    }

    /**
     * Returns a copy with another time within which each of the two responses of a handshake must begin. Default: 30 s.
     *
     * @param duration more than zero
     * @return the copy
     * @throws IllegalArgumentException if it is not more than zero
     */
    public HttpClientOptions withHandshakeTimeout(Duration duration) {
        requirePositive(duration, "a handshake timeout");
        return with(copy -> copy.handshakeTimeout = duration);
    }

    /**
     * Returns a copy with another time without a request after which the next one begins a new session; shorter than
     * that of the server. Default: 5 min.
     *
     * @param duration more than zero
     * @return the copy
     * @throws IllegalArgumentException if it is not more than zero
     */
    public HttpClientOptions withIdleTimeout(Duration duration) {
        requirePositive(duration, "an idle timeout");
        return with(copy -> copy.idleTimeout = duration);
    }

    /**
     * Returns a copy with another time after which the next request begins a new session; shorter than that of the
     * server. Default: 12 h.
     *
     * @param duration more than zero
     * @return the copy
     * @throws IllegalArgumentException if it is not more than zero
     */
    public HttpClientOptions withLifetime(Duration duration) {
        requirePositive(duration, "a lifetime");
        return with(copy -> copy.lifetime = duration);
    }

    /**
     * Returns a copy with another limit for the body of an answer, before encryption. Default: 1 MiB.
     *
     * @param limit bytes, 1 or more
     * @return the copy
     * @throws IllegalArgumentException if it is less than 1
     */
    public HttpClientOptions withMaxAnswerLength(int limit) {
        requirePositive(limit, "a limit on the length of an answer");
        return with(copy -> copy.maxAnswerLength = limit);
    }

    /**
     * Returns a copy whose client sends the request that begins a session together with the last message of the handshake, if
     * both have room in 16 KiB, which saves one round trip. The server has proved its identity by then, but may refuse the
     * client still: then such a request fails with {@link RequestUncertainException} and not with an exception that proves
     * that nothing was sent. Requests made meanwhile wait for its answer. Default: no early requests.
     *
     * <p>PROTOCOL.md HT-8.
     *
     * @return the copy
     */
    public HttpClientOptions withEarlyRequests() {
        return with(copy -> copy.earlyRequests = true);
    }

    /**
     * Returns a copy with another clock for the idle timeout and the lifetime, for tests. Default: that of the system.
     *
     * @param other the clock
     * @return the copy
     */
    public HttpClientOptions withClock(Clock other) {
        return with(copy -> copy.clock = other);
    }

    Duration requestTimeout() {
        return requestTimeout;
    }

    Duration handshakeTimeout() {
        return handshakeTimeout;
    }

    Duration idleTimeout() {
        return idleTimeout;
    }

    Duration lifetime() {
        return lifetime;
    }

    int maxAnswerLength() {
        return maxAnswerLength;
    }

    boolean earlyRequests() {
        return earlyRequests;
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
        return "options of an HTTP client: requests within " + requestTimeout + ", answers of " + maxAnswerLength
                + " bytes";
    }

    private HttpClientOptions with(Consumer<HttpClientOptions> change) {
        HttpClientOptions copy = new HttpClientOptions(this);
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
