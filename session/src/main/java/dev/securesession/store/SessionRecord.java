package dev.securesession.store;

import dev.securesession.PeerId;
import dev.securesession.StateBinding;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A session or an unfinished handshake in the form in which stores keep it: a sealed state, and unencrypted fields by which a store
 * finds and compares records. The seal authenticates the format, id, peer, epoch and version as well: a state does not open if
 * one of them was changed. The time of expiry is not authenticated.
 *
 * <p>Instances are immutable, apart from the array of the state, and safe for use by several threads.
 */
public final class SessionRecord {
    /** Format of an established session. */
    public static final int SESSION = 1;

    /** Format of a handshake that is not finished. */
    public static final int HANDSHAKE = 2;

    /**
     * Added to the format of a record that {@code secure-session state move} is moving to another store. Services refuse formats
     * from this one on.
     */
    public static final int MOVING = 128;

    private static final int MAX_FORMAT = 255;
    private static final int MAX_NAME_LENGTH = 64;
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private final String id;
    private final int format;
    private final @Nullable PeerId peer;
    private final long epoch;
    private final long version;
    private final String keyName;
    private final Instant expires;
    private final byte[] state;

    private SessionRecord(
            String id,
            int format,
            @Nullable PeerId peer,
            long epoch,
            long version,
            String keyName,
            Instant expires,
            byte[] state) {
        this.id = id;
        this.format = format;
        this.peer = peer;
        this.epoch = epoch;
        this.version = version;
        this.keyName = keyName;
        this.expires = expires;
        this.state = state;
    }

    /**
     * Returns a record without a peer, in epoch 1 and version 1.
     *
     * @param id 1 to 64 of the characters a to z, 0 to 9, hyphen and underscore
     * @param format {@link #SESSION}, {@link #HANDSHAKE}, or another kind of session, 1 to 255
     * @param keyName the name of the key in the {@link KeyRing} that sealed the state
     * @param expires when the record may be deleted; stores keep whole milliseconds
     * @param state the sealed state; not copied, and not changed by stores
     * @return the record
     * @throws IllegalArgumentException if the id, the format or the name of the key is not as described
     */
    public static SessionRecord of(String id, int format, String keyName, Instant expires, byte[] state) {
        if (format < 1 || format > MAX_FORMAT) {
            throw new IllegalArgumentException("a record of format " + format + "; it must be 1 to " + MAX_FORMAT);
        }
        return new SessionRecord(
                requireName(id, "a record"),
                format,
                null,
                1,
                1,
                requireName(keyName, "a key"),
                Instant.ofEpochMilli(expires.toEpochMilli()),
                state);
    }

    /**
     * Returns a copy with a peer.
     *
     * @param other the peer of the session
     * @return the copy, with the same state
     */
    public SessionRecord withPeer(PeerId other) {
        return new SessionRecord(id, format, other, epoch, version, keyName, expires, state);
    }

    /**
     * Returns a copy at another place in its history.
     *
     * @param otherEpoch counts owners, 1 or more
     * @param otherVersion counts commits of all owners, 1 or more
     * @return the copy, with the same state
     * @throws IllegalArgumentException if one of the numbers is less than 1
     */
    public SessionRecord at(long otherEpoch, long otherVersion) {
        if (otherEpoch < 1 || otherVersion < 1) {
            throw new IllegalArgumentException(
                    "a record in epoch " + otherEpoch + " and version " + otherVersion + "; both must be 1 or more");
        }
        return new SessionRecord(id, format, peer, otherEpoch, otherVersion, keyName, expires, state);
    }

    /** Returns a copy at the same place, sealed by another key. */
    SessionRecord sealedBy(String otherName, byte[] otherState) {
        return new SessionRecord(id, format, peer, epoch, version, otherName, expires, otherState);
    }

    SessionRecord withState(byte[] other) {
        return new SessionRecord(id, format, peer, epoch, version, keyName, expires, other);
    }

    /**
     * Returns the name under which the record is stored.
     *
     * @return the id; not a secret, and no proof of anything
     */
    public String id() {
        return id;
    }

    /**
     * Returns the kind of state.
     *
     * @return {@link #SESSION}, {@link #HANDSHAKE}, or a kind that a later version knows
     */
    public int format() {
        return format;
    }

    /**
     * Returns the peer of the session.
     *
     * @return the peer, or empty for a handshake
     */
    public Optional<PeerId> peer() {
        return Optional.ofNullable(peer);
    }

    /**
     * Returns how many owners the session has had.
     *
     * @return 1 or more
     */
    public long epoch() {
        return epoch;
    }

    /**
     * Returns how many states of the session have been stored.
     *
     * @return 1 or more
     */
    public long version() {
        return version;
    }

    /**
     * Returns the name of the key that sealed the state.
     *
     * @return the name in the {@link KeyRing}
     */
    public String keyName() {
        return keyName;
    }

    /**
     * Returns when the record may be deleted.
     *
     * @return the time, in whole milliseconds
     */
    public Instant expires() {
        return expires;
    }

    /**
     * Returns the sealed state.
     *
     * @return always the same array, not to be changed
     */
    public byte[] state() {
        return state;
    }

    /**
     * Returns what the state is sealed for: the fields in the clear.
     *
     * @return the binding, for tools that check a state; services claim sessions
     */
    public StateBinding binding() {
        // The id comes last: the other parts have no slash.
        return StateBinding.of("stored/" + format + "/" + hex(peer) + "/" + epoch + "/" + id, version);
    }

    /** Refuses a name that file systems or databases may change, for example in its case. */
    static String requireName(String name, String of) {
        if (!isName(name)) {
            throw new IllegalArgumentException(of + " named \"" + name + "\"; a name is 1 to " + MAX_NAME_LENGTH
                    + " of the characters a to z, 0 to 9, - and _");
        }
        return name;
    }

    static boolean isName(String name) {
        boolean wellFormed = !name.isEmpty() && name.length() <= MAX_NAME_LENGTH;
        for (int i = 0; i < name.length() && wellFormed; i++) {
            char c = name.charAt(i);
            wellFormed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        }
        return wellFormed;
    }

    static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder(2 * bytes.length);
        for (byte b : bytes) {
            text.append(HEX[b >> 4 & 0xf]).append(HEX[b & 0xf]);
        }
        return text.toString();
    }

    private static String hex(@Nullable PeerId peer) {
        return peer == null ? "" : hex(peer.toBytes());
    }

    /**
     * Describes the record for people to read.
     *
     * @return a description without the state
     */
    @Override
    public String toString() {
        return (format == HANDSHAKE ? "handshake " : "session ") + id + (peer == null ? "" : " with " + peer)
                + ", epoch " + epoch + ", version " + version + ", " + state.length + " bytes sealed by " + keyName
                + ", expires " + expires;
    }
}
