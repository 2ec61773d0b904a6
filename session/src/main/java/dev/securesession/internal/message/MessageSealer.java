package dev.securesession.internal.message;

import dev.securesession.Role;
import dev.securesession.SessionExhaustedException;
import dev.securesession.internal.crypto.AeadKey;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.state.SavedSession;
import dev.securesession.internal.wire.DataMessage;
import java.util.function.Supplier;

/**
 * Seals the messages of one direction. Numbering and sealing are one step under one lock (PROTOCOL.md D-7), which is
 * this object's own.
 */
public final class MessageSealer {
    private static final long MAX_MESSAGES = 1L << 31;
    private static final long LAST_NUMBER_FOR_REFERENCE = (1L << 32) - 8;
    private static final int UNUSABLE_FIRST_NUMBERS = 8;

    private final SessionSettings settings;
    private final int sessionId;
    private final AeadKey key;
    private final NonceCounter nonces;
    private final int initialSequence;
    private long nextIndex;
    private boolean closed;

    /** Takes over the key. */
    private MessageSealer(SessionSettings settings, int sessionId, Secret key, int initialSequence, long nextIndex) {
        this.settings = settings;
        this.sessionId = sessionId;
        this.key = settings.aead().key(key);
        this.nonces = new NonceCounter(settings.crypto.randomBytes(NonceCounter.LENGTH));
        this.initialSequence = initialSequence;
        this.nextIndex = nextIndex;
    }

    /** Returns the direction in which we send; the secrets stay the caller's to wipe. */
    static MessageSealer of(SessionSettings settings, SessionSecrets secrets, Role own, long nextIndex) {
        return new MessageSealer(
                settings, secrets.wireSessionId(), secrets.key(own), secrets.initialSequence(own), nextIndex);
    }

    /** Restores what {@link #saveTo} has saved; the saved form stays the caller's to wipe. */
    static MessageSealer restore(SessionSettings settings, SavedSession saved) {
        return new MessageSealer(
                settings,
                saved.sessionId,
                Secret.copyOf(saved.sendingKey),
                saved.sendingInitialSequence,
                saved.sendingNextIndex);
    }

    /**
     * Writes a message of {@code length + DataMessage.OVERHEAD} bytes. Payload and target may be the same array if the
     * payload lies where its ciphertext goes, at {@code at + DataMessage.PAYLOAD_OFFSET}. Returns the index of the message.
     */
    public synchronized long seal(byte[] payload, int offset, int length, byte[] target, int at) {
        if (remaining() == 0) {
            throw new SessionExhaustedException("the session is exhausted: all " + limit()
                    + " numbers of this direction are used; start a new handshake");
        }
        int sequence = initialSequence + (int) nextIndex;
        byte[] nonce = nonces.next();
        byte[] header = DataMessage.innerHeader(length, sequence, settings.now());
        settings.aead().seal(key, nonce, header, payload, offset, length, target, at + DataMessage.CIPHERTEXT_OFFSET);
        DataMessage.writeHeader(target, at, sessionId, nonce);
        return nextIndex++;
    }

    public int sessionId() {
        return sessionId;
    }

    /** Returns how many messages can still be sealed (PROTOCOL.md D-3). */
    public synchronized long remaining() {
        requireOpen();
        return Math.max(0, limit() - nextIndex);
    }

    public synchronized void close() {
        if (!closed) {
            closed = true;
            settings.aead().forget(key);
        }
    }

    /** Returns the sequence number of the next message. */
    synchronized int nextSequence() {
        requireOpen();
        return initialSequence + (int) nextIndex;
    }

    /** Fills in the fields of this direction; the key in them is the caller's to wipe. */
    synchronized void saveTo(SavedSession saved) {
        requireOpen();
        saved.sessionId = sessionId;
        saved.sendingKey = key.toBytes();
        saved.sendingInitialSequence = initialSequence;
        saved.sendingNextIndex = nextIndex;
    }

    /** Runs an action while no other thread seals a message or closes this direction. */
    synchronized <T> T whileIdle(Supplier<T> action) {
        return action.get();
    }

    private long limit() {
        if (settings.crossesWrap) {
            return MAX_MESSAGES;
        }
        long first = Integer.toUnsignedLong(initialSequence);
        if (first < UNUSABLE_FIRST_NUMBERS || first >= LAST_NUMBER_FOR_REFERENCE) {
            return 0;
        }
        return Math.min(MAX_MESSAGES, LAST_NUMBER_FOR_REFERENCE - first + 1);
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the session is closed");
        }
    }
}
