package dev.securesession.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.exchange.Exchange;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Answers the requests of authenticated peers over the HTTP server of the JDK.
 *
 * <pre>{@code
 * HttpSessionHandler handler = HttpSessionHandler.of(config, (peer, request) -> answer(peer, request));
 * httpServer.createContext("/api", handler);
 * }</pre>
 *
 * <p>Handshakes and the handler of the application run on the threads of the HTTP server: give it an executor of several
 * threads. Sessions live in the memory of this process; after a restart clients begin new ones. One daemon thread enforces
 * timeouts until the handler is closed. Safe for use by several threads.
 *
 * <p>PROTOCOL.md, Part 5; H-7.
 */
public final class HttpSessionHandler implements HttpHandler, AutoCloseable {
    private static final int MAX_HANDSHAKE_MESSAGE_LENGTH = 16 * 1024;
    private static final long EXPIRY_SECONDS = 30;

    private final HttpServerOptions options;
    private final HttpSessions sessions;
    private final Admission admission;
    private final ScheduledThreadPoolExecutor timer;

    private HttpSessionHandler(SessionConfig config, RequestHandler handler, HttpServerOptions options) {
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

    /**
     * Returns a handler with default options.
     *
     * @param config the local identity and the keys of peers, each of whom is accepted
     * @param handler answers requests
     * @return the handler, the caller's to close
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static HttpSessionHandler of(SessionConfig config, RequestHandler handler) {
        return of(config, handler, HttpServerOptions.defaults());
    }

    /**
     * Returns a handler.
     *
     * @param config the local identity and the keys of peers, each of whom is accepted
     * @param handler answers requests
     * @param options limits and timeouts
     * @return the handler, the caller's to close
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static HttpSessionHandler of(SessionConfig config, RequestHandler handler, HttpServerOptions options) {
        HttpSessionHandler made = new HttpSessionHandler(config, handler, options);
        config.crypto().warmUpInBackground();
        made.startExpiry();
        return made;
    }

    private void startExpiry() {
        var unused = timer.scheduleWithFixedDelay(sessions::expire, EXPIRY_SECONDS, EXPIRY_SECONDS, TimeUnit.SECONDS);
    }

    /**
     * Answers one HTTP request. Called by the HTTP server.
     *
     * @param http the request; closed here
     * @throws IOException if the client goes away, or is slower than the transfer timeout
     */
    @Override
    public void handle(HttpExchange http) throws IOException {
        try (http) {
            if (timer.isShutdown()) {
                http.sendResponseHeaders(Status.NO_ROOM, -1);
                return;
            }
            String address = http.getRemoteAddress().getAddress().getHostAddress();
            int status = admission.enter(address);
            if (status != Status.OK) {
                send(http, Response.refusal(status));
                return;
            }
            try {
                answer(http, address);
            } finally {
                admission.leave(address);
            }
        }
    }

    private void answer(HttpExchange http, String address) throws IOException {
        String root = http.getHttpContext().getPath();
        String path = http.getRequestURI().getPath();
        String below = path.startsWith(root) ? path.substring(root.length()) : path;
        boolean isHandshake = "handshake".equals(below) || "/handshake".equals(below);
        if (!isHandshake && !"exchange".equals(below) && !"/exchange".equals(below)) {
            send(http, Response.refusal(Status.NO_SUCH_PATH));
            return;
        }
        if (!"POST".equals(http.getRequestMethod())) {
            http.getResponseHeaders().set("Allow", "POST");
            send(http, Response.refusal(Status.WRONG_METHOD));
            return;
        }
        String token = http.getRequestHeaders().getFirst(Token.HEADER);
        // Before the body is read: without a session or handshake nobody makes the server hold it.
        if (token == null ? !isHandshake : !sessions.knows(token, isHandshake)) {
            send(http, Response.refusal(Status.UNKNOWN_TOKEN));
            return;
        }
        int limit = isHandshake ? MAX_HANDSHAKE_MESSAGE_LENGTH : maxMessageLength();
        try (RequestBody body = isHandshake || token == null
                ? RequestBody.ofHandshake(admission)
                : RequestBody.ofRequest(admission, token)) {
            int status =
                    IoDeadline.within(options.transferTimeout(), timer, () -> body.read(http.getRequestBody(), limit));
            send(http, status == Status.OK ? process(isHandshake, token, address, body) : Response.refusal(status));
        }
    }

    private Response process(boolean isHandshake, @Nullable String token, String address, RequestBody body) {
        if (token == null) {
            return sessions.begin(address, body.bytes());
        }
        return isHandshake ? sessions.confirm(token, body.bytes()) : sessions.exchange(token, body.bytes());
    }

    private int maxMessageLength() {
        return (int) Math.min(Integer.MAX_VALUE - 8, (long) options.maxRequestLength() + Exchange.REQUEST_OVERHEAD);
    }

    private void send(HttpExchange http, Response response) throws IOException {
        int unused = IoDeadline.within(options.transferTimeout(), timer, () -> write(http, response));
    }

    private static int write(HttpExchange http, Response response) throws IOException {
        if (response.status != Status.OK) {
            http.sendResponseHeaders(response.status, -1);
            return 0;
        }
        http.getResponseHeaders().set("Content-Type", "application/octet-stream");
        if (response.token != null) {
            http.getResponseHeaders().set(Token.HEADER, response.token);
        }
        http.sendResponseHeaders(Status.OK, response.message.length);
        try (OutputStream out = http.getResponseBody()) {
            out.write(response.message);
        }
        return response.message.length;
    }

    /**
     * Ends all sessions of a peer. Call it after the peer or its key was removed from the directory.
     *
     * @param peer the peer whose sessions end
     * @return how many sessions were ended
     */
    public int closePeer(PeerId peer) {
        return sessions.closePeer(peer);
    }

    /**
     * Returns what the handler has done and holds.
     *
     * @return the counters of this moment
     */
    public HttpServerCounters counters() {
        return sessions.counters(admission);
    }

    /** Ends all sessions and handshakes; requests get status 503 from now on. The HTTP server stays as it is. */
    @Override
    public void close() {
        sessions.close();
        timer.shutdown();
    }

    /**
     * Describes the handler for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        HttpServerCounters counters = counters();
        return "HTTP handler with " + counters.sessions() + " sessions and " + counters.halfOpen()
                + " half-open handshakes";
    }
}
