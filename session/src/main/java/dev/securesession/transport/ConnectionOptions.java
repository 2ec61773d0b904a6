package dev.securesession.transport;

import java.time.Duration;

/**
 * The settings of connections: how messages are framed, how long they may be, how long a handshake may take.
 *
 * <p>Instances are immutable and safe for use by several threads. PROTOCOL.md P-4, H-7.
 */
public final class ConnectionOptions {
    private static final ConnectionOptions DEFAULTS =
            new ConnectionOptions(Framing.lengthPrefix(), Duration.ofSeconds(30), 128 * 1024, 16 * 1024 * 1024, 1024);

    private final Framing framing;
    private final Duration handshakeDeadline;
    private final int handshakeMessageLimit;
    private final int messageLimit;
    private final int halfOpenLimit;

    private ConnectionOptions(
            Framing framing,
            Duration handshakeDeadline,
            int handshakeMessageLimit,
            int messageLimit,
            int halfOpenLimit) {
        this.framing = framing;
        this.handshakeDeadline = handshakeDeadline;
        this.handshakeMessageLimit = handshakeMessageLimit;
        this.messageLimit = messageLimit;
        this.halfOpenLimit = halfOpenLimit;
    }

    /**
     * Returns the defaults: length-prefix framing, 30 seconds for a handshake, handshake messages of up to 128 KiB,
     * wrapped messages of up to 16 MiB, 1,024 handshakes at a time.
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
        return new ConnectionOptions(other, handshakeDeadline, handshakeMessageLimit, messageLimit, halfOpenLimit);
    }

    /**
     * Returns a copy with another time for a whole handshake.
     *
     * @param deadline a millisecond or more, a day at most
     * @return the copy
     * @throws IllegalArgumentException if the time is outside its range
     */
    public ConnectionOptions withHandshakeDeadline(Duration deadline) {
        if (deadline.compareTo(Duration.ofMillis(1)) < 0 || deadline.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException(
                    "a handshake deadline of " + deadline + "; it must be a millisecond to a day");
        }
        return new ConnectionOptions(framing, deadline, handshakeMessageLimit, messageLimit, halfOpenLimit);
    }

    /**
     * Returns a copy with another bound on the length of handshake messages.
     *
     * @param bytes 1 or more; ids and signatures of both peers must fit
     * @return the copy
     * @throws IllegalArgumentException if the bound is less than 1
     */
    public ConnectionOptions withHandshakeMessageLimit(int bytes) {
        requirePositive(bytes, "a handshake message limit");
        return new ConnectionOptions(framing, handshakeDeadline, bytes, messageLimit, halfOpenLimit);
    }

    /**
     * Returns a copy with another bound on the length of wrapped messages that are received.
     *
     * @param bytes 1 or more; a message is 52 bytes longer than its payload
     * @return the copy
     * @throws IllegalArgumentException if the bound is less than 1
     */
    public ConnectionOptions withMessageLimit(int bytes) {
        requirePositive(bytes, "a message limit");
        return new ConnectionOptions(framing, handshakeDeadline, handshakeMessageLimit, bytes, halfOpenLimit);
    }

    /**
     * Returns a copy with another bound on the handshakes that a listener has under way.
     *
     * @param handshakes 1 or more; connections beyond it are closed before they cost anything
     * @return the copy
     * @throws IllegalArgumentException if the bound is less than 1
     */
    public ConnectionOptions withHalfOpenLimit(int handshakes) {
        requirePositive(handshakes, "a limit of half-open handshakes");
        return new ConnectionOptions(framing, handshakeDeadline, handshakeMessageLimit, messageLimit, handshakes);
    }

    Framing framing() {
        return framing;
    }

    Duration handshakeDeadline() {
        return handshakeDeadline;
    }

    int handshakeMessageLimit() {
        return handshakeMessageLimit;
    }

    int messageLimit() {
        return messageLimit;
    }

    int halfOpenLimit() {
        return halfOpenLimit;
    }

    private static void requirePositive(int number, String what) {
        if (number < 1) {
            throw new IllegalArgumentException(what + " of " + number + "; it must be 1 or more");
        }
    }
}
