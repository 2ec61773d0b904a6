package dev.securesession.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.internal.base.Source;
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
 * timeouts until the handler is closed. Refused messages are logged unless {@link RequestHandler#refused} says otherwise. Safe
 * for use by several threads.
 *
 * <p>PROTOCOL.md, Part 5; H-7.
 */
public final class HttpSessionHandler implements HttpHandler, AutoCloseable {
    private static final int MAX_PART_LENGTH = 16 * 1024;

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
            RequestHead head = check(http);
            String source = Source.of(http.getRemoteAddress().getAddress().getAddress());
            IoDeadline deadline = new IoDeadline(front.timer);
            Admission.Place place = front.enter(head, source, deadline::displace);
            try {
                Response response =
                        front.respond(place, answer(http, head, source, place, deadline), http.getRemoteAddress());
                int unused = deadline.within(front.options.transferTimeout(), () -> write(http, response));
            } finally {
                place.leave();
            }
        }
    }

    private RequestHead check(HttpExchange http) {
        String root = http.getHttpContext().getPath();
        String path = http.getRequestURI().getPath();
        String below = path.startsWith(root) ? path.substring(root.length()) : path;
        return front.check(
                below, http.getRequestMethod(), http.getRequestHeaders().getFirst(Token.HEADER));
    }

    private Response answer(
            HttpExchange http, RequestHead head, String source, Admission.Place place, IoDeadline deadline)
            throws IOException {
        if (head.status != Status.OK) {
            return Response.refusal(head.status);
        }
        RequestBody body = front.bodyOf(head, place);
        int status = deadline.within(front.transferTimeout(head), () -> body.read(http.getRequestBody()));
        return status == Status.OK ? front.answer(head, source, place, body.bytes()) : Response.refusal(status);
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
            // The HTTP server copies each part twice.
            for (int at = 0; at < response.message.length; at += MAX_PART_LENGTH) {
                out.write(response.message, at, Math.min(MAX_PART_LENGTH, response.message.length - at));
            }
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
