package dev.securesession.http;

import dev.securesession.SessionConfig;
import dev.securesession.exchange.Exchange;
import dev.securesession.internal.base.HandshakeLimits;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The rules of a server for requests, whichever HTTP server carries them: limits, paths, tokens, and what happens to a body.
 *
 * <pre>
 *   enter --&gt; check the head --&gt; read the body --&gt; answer --&gt; send the response --&gt; leave
 * </pre>
 *
 * <p>Safe for use by several threads. PROTOCOL.md HT-1 to HT-6.
 */
final class HttpFront implements AutoCloseable {
    /** A handshake message, or the last one and the first request together (PROTOCOL.md HT-3). */
    static final int MAX_HANDSHAKE_BODY_LENGTH = HandshakeLimits.MAX_MESSAGE_LENGTH;

    private static final long EXPIRY_SECONDS = 30;

    final HttpServerOptions options;
    final HttpSessions sessions;
    final ScheduledThreadPoolExecutor timer;

    private final Admission admission;

    private HttpFront(SessionConfig config, RequestHandler handler, HttpServerOptions options) {
        this.options = options;
        this.sessions = new HttpSessions(config, handler, options);
        this.admission = new Admission(options);
        this.timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "http-session-timer");
            thread.setDaemon(true);
            return thread;
        });
        timer.setRemoveOnCancelPolicy(true);
    }

    /** Returns a front whose sessions expire in the background until it is closed. */
    static HttpFront open(SessionConfig config, RequestHandler handler, HttpServerOptions options) {
        HttpFront made = new HttpFront(config, handler, options);
        config.crypto().warmUpInBackground();
        var unused = made.timer.scheduleWithFixedDelay(
                made.sessions::expire, EXPIRY_SECONDS, EXPIRY_SECONDS, TimeUnit.SECONDS);
        return made;
    }

    boolean isClosed() {
        return timer.isShutdown();
    }

    /** Admits a request of an address, which has to leave then; or returns the status that turns it away. */
    int enter(String address) {
        return isClosed() ? Status.NO_ROOM : admission.enter(address);
    }

    /** Frees the place of a request, once its response is sent or its connection is closed. */
    void leave(String address) {
        admission.leave(address);
    }

    /**
     * Checks what is known before the body is read: without a session or handshake nobody makes the server hold a body.
     *
     * @param below the path below that of the application, with or without a slash in front
     */
    RequestHead check(String below, String method, @Nullable String token) {
        RequestHead.Kind kind = RequestHead.Kind.of(below);
        if (kind == null) {
            return RequestHead.refused(Status.NO_SUCH_PATH);
        }
        if (!"POST".equals(method)) {
            return RequestHead.refused(Status.WRONG_METHOD);
        }
        boolean isExchange = kind == RequestHead.Kind.EXCHANGE;
        if (token == null ? kind != RequestHead.Kind.HANDSHAKE : !sessions.knows(token, !isExchange)) {
            return RequestHead.refused(Status.UNKNOWN_TOKEN);
        }
        return RequestHead.of(kind, token, isExchange ? maxMessageLength() : MAX_HANDSHAKE_BODY_LENGTH);
    }

    private int maxMessageLength() {
        return (int) Math.min(Integer.MAX_VALUE - 8, (long) options.maxRequestLength() + Exchange.REQUEST_OVERHEAD);
    }

    /** Returns where the body of a request is gathered; the caller closes it. */
    RequestBody bodyOf(RequestHead head) {
        return new RequestBody(admission, head);
    }

    /** Answers a complete message. Takes public-key work in a handshake, and otherwise as long as the application does. */
    Response answer(RequestHead head, String address, byte[] message) {
        if (head.token == null) {
            return sessions.begin(address, message);
        }
        return switch (head.kind) {
            case HANDSHAKE -> sessions.confirm(head.token, message);
            case FIRST -> sessions.confirmAndExchange(head.token, message);
            case EXCHANGE -> sessions.exchange(head.token, message);
        };
    }

    HttpServerCounters counters() {
        return sessions.counters(admission);
    }

    @Override
    public void close() {
        sessions.close();
        timer.shutdown();
    }

    @Override
    public String toString() {
        HttpServerCounters counters = counters();
        return "HTTP handler with " + counters.sessions() + " sessions and " + counters.halfOpen()
                + " half-open handshakes";
    }
}
