package dev.securesession.transport;

import dev.securesession.SecureSession;
import dev.securesession.internal.base.HandshakeLimits;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * The settings of connections: framing, limits on lengths, deadlines and timeouts.
 *
 * <p>Instances are immutable and safe for use by several threads. Most applications change none. PROTOCOL.md P-4, H-7.
 */
public final class ConnectionOptions {
    private static final ConnectionOptions DEFAULTS = new ConnectionOptions();
    private static final Duration MAX_DEADLINE = Duration.ofDays(1);

    // Assigned only while a copy is made.
    private Framing framing = Framing.lengthPrefix();
    private Duration handshakeDeadline = Duration.ofSeconds(30);
    private Duration firstMessageDeadline = Duration.ofSeconds(5);
    private int maxHandshakeMessageLength = HandshakeLimits.MAX_MESSAGE_LENGTH;
    private int maxMessageLength = 16 * 1024 * 1024;
    private Duration sendTimeout = Duration.ofSeconds(60);
    private Duration idleTimeout = Duration.ZERO;
    private Duration keepAlive = Duration.ZERO;

    private ConnectionOptions() {}

    private ConnectionOptions(ConnectionOptions other) {
        framing = other.framing;
        handshakeDeadline = other.handshakeDeadline;
        firstMessageDeadline = other.firstMessageDeadline;
        maxHandshakeMessageLength = other.maxHandshakeMessageLength;
        maxMessageLength = other.maxMessageLength;
        sendTimeout = other.sendTimeout;
        idleTimeout = other.idleTimeout;
        keepAlive = other.keepAlive;
    }

    /**
     * Returns the defaults: length-prefix framing, 30 seconds for a handshake and 5 for its first message at a server,
     * handshake messages of up to 16 KiB, wrapped messages of up to 16 MiB, 60 seconds to send a message, no idle timeout,
     * no keep-alives.
     *
     * @return the options to start from
     */
    public static ConnectionOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Returns a copy with another framing, for connections over sockets.
     *
     * @param other the same as the peer's
     * @return the copy
     */
    public ConnectionOptions withFraming(Framing other) {
        return with(copy -> copy.framing = other);
    }

    /**
     * Returns a copy with another deadline for a whole handshake, counted from its beginning, at a server from accept.
     *
     * @param deadline a millisecond or more, a day at most; 30 seconds by default
     * @return the copy
     * @throws IllegalArgumentException if the deadline is outside its range
     */
    public ConnectionOptions withHandshakeDeadline(Duration deadline) {
        requireDeadline(deadline, "a handshake deadline");
        return with(copy -> copy.handshakeDeadline = deadline);
    }

    /**
     * Returns a copy with another deadline for the first message of a client, counted from accept.
     *
     * @param deadline a millisecond or more, a day at most; 5 seconds by default. The handshake deadline holds as well.
     * @return the copy
     * @throws IllegalArgumentException if the deadline is outside its range
     */
    public ConnectionOptions withFirstMessageDeadline(Duration deadline) {
        requireDeadline(deadline, "a first message deadline");
        return with(copy -> copy.firstMessageDeadline = deadline);
    }

    /**
     * Returns a copy with another limit on the length of handshake messages.
     *
     * @param bytes 1 or more; 16 KiB by default. Ids and signatures of both peers must fit.
     * @return the copy
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public ConnectionOptions withMaxHandshakeMessageLength(int bytes) {
        requirePositive(bytes, "a handshake message limit");
        return with(copy -> copy.maxHandshakeMessageLength = bytes);
    }

    /**
     * Returns a copy with another limit on the length of wrapped messages, in both directions. The peer must allow as
     * much.
     *
     * @param bytes 53 or more; 16 MiB by default. A message is 52 bytes longer than its payload.
     * @return the copy
     * @throws IllegalArgumentException if the limit is less than 53
     */
    public ConnectionOptions withMaxMessageLength(int bytes) {
        if (bytes <= MIN_MESSAGE_LENGTH) {
            throw new IllegalArgumentException(
                    "a message limit of " + bytes + " bytes; it must be " + (MIN_MESSAGE_LENGTH + 1) + " or more");
        }
        return with(copy -> copy.maxMessageLength = bytes);
    }

    /**
     * Returns a copy with another timeout for sending a message. A connection whose peer does not read for so long is
     * closed.
     *
     * @param timeout 0 (none) to a day; 60 seconds by default
     * @return the copy
     * @throws IllegalArgumentException if the timeout is outside its range
     */
    public ConnectionOptions withSendTimeout(Duration timeout) {
        requireTimeout(timeout, "a send timeout");
        return with(copy -> copy.sendTimeout = timeout);
    }

    /**
     * Returns a copy with another idle timeout. A connection over which nothing was sent or received for so long is
     * closed.
     *
     * @param timeout 0 (none, the default) to a day
     * @return the copy
     * @throws IllegalArgumentException if the timeout is outside its range
     */
    public ConnectionOptions withIdleTimeout(Duration timeout) {
        requireTimeout(timeout, "an idle timeout");
        return with(copy -> copy.idleTimeout = timeout);
    }

    /**
     * Returns a copy that keeps streams alive: a {@link SecureStream}, also that of a {@link SecureSocket}, sends a message
     * without data when it has sent nothing for so long, until it is closed or fails. Choose less than half of the idle
     * timeout of the peer and of the network between. Connections that exchange plain messages send none, since their peers
     * would take one for a payload. Costs no thread per connection.
     *
     * @param interval 0 (none, the default) to a day
     * @return the copy (PROTOCOL.md ST-7)
     * @throws IllegalArgumentException if the interval is outside its range
     */
    public ConnectionOptions withKeepAlive(Duration interval) {
        requireTimeout(interval, "a keep-alive interval");
        return with(copy -> copy.keepAlive = interval);
    }

    /**
     * Returns the framing of connections over streams of bytes.
     *
     * @return the framing
     */
    public Framing framing() {
        return framing;
    }

    /**
     * Returns the deadline for a whole handshake.
     *
     * @return a millisecond to a day
     */
    public Duration handshakeDeadline() {
        return handshakeDeadline;
    }

    /**
     * Returns the deadline for the first message of a client.
     *
     * @return a millisecond to a day
     */
    public Duration firstMessageDeadline() {
        return firstMessageDeadline;
    }

    /**
     * Returns the limit on the length of handshake messages.
     *
     * @return bytes
     */
    public int maxHandshakeMessageLength() {
        return maxHandshakeMessageLength;
    }

    /**
     * Returns the limit on the length of wrapped messages.
     *
     * @return bytes
     */
    public int maxMessageLength() {
        return maxMessageLength;
    }

    /**
     * Returns the timeout for sending a message.
     *
     * @return zero (none) to a day
     */
    public Duration sendTimeout() {
        return sendTimeout;
    }

    /**
     * Returns the idle timeout.
     *
     * @return zero (none) to a day
     */
    public Duration idleTimeout() {
        return idleTimeout;
    }

    /**
     * Returns after how long without sending a stream sends a keep-alive.
     *
     * @return zero (never) to a day
     */
    public Duration keepAlive() {
        return keepAlive;
    }

    /**
     * Describes the options for people to read.
     *
     * @return a description
     */
    @Override
    public String toString() {
        return "handshake within " + Deadline.text(handshakeDeadline) + ", messages of up to " + maxMessageLength
                + " bytes";
    }

    private ConnectionOptions with(Consumer<ConnectionOptions> change) {
        ConnectionOptions copy = new ConnectionOptions(this);
        change.accept(copy);
        return copy;
    }

    private static void requireDeadline(Duration deadline, String what) {
        if (deadline.compareTo(Duration.ofMillis(1)) < 0 || deadline.compareTo(MAX_DEADLINE) > 0) {
            throw new IllegalArgumentException(what + " of " + deadline + "; it must be a millisecond to a day");
        }
    }

    private static void requireTimeout(Duration timeout, String what) {
        if (timeout.isNegative() || timeout.compareTo(MAX_DEADLINE) > 0) {
            throw new IllegalArgumentException(what + " of " + timeout + "; it must be 0 (none) to a day");
        }
    }

    private static void requirePositive(int number, String what) {
        if (number < 1) {
            throw new IllegalArgumentException(what + " of " + number + " bytes; it must be 1 or more");
        }
    }

    private static final int MIN_MESSAGE_LENGTH = SecureSession.OVERHEAD;
}
