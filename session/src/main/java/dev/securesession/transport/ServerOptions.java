package dev.securesession.transport;

import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a {@link SecureServer}: its connections, its limits, its threads.
 *
 * <p>Instances are immutable and safe for use by several threads. PROTOCOL.md P-4, H-7.
 */
public final class ServerOptions {
    private static final ServerOptions DEFAULTS = new ServerOptions();

    // Assigned only while a copy is made.
    private ConnectionOptions connections = ConnectionOptions.defaults();
    private int halfOpenLimit = 1024;
    private int halfOpenLimitPerAddress = 64;
    private int connectionLimit = 10_000;
    private int connectionLimitPerPeer = 256;
    private long handshakeBytesLimit = 4L << 20;
    private long incompleteBytesLimit =
            Math.min(256L << 20, Runtime.getRuntime().maxMemory() / 4);
    private @Nullable Executor executor;

    private ServerOptions() {}

    private ServerOptions(ServerOptions other) {
        connections = other.connections;
        halfOpenLimit = other.halfOpenLimit;
        halfOpenLimitPerAddress = other.halfOpenLimitPerAddress;
        connectionLimit = other.connectionLimit;
        connectionLimitPerPeer = other.connectionLimitPerPeer;
        handshakeBytesLimit = other.handshakeBytesLimit;
        incompleteBytesLimit = other.incompleteBytesLimit;
        executor = other.executor;
    }

    /**
     * Returns the defaults: the default {@link ConnectionOptions}, 1,024 half-open connections and 64 from one address,
     * 10,000 established connections and 256 of one peer, 4 MiB for the incomplete messages of all half-open
     * connections, a quarter of the heap and at most 256 MiB for those of all others, and a thread for each connection.
     *
     * @return the options to start from
     */
    public static ServerOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Returns a copy with other settings of each connection.
     *
     * @param options framing, limits and timeouts
     * @return the copy
     */
    public ServerOptions withConnections(ConnectionOptions options) {
        return with(copy -> copy.connections = options);
    }

    /**
     * Returns a copy with another limit on half-open connections, those whose handshake is not over. At the limit the
     * oldest one that has sent nothing makes room for a new one, or else the oldest.
     *
     * @param limit 1 or more; 1,024 by default
     * @return the copy
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public ServerOptions withHalfOpenLimit(int limit) {
        requirePositive(limit, "a limit on half-open connections");
        return with(copy -> copy.halfOpenLimit = limit);
    }

    /**
     * Returns a copy with another limit on half-open connections from one remote address. Loopback addresses have none;
     * IPv6 addresses with the same first 64 bits count as one.
     *
     * @param limit 1 or more; 64 by default
     * @return the copy
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public ServerOptions withHalfOpenLimitPerAddress(int limit) {
        requirePositive(limit, "a limit on half-open connections from one address");
        return with(copy -> copy.halfOpenLimitPerAddress = limit);
    }

    /**
     * Returns a copy with another limit on established connections. Beyond it a new one is closed at the end of its handshake, and
     * {@link SecureServer.Handler#failed} is told.
     *
     * @param limit 1 or more; 10,000 by default
     * @return the copy
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public ServerOptions withConnectionLimit(int limit) {
        requirePositive(limit, "a limit on connections");
        return with(copy -> copy.connectionLimit = limit);
    }

    /**
     * Returns a copy with another limit on established connections of one peer, so that a single peer cannot take the room of
     * all others. Beyond it a new one is closed at the end of its handshake, and {@link SecureServer.Handler#failed} is told.
     *
     * @param limit 1 or more; 256 by default
     * @return the copy
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public ServerOptions withConnectionLimitPerPeer(int limit) {
        requirePositive(limit, "a limit on connections of one peer");
        return with(copy -> copy.connectionLimitPerPeer = limit);
    }

    /**
     * Returns a copy with another limit on the bytes that the incomplete messages of all half-open connections hold. At the
     * limit the connection that holds the most is closed.
     *
     * @param bytes 1 or more; 4 MiB by default
     * @return the copy
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public ServerOptions withHandshakeBytesLimit(long bytes) {
        requirePositive(bytes, "a limit on the bytes of half-open connections");
        return with(copy -> copy.handshakeBytesLimit = bytes);
    }

    /**
     * Returns a copy with another limit on the bytes that the incomplete messages of all established connections hold. At
     * the limit the connection that holds the most is closed.
     *
     * @param bytes 1 or more; by default a quarter of the largest heap, 256 MiB at most
     * @return the copy
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public ServerOptions withIncompleteBytesLimit(long bytes) {
        requirePositive(bytes, "a limit on the bytes of incomplete messages");
        return with(copy -> copy.incompleteBytesLimit = bytes);
    }

    /**
     * Returns a copy whose handlers run on this executor. Handshakes and accepting do not: a slow executor delays handlers
     * only.
     *
     * @param other runs a task for each established connection, until its handler returns; not shut down by the server
     * @return the copy
     */
    public ServerOptions withExecutor(Executor other) {
        return with(copy -> copy.executor = other);
    }

    /**
     * Returns the settings of each connection.
     *
     * @return framing, limits and timeouts
     */
    public ConnectionOptions connections() {
        return connections;
    }

    /**
     * Returns the limit on half-open connections.
     *
     * @return 1 or more
     */
    public int halfOpenLimit() {
        return halfOpenLimit;
    }

    /**
     * Returns the limit on half-open connections from one remote address.
     *
     * @return 1 or more
     */
    public int halfOpenLimitPerAddress() {
        return halfOpenLimitPerAddress;
    }

    /**
     * Returns the limit on established connections.
     *
     * @return 1 or more
     */
    public int connectionLimit() {
        return connectionLimit;
    }

    /**
     * Returns the limit on established connections of one peer.
     *
     * @return 1 or more
     */
    public int connectionLimitPerPeer() {
        return connectionLimitPerPeer;
    }

    /**
     * Returns the limit on the bytes that incomplete messages of half-open connections hold.
     *
     * @return bytes
     */
    public long handshakeBytesLimit() {
        return handshakeBytesLimit;
    }

    /**
     * Returns the limit on the bytes that incomplete messages of established connections hold.
     *
     * @return bytes
     */
    public long incompleteBytesLimit() {
        return incompleteBytesLimit;
    }

    Optional<Executor> executor() {
        return Optional.ofNullable(executor);
    }

    /**
     * Describes the options for people to read.
     *
     * @return a description
     */
    @Override
    public String toString() {
        return "at most " + halfOpenLimit + " half-open connections, " + halfOpenLimitPerAddress + " from one address, "
                + connectionLimit + " established ones, " + connectionLimitPerPeer + " of one peer; "
                + connections;
    }

    private ServerOptions with(Consumer<ServerOptions> change) {
        ServerOptions copy = new ServerOptions(this);
        change.accept(copy);
        return copy;
    }

    private static void requirePositive(long number, String what) {
        if (number < 1) {
            throw new IllegalArgumentException(what + " of " + number + "; it must be 1 or more");
        }
    }
}
