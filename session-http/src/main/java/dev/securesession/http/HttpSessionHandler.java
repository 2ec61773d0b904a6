package dev.securesession.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import java.io.IOException;
import java.io.OutputStream;

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
    private final HttpFront front;

    private HttpSessionHandler(HttpFront front) {
        this.front = front;
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
        return new HttpSessionHandler(HttpFront.open(config, handler, options));
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
            if (front.isClosed()) {
                // Without a deadline, which takes the timer; the response has a head only.
                write(http, Response.refusal(Status.NO_ROOM));
                return;
            }
            String address = http.getRemoteAddress().getAddress().getHostAddress();
            int status = front.enter(address);
            if (status != Status.OK) {
                send(http, Response.refusal(status));
                return;
            }
            try {
                answer(http, address);
            } finally {
                front.leave(address);
            }
        }
    }

    private void answer(HttpExchange http, String address) throws IOException {
        String root = http.getHttpContext().getPath();
        String path = http.getRequestURI().getPath();
        String below = path.startsWith(root) ? path.substring(root.length()) : path;
        RequestHead head = front.check(
                below, http.getRequestMethod(), http.getRequestHeaders().getFirst(Token.HEADER));
        if (head.status != Status.OK) {
            send(http, Response.refusal(head.status));
            return;
        }
        IoDeadline deadline = new IoDeadline();
        try (RequestBody body = front.bodyOf(head, deadline::interrupt)) {
            int status =
                    deadline.within(front.transferTimeout(head), front.timer, () -> body.read(http.getRequestBody()));
            send(http, status == Status.OK ? front.answer(head, address, body.bytes()) : Response.refusal(status));
        }
    }

    private void send(HttpExchange http, Response response) throws IOException {
        int unused = new IoDeadline().within(front.options.transferTimeout(), front.timer, () -> write(http, response));
    }

    private static int write(HttpExchange http, Response response) throws IOException {
        if (response.status == Status.WRONG_METHOD) {
            http.getResponseHeaders().set("Allow", "POST");
        }
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
        return front.sessions.closePeer(peer);
    }

    /**
     * Returns what the handler has done and holds.
     *
     * @return the counters of this moment
     */
    public HttpServerCounters counters() {
        return front.counters();
    }

    /** Ends all sessions and handshakes; requests get status 503 from now on. The HTTP server stays as it is. */
    @Override
    public void close() {
        front.close();
    }

    /**
     * Describes the handler for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return front.toString();
    }
}
