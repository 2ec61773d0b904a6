package dev.securesession.internal.message;

import dev.securesession.PeerId;
import dev.securesession.Role;
import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.crypto.Sha256;
import dev.securesession.internal.state.SavedSession;
import dev.securesession.internal.state.TsscState;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An established session: its peer and its two directions. Saving and closing exclude each other by the monitor of this
 * object, so that no saved form has a key that was wiped. It is acquired before the monitors of the sealer and the opener.
 */
public final class EstablishedSession {
    private final Role role;
    // The fields of Peer, proved or assumed: an array costs less memory than an object, and every session has a peer.
    private final byte @Nullable [] peer;
    private final MessageSealer sealer;
    private final MessageOpener opener;
    private final @Nullable Secret master;
    private volatile boolean closed;

    private EstablishedSession(
            Role role, byte @Nullable [] peer, MessageSealer sealer, MessageOpener opener, @Nullable Secret master) {
        this.role = role;
        this.peer = peer;
        this.sealer = sealer;
        this.opener = opener;
        this.master = master;
    }

    /** Makes a session from a finished handshake; the secrets stay the caller's to wipe. */
    public static EstablishedSession of(SessionSettings settings, Role role, Peer peer, SessionSecrets secrets) {
        return new EstablishedSession(
                role,
                peer.fields,
                MessageSealer.of(settings, secrets, role, 0),
                MessageOpener.of(settings, secrets, role.opposite(), ReplayWindow.empty(settings.replayWindow)),
                settings.keepsMaster ? secrets.master().copy() : null);
    }

    /** Restores a session that the reference saved (PROTOCOL.md S-2); the state is the caller's to wipe. */
    public static EstablishedSession ofTssc(SessionSettings settings, TsscState state, @Nullable PeerId assumedPeer) {
        SessionSecrets secrets = SessionSecrets.ofMaster(settings.crypto, state.master(), state.sessionId());
        Role role = state.role();
        Role other = role.opposite();
        long nextIndex = Integer.toUnsignedLong(state.nextOwnSequence() - secrets.initialSequence(role));
        long peerIndex = Integer.toUnsignedLong(state.peerSequence() - secrets.initialSequence(other));
        ReplayWindow window = peerIndex == 0
                ? ReplayWindow.firstUnknown(settings.replayWindow)
                : ReplayWindow.upTo(settings.replayWindow, peerIndex);
        return new EstablishedSession(
                role,
                assumedPeer == null ? null : Peer.assumed(assumedPeer),
                MessageSealer.of(settings, secrets, role, nextIndex),
                MessageOpener.of(settings, secrets, other, window),
                settings.keepsMaster ? secrets.master().copy() : null);
    }

    /** Restores a session from our own form, which stays the caller's to wipe. */
    public static EstablishedSession restore(SessionSettings settings, SavedSession saved) {
        return new EstablishedSession(
                saved.role,
                savedPeer(saved),
                MessageSealer.restore(settings, saved),
                MessageOpener.restore(settings, saved),
                saved.master.length == 0 || !settings.keepsMaster ? null : Secret.copyOf(saved.master));
    }

    /** Runs an action while no message is sealed or opened and nobody closes the session. */
    public synchronized <T> T whileIdle(Supplier<T> action) {
        return sealer.whileIdle(() -> opener.whileIdle(action));
    }

    /** Saves and closes in one step; if saving fails, the session stays open. */
    public byte[] closeAfter(Supplier<byte[]> save) {
        return whileIdle(() -> {
            byte[] saved = save.get();
            close();
            return saved;
        });
    }

    /** Returns the saved form of this session at one moment, the caller's to wipe. */
    public synchronized SavedSession save(PeerId ownId, byte[] ownFingerprint) {
        SavedSession saved = whileIdle(() -> {
            SavedSession directions = new SavedSession();
            sealer.saveTo(directions);
            opener.saveTo(directions);
            return directions;
        });
        saved.role = role;
        saved.ownId = ownId.toBytes();
        saved.ownFingerprint = ownFingerprint;
        Peer proved = peer();
        PeerId assumed = assumedPeer();
        if (proved != null) {
            saved.peerId = proved.id().toBytes();
            saved.peerFingerprint = proved.fingerprint();
            saved.transcriptHash = proved.transcriptHash();
        } else if (assumed != null) {
            saved.peerId = assumed.toBytes();
        }
        if (master != null) {
            saved.master = master.toBytes();
        }
        return saved;
    }

    /** Returns the form that the reference reads, or null if the master secret was not kept. */
    public synchronized @Nullable TsscState toTssc() {
        if (master == null) {
            return null;
        }
        int nextOwnSequence = sealer.nextSequence();
        int peerSequence = opener.highestSequence();
        return new TsscState(sessionId(), role, master.copy(), nextOwnSequence, peerSequence);
    }

    public Role role() {
        return role;
    }

    public int sessionId() {
        return sealer.sessionId();
    }

    /** Returns the peer as proved in the handshake, or null after a saved form that does not hold it. */
    public @Nullable Peer peer() {
        return peer != null && Peer.isProved(peer) ? new Peer(peer) : null;
    }

    /** Returns the peer that the application has named for a session whose peer is not known, or null. */
    public @Nullable PeerId assumedPeer() {
        return peer != null && !Peer.isProved(peer) ? Peer.assumedId(peer) : null;
    }

    public MessageSealer sealer() {
        return sealer;
    }

    public MessageOpener opener() {
        return opener;
    }

    public boolean isClosed() {
        return closed;
    }

    /**
     * Waits for a running call in each direction, then wipes the keys; later calls fail. Returns whether this call has closed
     * the session, rather than an earlier one.
     */
    public synchronized boolean close() {
        if (closed) {
            return false;
        }
        closed = true;
        sealer.close();
        opener.close();
        if (master != null) {
            master.wipe();
        }
        return true;
    }

    private static byte @Nullable [] savedPeer(SavedSession saved) {
        if (saved.peerId.length == 0) {
            return null;
        }
        PeerId id = PeerId.of(saved.peerId);
        return saved.isPeerProved()
                ? new Peer(id, saved.peerFingerprint, saved.transcriptHash).fields
                : Peer.assumed(id);
    }

    /**
     * The peer of a session and the handshake that proved it. The fields are in one array: a byte that tells a proved peer
     * from an assumed one, then fingerprint and transcript hash if it is proved, then the id.
     */
    public static final class Peer {
        private static final byte[] PROVED = {1};
        private static final byte[] ASSUMED = {0};
        private static final int HASH_OFFSET = 1 + Sha256.LENGTH;
        private static final int ID_OFFSET = HASH_OFFSET + Sha256.LENGTH;

        private final byte[] fields;

        public Peer(PeerId id, byte[] fingerprint, byte[] transcriptHash) {
            this(Bytes.concat(PROVED, fingerprint, transcriptHash, id.toBytes()));
        }

        private Peer(byte[] fields) {
            this.fields = fields;
        }

        static byte[] assumed(PeerId id) {
            return Bytes.concat(ASSUMED, id.toBytes());
        }

        static boolean isProved(byte[] fields) {
            return fields[0] == PROVED[0];
        }

        static PeerId assumedId(byte[] fields) {
            return PeerId.of(Arrays.copyOfRange(fields, 1, fields.length));
        }

        public PeerId id() {
            return PeerId.of(Arrays.copyOfRange(fields, ID_OFFSET, fields.length));
        }

        public byte[] fingerprint() {
            return Arrays.copyOfRange(fields, 1, HASH_OFFSET);
        }

        public byte[] transcriptHash() {
            return Arrays.copyOfRange(fields, HASH_OFFSET, ID_OFFSET);
        }
    }
}
