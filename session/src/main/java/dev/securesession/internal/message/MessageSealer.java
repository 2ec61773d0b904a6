package dev.securesession.internal.message;

import dev.securesession.SessionExhaustedException;
import dev.securesession.internal.crypto.AeadKey;
import dev.securesession.internal.wire.DataMessage;

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
    MessageSealer(
            SessionSettings settings,
            int sessionId,
            AeadKey key,
            NonceCounter nonces,
            int initialSequence,
            long nextIndex) {
        this.settings = settings;
        this.sessionId = sessionId;
        this.key = key;
        this.nonces = nonces;
        this.initialSequence = initialSequence;
        this.nextIndex = nextIndex;
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

    /** How many messages may still be sealed (PROTOCOL.md D-3). */
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

    synchronized SealerState state() {
        requireOpen();
        return new SealerState(key.toBytes(), initialSequence, nextIndex);
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
