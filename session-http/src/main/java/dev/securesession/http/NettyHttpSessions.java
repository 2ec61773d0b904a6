package dev.securesession.http;

import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import io.netty.channel.ChannelHandler;
import java.util.concurrent.Executor;

/**
 * Answers the requests of authenticated peers over HTTP/1.1 in Netty pipelines.
 *
 * <pre>{@code
 * NettyHttpSessions sessions = NettyHttpSessions.of(config, (peer, request) -> answer(peer, request), executor);
 * // for each connection, in a ChannelInitializer:
 * channel.pipeline().addLast(new HttpServerCodec(), sessions.newHandler("/api"));
 * }</pre>
 *
 * <p>It takes the artifact {@code io.netty:netty-codec-http} (Netty 4.2), which the application brings; the rest of this
 * module runs without Netty. One object for all connections of a server. Handshakes and the handler of the application run on
 * the executor, never on an event loop; {@link HttpServerOptions#withRequestLimit} bounds the tasks that wait there, and a
 * request that the executor rejects gets status 503. Sessions live in the memory of this process; after a restart clients
 * begin new ones. One daemon thread enforces the timeouts of sessions until this object is closed. Refused messages are logged
 * unless {@link RequestHandler#refused} says otherwise. Safe for use by several threads.
 *
 * <p>A connection is closed if a head does not arrive within the head timeout, a body or the reading of a response within the
 * transfer timeout, if 64 KiB follow a refusal, if 8 KiB arrive before the response to what came before, or if it is idle. The
 * number of connections and the bytes of their incomplete heads are limited: the connection that has waited for the longest
 * time makes room. How long a head may be is up to the {@code HttpServerCodec}.
 *
 * <p>PROTOCOL.md, Part 5; H-7.
 */
public final class NettyHttpSessions implements AutoCloseable {
    private final HttpFront front;
    private final Executor executor;
    private final NettyHttpConnections connections;

    private NettyHttpSessions(HttpFront front, Executor executor) {
        this.front = front;
        this.executor = executor;
        this.connections = new NettyHttpConnections(front.options);
    }

    /**
     * Returns sessions with default options.
     *
     * @param config the local identity and the keys of peers, each of whom is accepted
     * @param handler answers requests
     * @param executor runs handshakes and the handler, with several threads; the caller's to shut down
     * @return the sessions, the caller's to close
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static NettyHttpSessions of(SessionConfig config, RequestHandler handler, Executor executor) {
        return of(config, handler, executor, HttpServerOptions.defaults());
    }

    /**
     * Returns sessions.
     *
     * @param config the local identity and the keys of peers, each of whom is accepted
     * @param handler answers requests
     * @param executor runs handshakes and the handler, with several threads; the caller's to shut down
     * @param options limits and timeouts
     * @return the sessions, the caller's to close
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static NettyHttpSessions of(
            SessionConfig config, RequestHandler handler, Executor executor, HttpServerOptions options) {
        return new NettyHttpSessions(HttpFront.open(config, handler, options), executor);
    }

    /**
     * Returns a handler for one connection, to stand behind an {@code HttpServerCodec}. It answers every request of the
     * connection: with status 404 if the path is not {@code PATH/handshake} or {@code PATH/exchange}.
     *
     * @param path the path of the application: it begins with a slash and does not end with one, or is empty
     * @return a new handler, for one pipeline
     * @throws IllegalArgumentException if the path has another form
     */
    public ChannelHandler newHandler(String path) {
        if (!path.isEmpty() && (!path.startsWith("/") || path.endsWith("/"))) {
            throw new IllegalArgumentException(
                    "path \"" + path + "\"; it must be empty, or begin with a slash and not end with one");
        }
        return new NettyHttpConnection(front, path, executor, connections);
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
     * Returns what all connections together have done and hold.
     *
     * @return the counters of this moment
     */
    public HttpServerCounters counters() {
        return front.counters();
    }

    /** Ends all sessions and handshakes; requests get status 503 from now on. Connections and the executor stay as they are. */
    @Override
    public void close() {
        front.close();
    }

    /**
     * Describes the sessions for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return front.toString();
    }
}
