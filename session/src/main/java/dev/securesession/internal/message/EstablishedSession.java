package dev.securesession.internal.message;

import dev.securesession.PeerId;
import dev.securesession.Role;
import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.AeadKey;
import dev.securesession.internal.crypto.CryptoSuite;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.crypto.Sha256;
import dev.securesession.internal.state.SavedSession;
import dev.securesession.internal.state.TsscState;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An established session: its peer and its two directions. The lock is this object's own and taken
 * before those of the directions, so that what is saved is whole: not of a session that is being wiped.
 */
public final class EstablishedSession {
    private final Role role;
    private final @Nullable Peer peer;
    private final @Nullable PeerId assumedPeer;
    private final MessageSealer sealer;
    private final MessageOpener opener;
    private final @Nullable Secret master;

    private EstablishedSession(
            Role role,
            @Nullable Peer peer,
            @Nullable PeerId assumedPeer,
            MessageSealer sealer,
            MessageOpener opener,
            @Nullable Secret master) {
        this.role = role;
        this.peer = peer;
        this.assumedPeer = assumedPeer;
        this.sealer = sealer;
        this.opener = opener;
        this.master = master;
    }

    /** Makes a session from a finished handshake; the secrets stay the caller's to wipe. */
    public static EstablishedSession of(SessionSettings settings, Role role, Peer peer, SessionSecrets secrets) {
        Role other = role.opposite();
        return new EstablishedSession(
                role,
                peer,
                null,
                sealer(settings, secrets, role, 0),
                opener(settings, secrets, other, ReplayWindow.empty(settings.replayWindow)),
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
                null,
                assumedPeer,
                sealer(settings, secrets, role, nextIndex),
                opener(settings, secrets, other, window),
                settings.keepsMaster ? secrets.master().copy() : null);
    }

    /** Restores a session from our own form, which stays the caller's to wipe. */
    public static EstablishedSession restore(SessionSettings settings, SavedSession saved) throws MalformedException {
        requireKeyLength(saved.sendingKey);
        requireKeyLength(saved.receivingKey);
        if (saved.receivingHighest < -1 || saved.sendingNextIndex < 0 || saved.receivingFailures < 0) {
            throw new MalformedException("a saved session with a negative counter");
        }
        requireHashLength(saved);
        PeerId id = saved.peerId.length == 0 ? null : PeerId.of(saved.peerId);
        Peer peer =
                id == null || !saved.isPeerProved() ? null : new Peer(id, saved.peerFingerprint, saved.transcriptHash);
        return new EstablishedSession(
                saved.role,
                peer,
                peer == null ? id : null,
                new MessageSealer(
                        settings,
                        saved.sessionId,
                        settings.aead().key(Secret.copyOf(saved.sendingKey)),
                        freshNonces(settings.crypto),
                        saved.sendingInitialSequence,
                        saved.sendingNextIndex),
                new MessageOpener(
                        settings,
                        saved.sessionId,
                        settings.aead().key(Secret.copyOf(saved.receivingKey)),
                        saved.receivingInitialSequence,
                        ReplayWindow.restore(
                                settings.replayWindow,
                                saved.receivingHighest,
                                saved.receivingFirstUnknown,
                                saved.receivingWindow),
                        saved.receivingFailures),
                saved.master.length == 0 || !settings.keepsMaster ? null : Secret.copyOf(saved.master));
    }

    /** Runs an action while no message is sealed or opened and nobody closes the session. */
    public synchronized byte[] whileIdle(Supplier<byte[]> action) {
        synchronized (sealer) {
            synchronized (opener) {
                return action.get();
            }
        }
    }

    /** Returns the saved form of this session at one moment, the caller's to wipe. */
    public synchronized SavedSession save(PeerId ownId, byte[] ownFingerprint) {
        SealerState sending;
        OpenerState receiving;
        synchronized (sealer) {
            synchronized (opener) {
                sending = sealer.state();
                receiving = opener.state();
            }
        }
        SavedSession saved = new SavedSession();
        saved.role = role;
        saved.sessionId = sessionId();
        saved.ownId = ownId.toBytes();
        saved.ownFingerprint = ownFingerprint;
        if (peer != null) {
            saved.peerId = peer.id().toBytes();
            saved.peerFingerprint = peer.fingerprint();
            saved.transcriptHash = peer.transcriptHash();
        } else if (assumedPeer != null) {
            saved.peerId = assumedPeer.toBytes();
        }
        if (master != null) {
            saved.master = master.toBytes();
        }
        saved.sendingKey = sending.key;
        saved.sendingInitialSequence = sending.initialSequence;
        saved.sendingNextIndex = sending.nextIndex;
        saved.receivingKey = receiving.key;
        saved.receivingInitialSequence = receiving.initialSequence;
        saved.receivingHighest = receiving.highest;
        saved.receivingFirstUnknown = receiving.firstUnknown;
        saved.receivingWindow = receiving.bitmap;
        saved.receivingFailures = receiving.failures;
        return saved;
    }

    /** Returns the form that the reference reads, or null if the master secret was not kept. */
    public synchronized @Nullable TsscState toTssc() {
        if (master == null) {
            return null;
        }
        SealerState sending = sealer.state();
        OpenerState receiving = opener.state();
        Arrays.fill(sending.key, (byte) 0);
        Arrays.fill(receiving.key, (byte) 0);
        long peerIndex = Math.max(0, receiving.highest);
        return new TsscState(
                sessionId(),
                role,
                master.copy(),
                sending.initialSequence + (int) sending.nextIndex,
                receiving.initialSequence + (int) peerIndex);
    }

    public Role role() {
        return role;
    }

    public int sessionId() {
        return sealer.sessionId();
    }

    /** Returns the peer as proved in the handshake, or null after a saved form that does not hold it. */
    public @Nullable Peer peer() {
        return peer;
    }

    /** Returns the peer that the application has named for a session whose peer is not known, or null. */
    public @Nullable PeerId assumedPeer() {
        return assumedPeer;
    }

    public MessageSealer sealer() {
        return sealer;
    }

    public MessageOpener opener() {
        return opener;
    }

    /** Waits for a running call in each direction, then wipes the keys; later calls fail. */
    public synchronized void close() {
        sealer.close();
        opener.close();
        if (master != null) {
            master.wipe();
        }
    }

    private static MessageSealer sealer(SessionSettings settings, SessionSecrets secrets, Role sender, long nextIndex) {
        return new MessageSealer(
                settings,
                secrets.wireSessionId(),
                settings.aead().key(secrets.key(sender)),
                freshNonces(secrets.crypto()),
                secrets.initialSequence(sender),
                nextIndex);
    }

    private static MessageOpener opener(
            SessionSettings settings, SessionSecrets secrets, Role sender, ReplayWindow window) {
        return new MessageOpener(
                settings,
                secrets.wireSessionId(),
                settings.aead().key(secrets.key(sender)),
                secrets.initialSequence(sender),
                window,
                0);
    }

    private static NonceCounter freshNonces(CryptoSuite crypto) {
        return new NonceCounter(crypto.randomBytes(NonceCounter.LENGTH));
    }

    private static void requireHashLength(SavedSession saved) throws MalformedException {
        int expected = saved.peerId.length > 0 && saved.isPeerProved() ? Sha256.LENGTH : 0;
        if (saved.peerFingerprint.length != expected || saved.transcriptHash.length != expected) {
            throw new MalformedException("a saved session with a fingerprint of " + saved.peerFingerprint.length
                    + " and a transcript hash of " + saved.transcriptHash.length + " bytes; both must be " + expected);
        }
    }

    private static void requireKeyLength(byte[] key) throws MalformedException {
        if (key.length != AeadKey.LENGTH) {
            throw new MalformedException(
                    "a saved session with a key of " + key.length + " bytes; it must be " + AeadKey.LENGTH);
        }
    }

    /** Who a session is with, and the handshake that showed it: in one array, since every session has one. */
    public static final class Peer {
        private final byte[] fields;

        public Peer(PeerId id, byte[] fingerprint, byte[] transcriptHash) {
            this.fields = Bytes.concat(fingerprint, transcriptHash, id.toBytes());
        }

        public PeerId id() {
            return PeerId.of(Arrays.copyOfRange(fields, 2 * Sha256.LENGTH, fields.length));
        }

        public byte[] fingerprint() {
            return Arrays.copyOf(fields, Sha256.LENGTH);
        }

        public byte[] transcriptHash() {
            return Arrays.copyOfRange(fields, Sha256.LENGTH, 2 * Sha256.LENGTH);
        }
    }
}
