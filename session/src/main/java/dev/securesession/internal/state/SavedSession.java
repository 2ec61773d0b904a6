package dev.securesession.internal.state;

import dev.securesession.Role;
import dev.securesession.internal.codec.ByteReader;
import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.AeadKey;
import dev.securesession.internal.crypto.Sha256;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An established session as we save it, before it is sealed (PROTOCOL.md S-1). A field marked * is preceded by its
 * 32-bit length, and empty if it has no value.
 *
 * <pre>{@code
 * role 1 (0 client, 1 server) | session id 4
 * own id * | own key fingerprint *
 * peer id * | peer key fingerprint * | transcript hash *     the last two empty if the peer was only assumed
 * master secret *
 * sending:    key * | initial sequence 4 | next index 8
 * receiving:  key * | initial sequence 4 | highest index 8 (-1 for none) | first unknown 1
 *             window *  bit i: index (highest - i) was accepted, lowest bit of the first byte first
 *             failures 8
 * }</pre>
 */
public final class SavedSession {
    public Role role = Role.CLIENT;
    public int sessionId;
    public byte[] ownId = NOTHING;
    public byte[] ownFingerprint = NOTHING;
    public byte[] peerId = NOTHING;
    public byte[] peerFingerprint = NOTHING;
    public byte[] transcriptHash = NOTHING;
    public byte[] master = NOTHING;
    public byte[] sendingKey = NOTHING;
    public int sendingInitialSequence;
    public long sendingNextIndex;
    public byte[] receivingKey = NOTHING;
    public int receivingInitialSequence;
    public long receivingHighest;
    public boolean receivingFirstUnknown;
    public byte[] receivingWindow = NOTHING;
    public long receivingFailures;

    /** The keys in the object returned are the caller's to wipe. */
    public static SavedSession parse(byte[] state) throws MalformedException {
        SavedSession saved = new SavedSession();
        try {
            saved.read(new ByteReader(state));
            saved.check();
        } catch (MalformedException e) {
            saved.wipe();
            throw e;
        }
        return saved;
    }

    private void read(ByteReader reader) throws MalformedException {
        role = reader.uint8("the role") == 0 ? Role.CLIENT : Role.SERVER;
        sessionId = (int) reader.uint32("the session id");
        ownId = reader.lengthPrefixed("our id");
        ownFingerprint = reader.lengthPrefixed("our fingerprint");
        peerId = reader.lengthPrefixed("the peer id");
        peerFingerprint = reader.lengthPrefixed("the fingerprint of the peer");
        transcriptHash = reader.lengthPrefixed("the transcript hash");
        master = reader.lengthPrefixed("the master secret");
        sendingKey = reader.lengthPrefixed("the sending key");
        sendingInitialSequence = (int) reader.uint32("the first sequence number sent");
        sendingNextIndex = reader.int64("the next index to send");
        receivingKey = reader.lengthPrefixed("the receiving key");
        receivingInitialSequence = (int) reader.uint32("the first sequence number received");
        receivingHighest = reader.int64("the highest index received");
        receivingFirstUnknown = reader.uint8("the mark of an unknown first message") != 0;
        receivingWindow = reader.lengthPrefixed("the window");
        receivingFailures = reader.int64("the failures");
        reader.requireEnd("a saved session");
    }

    private void check() throws MalformedException {
        requireKeyLength(sendingKey);
        requireKeyLength(receivingKey);
        if (receivingHighest < -1 || sendingNextIndex < 0 || receivingFailures < 0) {
            throw new MalformedException("a saved session with a negative counter");
        }
        int hashLength = peerId.length > 0 && isPeerProved() ? Sha256.LENGTH : 0;
        if (peerFingerprint.length != hashLength || transcriptHash.length != hashLength) {
            throw new MalformedException("a saved session with a fingerprint of " + peerFingerprint.length
                    + " and a transcript hash of " + transcriptHash.length + " bytes; both must be " + hashLength);
        }
    }

    private static void requireKeyLength(byte[] key) throws MalformedException {
        if (key.length != AeadKey.LENGTH) {
            throw new MalformedException(
                    "a saved session with a key of " + key.length + " bytes; it must be " + AeadKey.LENGTH);
        }
    }

    /** Tells whether the peer has proved its id in the handshake. */
    public boolean isPeerProved() {
        return peerFingerprint.length > 0;
    }

    /** The array returned holds the keys of the session: the caller's to wipe. */
    public byte[] write() {
        // Joined in one step: no intermediate array keeps a copy of a key.
        List<byte[]> parts = new ArrayList<>();
        parts.add(new byte[] {(byte) (role == Role.CLIENT ? 0 : 1)});
        parts.add(Bytes.int32(sessionId));
        Bytes.addLengthPrefixed(
                parts, ownId, ownFingerprint, peerId, peerFingerprint, transcriptHash, master, sendingKey);
        parts.add(Bytes.int32(sendingInitialSequence));
        parts.add(Bytes.int64(sendingNextIndex));
        Bytes.addLengthPrefixed(parts, receivingKey);
        parts.add(Bytes.int32(receivingInitialSequence));
        parts.add(Bytes.int64(receivingHighest));
        parts.add(new byte[] {(byte) (receivingFirstUnknown ? 1 : 0)});
        Bytes.addLengthPrefixed(parts, receivingWindow);
        parts.add(Bytes.int64(receivingFailures));
        return Bytes.concat(parts.toArray(new byte[0][]));
    }

    /** Wipes the keys in this object; the arrays are not copies, so other references to them see zeros too. */
    public void wipe() {
        Arrays.fill(master, (byte) 0);
        Arrays.fill(sendingKey, (byte) 0);
        Arrays.fill(receivingKey, (byte) 0);
    }

    private static final byte[] NOTHING = {};
}
