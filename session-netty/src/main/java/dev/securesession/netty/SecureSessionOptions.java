package dev.securesession.netty;

import dev.securesession.transport.ConnectionOptions;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The settings of {@link SecureSessionHandler}: the limits and timeouts of the connection, key look-up, threads.
 *
 * <p>Instances are immutable and safe for use by several threads. Most applications change none.
 */
public final class SecureSessionOptions {
    private static final SecureSessionOptions DEFAULTS = new SecureSessionOptions();

    // Assigned only while a copy is made.
    private ConnectionOptions connection = ConnectionOptions.defaults();
    private boolean framed = true;
    private boolean earlyData;
    private int maxPendingBytes = 1 << 20;
    private @Nullable PeerKeyLookup keyLookup;
    private @Nullable Executor executor;
    private @Nullable ServerLimits serverLimits;

    private SecureSessionOptions() {}

    private SecureSessionOptions(SecureSessionOptions other) {
        connection = other.connection;
        framed = other.framed;
        earlyData = other.earlyData;
        maxPendingBytes = other.maxPendingBytes;
        keyLookup = other.keyLookup;
        executor = other.executor;
        serverLimits = other.serverLimits;
    }

    /**
     * Returns the defaults: the default {@link ConnectionOptions}, 1 MiB for writes that wait for the handshake, and all
     * work on the event loop.
     *
     * @return the options to start from
     */
    public static SecureSessionOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Returns a copy with other settings of the connection.
     *
     * @param other framing, limits and timeouts
     * @return the copy
     */
    public SecureSessionOptions withConnection(ConnectionOptions other) {
        return with(copy -> copy.connection = other);
    }

    /**
     * Returns a copy for pipelines in which the handlers in front of the session deliver and take whole messages, one
     * {@code ByteBuf} each: {@link WebSocketMessages}, {@link FramingCodec}, or a codec of the application. They limit
     * what an incomplete message holds.
     *
     * @return the copy
     */
    public SecureSessionOptions withoutFraming() {
        return with(copy -> copy.framed = false);
    }

    /**
     * Returns a copy for clients that send the writes that wait for the handshake together with its last message, which
     * saves a round trip. The server has proved its identity by then, and only the server can read such data; whether
     * it has accepted the proof of the client is not known yet. Changes nothing for servers. PROTOCOL.md H-9.
     *
     * @return the copy
     */
    public SecureSessionOptions withEarlyData() {
        return with(copy -> copy.earlyData = true);
    }

    /**
     * Returns a copy with another limit on the bytes of all writes that wait for the end of the handshake. Writes beyond
     * it fail. The channel stops being writable earlier, at its own high-water mark.
     *
     * @param bytes 0 (no write before the handshake) or more; 1 MiB by default
     * @return the copy
     * @throws IllegalArgumentException if the limit is negative
     */
    public SecureSessionOptions withMaxPendingBytes(int bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("a limit of " + bytes + " bytes; it must be 0 or more");
        }
        return with(copy -> copy.maxPendingBytes = bytes);
    }

    /**
     * Returns a copy that looks up the keys of peers without waiting, for configurations that
     * {@linkplain dev.securesession.SessionConfig#askingForKeys ask for keys}.
     *
     * @param lookup finds the keys
     * @return the copy
     */
    public SecureSessionOptions withKeyLookup(PeerKeyLookup lookup) {
        return with(copy -> copy.keyLookup = lookup);
    }

    /**
     * Returns a copy whose handshakes do their public-key operations, and ask a
     * {@link dev.securesession.PeerDirectory}, on this executor instead of the event loop. A handshake uses one thread at
     * a time.
     *
     * @param other not shut down by the handler
     * @return the copy
     */
    public SecureSessionOptions withExecutor(Executor other) {
        return with(copy -> copy.executor = other);
    }

    /**
     * Returns a copy for the connections of a server, which share limits.
     *
     * @param limits the same object for all connections of a server
     * @return the copy
     */
    public SecureSessionOptions withServerLimits(ServerLimits limits) {
        return with(copy -> copy.serverLimits = limits);
    }

    ConnectionOptions connection() {
        return connection;
    }

    boolean isFramed() {
        return framed;
    }

    boolean isEarlyData() {
        return earlyData;
    }

    int maxPendingBytes() {
        return maxPendingBytes;
    }

    @Nullable
    PeerKeyLookup keyLookup() {
        return keyLookup;
    }

    @Nullable
    Executor executor() {
        return executor;
    }

    @Nullable
    ServerLimits serverLimits() {
        return serverLimits;
    }

    /**
     * Describes the options for people to read.
     *
     * @return a description
     */
    @Override
    public String toString() {
        return connection + ", " + maxPendingBytes + " bytes of writes before the end of the handshake"
                + (framed ? "" : ", without framing");
    }

    private SecureSessionOptions with(Consumer<SecureSessionOptions> change) {
        SecureSessionOptions copy = new SecureSessionOptions(this);
        change.accept(copy);
        return copy;
    }
}
