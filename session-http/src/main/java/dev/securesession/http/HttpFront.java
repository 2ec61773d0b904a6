package dev.securesession.http;

import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.exchange.Exchange;
import dev.securesession.internal.base.HandshakeLimits;
import dev.securesession.internal.server.ServerLog;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The rules of a server for requests, whichever HTTP server carries them: limits, paths, tokens, and what happens to a body.
 *
 * <pre>
 *   check the head --&gt; enter --&gt; read the body --&gt; answer --&gt; send the response --&gt; leave
 * </pre>
 *
 * <p>Safe for use by several threads. PROTOCOL.md HT-1 to HT-6.
 */
final class HttpFront implements AutoCloseable {
    /** A handshake message, or the last one and the first request together (PROTOCOL.md HT-3). */
    static final int MAX_HANDSHAKE_BODY_LENGTH = HandshakeLimits.MAX_MESSAGE_LENGTH;

    static final ServerLog LOG = new ServerLog("dev.securesession.http", "no answer to");

    private static final long EXPIRY_SECONDS = 30;

    final HttpServerOptions options;
    final HttpSessions sessions;
    final ScheduledThreadPoolExecutor timer;

    private final RequestHandler handler;
    private final Admission admission;

    private HttpFront(SessionConfig config, RequestHandler handler, HttpServerOptions options) {
        this.options = options;
        this.handler = handler;
        this.sessions = new HttpSessions(config, handler, options);
        this.admission = new Admission(options, System::nanoTime);
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

    /**
     * Checks what is known before the body is read: without a session or handshake nobody makes the server hold a body.
     *
     * @param below the path below that of the application, with or without a slash in front
     */
    RequestHead check(String below, String method, @Nullable String token) {
        if (isClosed()) {
            return RequestHead.refused(Status.NO_ROOM);
        }
        RequestHead.Kind kind = RequestHead.Kind.of(below);
        if (kind == null) {
            return RequestHead.refused(Status.NO_SUCH_PATH);
        }
        if (!"POST".equals(method)) {
            return RequestHead.refused(Status.WRONG_METHOD);
        }
        if (kind == RequestHead.Kind.EXCHANGE) {
            PeerId peer = token == null ? null : sessions.peerOf(token);
            return token == null || peer == null
                    ? RequestHead.refused(Status.UNKNOWN_TOKEN)
                    : RequestHead.ofExchange(token, maxMessageLength(), peer);
        }
        if (token == null ? kind != RequestHead.Kind.HANDSHAKE : !sessions.hasHandshake(token)) {
            return RequestHead.refused(Status.UNKNOWN_TOKEN);
        }
        return RequestHead.ofHandshake(kind, token, MAX_HANDSHAKE_BODY_LENGTH);
    }

    private int maxMessageLength() {
        return (int) Math.min(Integer.MAX_VALUE - 8, (long) options.maxRequestLength() + Exchange.REQUEST_OVERHEAD);
    }

    /**
     * Returns the place of a request, refused or not, which has to leave it.
     *
     * @param end ends the reading of the body, or the writing of the response, when it has to make room for others; called by any
     *     thread
     */
    Admission.Place enter(RequestHead head, String source, Runnable end) {
        return admission.enter(source, head.countedPeer, end);
    }

    /** Returns where the body of a request is gathered. */
    RequestBody bodyOf(RequestHead head, Admission.Place place) {
        return new RequestBody(admission, head, place);
    }

    /**
     * Returns the response to send, which is counted from now on: a refusal if the answer has no room. The handler of the
     * application learns of refusals, unless this server is closed, which refuses everybody.
     *
     * @param address the address of the client; null if the connection was closed meanwhile
     */
    Response respond(Admission.Place place, Response response, @Nullable SocketAddress address) {
        Response sent =
                place.respond(response.peer, response.message.length) ? response : Response.refusal(Status.NO_ROOM);
        if (sent.status != Status.OK && address != null && !isClosed()) {
            tellRefused(address, sent.cause());
        }
        return sent;
    }

    private void tellRefused(SocketAddress address, Exception cause) {
        try {
            handler.refused(address, cause);
        } catch (Exception | Error e) {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
        }
    }

    /** Returns the time within which the body of a request must arrive: little for a handshake, whose messages are short. */
    Duration transferTimeout(RequestHead head) {
        Duration limit = options.transferTimeout();
        Duration ofHandshake = options.handshakeTransferTimeout();
        boolean isShort = head.kind != RequestHead.Kind.EXCHANGE && ofHandshake.compareTo(limit) < 0;
        return isShort ? ofHandshake : limit;
    }

    /** Answers a complete message. Takes public-key work in a handshake, and otherwise as long as the application does. */
    Response answer(RequestHead head, String source, Admission.Place place, byte[] message) {
        if (head.token == null) {
            return sessions.begin(source, message);
        }
        return switch (head.kind) {
            case HANDSHAKE -> sessions.confirm(head.token, message);
            case FIRST -> sessions.confirmAndExchange(head.token, message, place::prove);
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
