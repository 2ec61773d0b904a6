package dev.securesession.tunnel;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * The limits, timeouts and listener of a {@link TunnelServer} or a {@link TunnelProxy}.
 *
 * <p>Instances are immutable and safe for use by several threads. Most tunnels change none.
 */
public final class TunnelOptions {
    private static final Duration MIN_PEER_TIMEOUT = Duration.ofMinutes(1);
    private static final TunnelListener NO_LISTENER = new TunnelListener() {};
    private static final Names.Resolver DEFAULT_RESOLVER = InetAddress::getByName;
    private static final TunnelOptions DEFAULTS = new TunnelOptions();

    // Assigned only while a copy is made.
    private int maxConnections = 10_000;
    private int maxConnectionsPerPeer = 2_000;
    private int handshakesPerSecond = 100;
    private Duration handshakeDeadline = Duration.ofSeconds(10);
    private Duration connectTimeout = Duration.ofSeconds(10);
    private Duration idleTimeout = Duration.ZERO;
    private Duration keepAlive = Duration.ofSeconds(30);
    private Duration sessionReuse = Duration.ofMinutes(1);
    private Duration minPeerTimeout = MIN_PEER_TIMEOUT;
    private TunnelListener listener = NO_LISTENER;
    private Names.Resolver resolver = DEFAULT_RESOLVER;

    private TunnelOptions() {}

    private TunnelOptions(TunnelOptions other) {
        maxConnections = other.maxConnections;
        maxConnectionsPerPeer = other.maxConnectionsPerPeer;
        handshakesPerSecond = other.handshakesPerSecond;
        handshakeDeadline = other.handshakeDeadline;
        connectTimeout = other.connectTimeout;
        idleTimeout = other.idleTimeout;
        keepAlive = other.keepAlive;
        sessionReuse = other.sessionReuse;
        minPeerTimeout = other.minPeerTimeout;
        listener = other.listener;
        resolver = other.resolver;
    }

    /**
     * Returns the defaults: 10,000 connections, 2,000 of one peer, 100 handshakes a second of one source, 10 s for a handshake
     * and 10 s to reach a target, keep-alives every 30 s, no idle timeout, sessions used again for a minute.
     *
     * @return the options to start from
     */
    public static TunnelOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Returns a copy with another limit on open connections. A server aborts those beyond it with a reason, a proxy closes them.
     *
     * @param limit 1 or more
     * @return the copy
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public TunnelOptions withMaxConnections(int limit) {
        require(limit >= 1, "a limit of " + limit + " connections; it must be 1 or more");
        return with(copy -> copy.maxConnections = limit);
    }

    /**
     * Returns a copy with another limit on the open connections of one peer, so that one peer cannot take all of a server. A
     * server aborts those beyond it with a reason; a proxy has no such limit, since its connections lead to one server.
     *
     * @param limit 1 or more; a limit above that of all connections changes nothing
     * @return the copy
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public TunnelOptions withMaxConnectionsPerPeer(int limit) {
        require(limit >= 1, "a limit of " + limit + " connections of one peer; it must be 1 or more");
        return with(copy -> copy.maxConnectionsPerPeer = limit);
    }

    /**
     * Returns a copy with another limit on the handshakes that one IP address may begin with a server in a second, and as many
     * at once, 64 at least. Loopback addresses and Unix-domain sockets are not limited. Addresses of IPv6 count by their first 64 bits.
     *
     * @param limit 1 or more, or 0 for no limit
     * @return the copy
     * @throws IllegalArgumentException if the limit is negative
     */
    public TunnelOptions withHandshakesPerSecond(int limit) {
        require(limit >= 0, "a limit of " + limit + " handshakes a second; it must be 0 (none) or more");
        return with(copy -> copy.handshakesPerSecond = limit);
    }

    /**
     * Returns a copy with another deadline for a handshake and for the request that follows it.
     *
     * @param deadline a millisecond to a day
     * @return the copy
     * @throws IllegalArgumentException if the deadline is shorter or longer
     */
    public TunnelOptions withHandshakeDeadline(Duration deadline) {
        requireDeadline(deadline, "handshake deadline");
        return with(copy -> copy.handshakeDeadline = deadline);
    }

    /**
     * Returns a copy with another timeout for the TCP connection to a target, or from a proxy to its server, with the lookup of
     * its name.
     *
     * @param timeout a millisecond to a day
     * @return the copy
     * @throws IllegalArgumentException if the timeout is shorter or longer
     */
    public TunnelOptions withConnectTimeout(Duration timeout) {
        requireDeadline(timeout, "connect timeout");
        return with(copy -> copy.connectTimeout = timeout);
    }

    /**
     * Returns a copy that ends connections on which no payload has moved in either direction for some time.
     *
     * @param timeout the time, at most 3,650 days; zero for no timeout
     * @return the copy
     * @throws IllegalArgumentException if the timeout is negative, or too long
     */
    public TunnelOptions withIdleTimeout(Duration timeout) {
        requireInterval(timeout, "an idle timeout");
        return with(copy -> copy.idleTimeout = timeout);
    }

    /**
     * Returns a copy that sends a keep-alive message after another time without payload. A peer from which nothing arrives for
     * four such times, or a minute if that is longer, is treated as disconnected.
     *
     * @param interval the time, at most 3,650 days; zero for no keep-alives and no check
     * @return the copy
     * @throws IllegalArgumentException if the interval is negative, or too long
     */
    public TunnelOptions withKeepAlive(Duration interval) {
        requireInterval(interval, "a keep-alive interval");
        return with(copy -> copy.keepAlive = interval);
    }

    /**
     * Returns a copy with another time for which a proxy gives a session further connections, one after another. The time runs
     * from the beginning of the session. Such a connection needs no handshake and no round trip, and the keys of a session are in
     * memory until its last connection ends. Servers follow: see docs/tunnel-protocol.md TN-9.
     *
     * @param time at most a day; zero for a session of its own for each connection
     * @return the copy
     * @throws IllegalArgumentException if the time is negative, or longer than a day
     */
    public TunnelOptions withSessionReuse(Duration time) {
        require(
                !time.isNegative() && time.compareTo(MAX_DEADLINE) <= 0,
                "a session reuse of " + time + "; it must be from zero (none) to a day");
        return with(copy -> copy.sessionReuse = time);
    }

    /**
     * Returns a copy with another listener, which is told what happens in the tunnel.
     *
     * @param other replaces the listener
     * @return the copy
     */
    public TunnelOptions withListener(TunnelListener other) {
        return with(copy -> copy.listener = other);
    }

    int maxConnections() {
        return maxConnections;
    }

    int maxConnectionsPerPeer() {
        return maxConnectionsPerPeer;
    }

    int handshakesPerSecond() {
        return handshakesPerSecond;
    }

    Duration handshakeDeadline() {
        return handshakeDeadline;
    }

    Duration connectTimeout() {
        return connectTimeout;
    }

    Duration idleTimeout() {
        return idleTimeout;
    }

    Duration keepAlive() {
        return keepAlive;
    }

    TunnelListener listener() {
        return listener;
    }

    Duration sessionReuse() {
        return sessionReuse;
    }

    /** Returns the time after which a silent peer is taken for gone; zero for never. */
    Duration peerTimeout() {
        Duration times = keepAlive.multipliedBy(MISSED_KEEP_ALIVES);
        return keepAlive.isZero() || times.compareTo(minPeerTimeout) > 0 ? times : minPeerTimeout;
    }

    /** Returns a copy that takes silent peers for gone earlier, for tests. */
    TunnelOptions withMinPeerTimeout(Duration timeout) {
        return with(copy -> copy.minPeerTimeout = timeout);
    }

    Names.Resolver resolver() {
        return resolver;
    }

    /** Returns a copy with another resolver of names, for tests. */
    TunnelOptions withResolver(Names.Resolver other) {
        return with(copy -> copy.resolver = other);
    }

    /**
     * Compares limits, timeouts and listeners.
     *
     * @param other any object
     * @return true if a tunnel with the other options does the same and tells the same listener
     */
    @Override
    public boolean equals(Object other) {
        return other instanceof TunnelOptions options && options.values().equals(values());
    }

    @Override
    public int hashCode() {
        return values().hashCode();
    }

    private List<Object> values() {
        return List.of(
                maxConnections,
                maxConnectionsPerPeer,
                handshakesPerSecond,
                handshakeDeadline,
                connectTimeout,
                idleTimeout,
                keepAlive,
                sessionReuse,
                minPeerTimeout,
                listener,
                resolver);
    }

    /**
     * Describes the options for people to read.
     *
     * @return a description
     */
    @Override
    public String toString() {
        return "at most " + maxConnections + " connections, " + maxConnectionsPerPeer + " of one peer, "
                + handshakesPerSecond
                + " handshakes a second of one source, "
                + handshakeDeadline + " for a handshake, " + connectTimeout + " to connect, idle timeout " + idleTimeout
                + ", keep-alive " + keepAlive + ", sessions used again for " + sessionReuse;
    }

    private TunnelOptions with(Consumer<TunnelOptions> change) {
        TunnelOptions copy = new TunnelOptions(this);
        change.accept(copy);
        return copy;
    }

    private static void requireDeadline(Duration duration, String name) {
        require(
                duration.compareTo(MIN_DEADLINE) >= 0 && duration.compareTo(MAX_DEADLINE) <= 0,
                "a " + name + " of " + duration + "; it must be a millisecond to a day");
    }

    private static void requireInterval(Duration duration, String name) {
        require(
                !duration.isNegative() && duration.compareTo(MAX_INTERVAL) <= 0,
                name + " of " + duration + "; it must be from zero (none) to " + MAX_INTERVAL);
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }

    private static final int MISSED_KEEP_ALIVES = 4;
    // The limits of a ConnectionOptions.
    private static final Duration MIN_DEADLINE = Duration.ofMillis(1);
    private static final Duration MAX_DEADLINE = Duration.ofDays(1);
    // Several times as long still fits into nanoseconds.
    private static final Duration MAX_INTERVAL = Duration.ofDays(3650);
}
