package dev.securesession.transport.datagram;

import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * The settings of a {@link SecureDatagrams} or a {@link SecureDatagramServer}: lengths, deadlines, limits.
 *
 * <p>Instances are immutable and safe for use by several threads. Most applications change none. PROTOCOL.md DG-1 to DG-8.
 */
public final class DatagramOptions {
    private static final DatagramOptions DEFAULTS = new DatagramOptions();
    private static final Duration MAX_DURATION = Duration.ofDays(1);

    // Assigned only while a copy is made.
    private int maxDatagramLength = 1200;
    private Duration handshakeDeadline = Duration.ofSeconds(30);
    private Duration firstRepetition = Duration.ofMillis(250);
    private Duration longestRepetition = Duration.ofSeconds(2);
    private Duration idleTimeout = Duration.ofMinutes(5);
    private int halfOpenLimit = 1024;
    private int halfOpenLimitPerAddress = 64;
    private long handshakeBytesLimit = 4L << 20;
    private int sessionLimit = 10_000;
    private int sessionLimitPerPeer = 1;
    private boolean followsAddressChanges;
    private int handshakeThreads = Math.max(2, Runtime.getRuntime().availableProcessors());

    private DatagramOptions() {}

    private DatagramOptions(DatagramOptions other) {
        maxDatagramLength = other.maxDatagramLength;
        handshakeDeadline = other.handshakeDeadline;
        firstRepetition = other.firstRepetition;
        longestRepetition = other.longestRepetition;
        idleTimeout = other.idleTimeout;
        halfOpenLimit = other.halfOpenLimit;
        halfOpenLimitPerAddress = other.halfOpenLimitPerAddress;
        handshakeBytesLimit = other.handshakeBytesLimit;
        sessionLimit = other.sessionLimit;
        sessionLimitPerPeer = other.sessionLimitPerPeer;
        followsAddressChanges = other.followsAddressChanges;
        handshakeThreads = other.handshakeThreads;
    }

    /**
     * Returns the defaults: datagrams of up to 1,200 bytes, 30 seconds for a handshake, messages of a handshake repeated
     * after 250 milliseconds and then after twice as long each time, up to 2 seconds, and sessions that end after 5 minutes
     * without a message. A server has at most 1,024 half-open handshakes, 64 from one address and 4 MiB for all, 10,000
     * sessions, and one session with each peer.
     *
     * @return the options to start from
     */
    public static DatagramOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Returns a copy with another limit on the datagrams that are sent. Received ones may be longer. Choose what all
     * networks on the way carry in one piece: 1,200 fits everywhere, 1,472 fits Ethernet with IPv4 and 1,452 with IPv6.
     *
     * @param bytes of a datagram without the headers of UDP and IP, 512 to 65,507; 1,200 by default. A payload is 52 bytes
     *     shorter.
     * @return the copy
     * @throws IllegalArgumentException if the limit is outside its range
     */
    public DatagramOptions withMaxDatagramLength(int bytes) {
        if (bytes < MIN_DATAGRAM_LENGTH || bytes > MAX_UDP_LENGTH) {
            throw new IllegalArgumentException("a datagram limit of " + bytes + " bytes; it must be "
                    + MIN_DATAGRAM_LENGTH + " to " + MAX_UDP_LENGTH);
        }
        return with(copy -> copy.maxDatagramLength = bytes);
    }

    /**
     * Returns a copy with another deadline for a whole handshake.
     *
     * @param deadline a millisecond to a day; 30 seconds by default
     * @return the copy
     * @throws IllegalArgumentException if the deadline is outside its range
     */
    public DatagramOptions withHandshakeDeadline(Duration deadline) {
        requireDuration(deadline, "a handshake deadline of");
        return with(copy -> copy.handshakeDeadline = deadline);
    }

    /**
     * Returns a copy whose client repeats unanswered handshake messages at other times: first after one duration, then
     * after twice as long each time, up to the other.
     *
     * @param first a millisecond to a day; 250 milliseconds by default. More than a round trip, or every message is sent
     *     twice.
     * @param longest no shorter than the first, a day at most; 2 seconds by default
     * @return the copy
     * @throws IllegalArgumentException if a duration is outside its range
     */
    public DatagramOptions withRepetition(Duration first, Duration longest) {
        requireDuration(first, "a first repetition after");
        requireDuration(longest, "a longest repetition after");
        if (longest.compareTo(first) < 0) {
            throw new IllegalArgumentException(
                    "a longest repetition after " + longest + "; it must be no shorter than the first, " + first);
        }
        return with(copy -> {
            copy.firstRepetition = first;
            copy.longestRepetition = longest;
        });
    }

    /**
     * Returns a copy with another idle timeout. A server ends a session from whose peer no authentic message has come for so
     * long; its peer is not told.
     *
     * @param timeout 0 (none) to a day; 5 minutes by default
     * @return the copy
     * @throws IllegalArgumentException if the timeout is outside its range
     */
    public DatagramOptions withIdleTimeout(Duration timeout) {
        if (timeout.isNegative() || timeout.compareTo(MAX_DURATION) > 0) {
            throw new IllegalArgumentException("an idle timeout of " + timeout + "; it must be 0 (none) to a day");
        }
        return with(copy -> copy.idleTimeout = timeout);
    }

    /**
     * Returns a copy with another limit on half-open handshakes. At the limit the one from which nothing has come for the
     * longest time makes room.
     *
     * @param limit 1 or more; 1,024 by default
     * @return the copy
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public DatagramOptions withHalfOpenLimit(int limit) {
        requirePositive(limit, "a limit on half-open handshakes");
        return with(copy -> copy.halfOpenLimit = limit);
    }

    /**
     * Returns a copy with another limit on half-open handshakes from one remote address. Loopback addresses have none.
     *
     * @param limit 1 or more; 64 by default
     * @return the copy
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public DatagramOptions withHalfOpenLimitPerAddress(int limit) {
        requirePositive(limit, "a limit on half-open handshakes from one address");
        return with(copy -> copy.halfOpenLimitPerAddress = limit);
    }

    /**
     * Returns a copy with another limit on the bytes that the messages of all half-open handshakes hold.
     *
     * @param bytes 1 or more; 4 MiB by default
     * @return the copy
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public DatagramOptions withHandshakeBytesLimit(long bytes) {
        requirePositive(bytes, "a limit on the bytes of half-open handshakes");
        return with(copy -> copy.handshakeBytesLimit = bytes);
    }

    /**
     * Returns a copy with another limit on the sessions of a server. At the limit the one from which nothing has come for
     * the longest time makes room.
     *
     * @param limit 1 or more; 10,000 by default
     * @return the copy
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public DatagramOptions withSessionLimit(int limit) {
        requirePositive(limit, "a limit on sessions");
        return with(copy -> copy.sessionLimit = limit);
    }

    /**
     * Returns a copy with another limit on the sessions of a server with one peer. At the limit the oldest of them makes
     * room: a peer that was started again replaces its former session.
     *
     * @param limit 1 or more; 1 by default. More are of use if several devices share an identity.
     * @return the copy
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public DatagramOptions withSessionLimitPerPeer(int limit) {
        requirePositive(limit, "a limit on sessions with one peer");
        return with(copy -> copy.sessionLimitPerPeer = limit);
    }

    /**
     * Returns a copy whose server follows a peer to another address, as happens when a router between them forgets a
     * mapping. It does so once the peer has sent an authentic message from there and answered a question that was sent
     * there (PROTOCOL.md DG-8). Without this setting, messages from another address than that of the handshake are
     * dropped.
     *
     * @return the copy
     */
    public DatagramOptions withAddressChanges() {
        return with(copy -> copy.followsAddressChanges = true);
    }

    /**
     * Returns a copy whose server performs handshakes on another number of threads.
     *
     * @param threads 1 or more; as many as there are processors by default, at least 2
     * @return the copy
     * @throws IllegalArgumentException if the number is less than 1
     */
    public DatagramOptions withHandshakeThreads(int threads) {
        requirePositive(threads, "a number of handshake threads");
        return with(copy -> copy.handshakeThreads = threads);
    }

    int maxDatagramLength() {
        return maxDatagramLength;
    }

    Duration handshakeDeadline() {
        return handshakeDeadline;
    }

    Duration firstRepetition() {
        return firstRepetition;
    }

    Duration longestRepetition() {
        return longestRepetition;
    }

    Duration idleTimeout() {
        return idleTimeout;
    }

    int halfOpenLimit() {
        return halfOpenLimit;
    }

    int halfOpenLimitPerAddress() {
        return halfOpenLimitPerAddress;
    }

    long handshakeBytesLimit() {
        return handshakeBytesLimit;
    }

    int sessionLimit() {
        return sessionLimit;
    }

    int sessionLimitPerPeer() {
        return sessionLimitPerPeer;
    }

    boolean followsAddressChanges() {
        return followsAddressChanges;
    }

    int handshakeThreads() {
        return handshakeThreads;
    }

    /** Returns the longest payload that fits into a datagram. */
    int maxPayloadLength() {
        return maxDatagramLength - SecureSession.OVERHEAD;
    }

    /** Refuses a payload that does not fit, before it uses up a message number. */
    void requirePayload(int length) {
        if (length < 1 || length > maxPayloadLength()) {
            throw new IllegalArgumentException("a payload of " + length + " bytes; it must be 1 to "
                    + maxPayloadLength() + ", so that its message fits into a datagram of " + maxDatagramLength
                    + " bytes. Send it in several parts, or raise the limit of the DatagramOptions");
        }
    }

    /** Refuses an id of our own that makes handshake messages longer than a datagram. */
    void requireId(PeerId own) {
        int longest = HandshakeDatagrams.maxIntroductionLength(own);
        if (longest > maxDatagramLength) {
            throw new IllegalArgumentException("an id of " + own.length() + " bytes makes handshake messages of up to "
                    + longest + " bytes; datagrams are limited to " + maxDatagramLength
                    + ". Use a shorter id, or raise the limit of the DatagramOptions");
        }
    }

    /**
     * Describes the options for people to read.
     *
     * @return a description
     */
    @Override
    public String toString() {
        return "datagrams of up to " + maxDatagramLength + " bytes, handshake within " + text(handshakeDeadline);
    }

    static String text(Duration duration) {
        long millis = duration.toMillis();
        return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
    }

    private DatagramOptions with(Consumer<DatagramOptions> change) {
        DatagramOptions copy = new DatagramOptions(this);
        change.accept(copy);
        return copy;
    }

    private static void requireDuration(Duration duration, String what) {
        if (duration.compareTo(Duration.ofMillis(1)) < 0 || duration.compareTo(MAX_DURATION) > 0) {
            throw new IllegalArgumentException(what + " " + duration + "; it must be a millisecond to a day");
        }
    }

    private static void requirePositive(long number, String what) {
        if (number < 1) {
            throw new IllegalArgumentException(what + " of " + number + "; it must be 1 or more");
        }
    }

    private static final int MIN_DATAGRAM_LENGTH = 512;
    private static final int MAX_UDP_LENGTH = 65_507;
}
