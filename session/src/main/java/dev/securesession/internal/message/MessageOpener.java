package dev.securesession.internal.message;

import dev.securesession.Delivery;
import dev.securesession.MessageRejectedException;
import dev.securesession.MessageRejectedException.Reason;
import dev.securesession.Role;
import dev.securesession.internal.crypto.AeadKey;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.state.SavedSession;
import dev.securesession.internal.wire.DataMessage;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * Opens the messages of one direction, each at most once. A refused message changes nothing but the count of failures
 * (PROTOCOL.md D-7, D-8). The lock is this object's own.
 */
public final class MessageOpener {
    private final SessionSettings settings;
    private final int sessionId;
    private final AeadKey key;
    private final int initialSequence;
    private final ReplayWindow window;
    private boolean inOrder;
    private long failures;
    private boolean closed;

    /** Takes over the key and the window. */
    private MessageOpener(
            SessionSettings settings,
            int sessionId,
            Secret key,
            int initialSequence,
            ReplayWindow window,
            long failures) {
        this.settings = settings;
        this.sessionId = sessionId;
        this.key = settings.aead().key(key);
        this.initialSequence = initialSequence;
        this.window = window;
        this.inOrder = settings.delivery == Delivery.ORDERED;
        this.failures = failures;
    }

    /** Returns the direction in which the peer sends; the secrets stay the caller's to wipe. */
    static MessageOpener of(SessionSettings settings, SessionSecrets secrets, Role peer, ReplayWindow window) {
        return new MessageOpener(
                settings, secrets.wireSessionId(), secrets.key(peer), secrets.initialSequence(peer), window, 0);
    }

    /** Restores what {@link #saveTo} has saved; the saved form stays the caller's to wipe. */
    static MessageOpener restore(SessionSettings settings, SavedSession saved) {
        return new MessageOpener(
                settings,
                saved.sessionId,
                Secret.copyOf(saved.receivingKey),
                saved.receivingInitialSequence,
                ReplayWindow.restore(
                        settings.replayWindow,
                        saved.receivingHighest,
                        saved.receivingFirstUnknown,
                        saved.receivingWindow),
                saved.receivingFailures);
    }

    /** Opens a message into a new array. */
    public synchronized byte[] open(byte[] message, int offset, int length) throws MessageRejectedException {
        byte[] nonce = checkHeader(message, offset, length);
        byte[] scratch = acquireScratch(length);
        try {
            decrypt(nonce, message, offset, length, scratch, 0);
            accept(scratch, 0, length);
            return Arrays.copyOfRange(scratch, DataMessage.INNER_HEADER_LENGTH, DataMessage.plaintextLength(length));
        } finally {
            releaseScratch(scratch, length);
        }
    }

    /**
     * Opens a message into a part of an array, which may overlap it, and returns the index of the message; nothing is
     * written before all checks are passed.
     */
    public synchronized long open(byte[] message, int offset, int length, byte[] target, int at)
            throws MessageRejectedException {
        byte[] nonce = checkHeader(message, offset, length);
        byte[] scratch = acquireScratch(length);
        try {
            decrypt(nonce, message, offset, length, scratch, 0);
            long index = accept(scratch, 0, length);
            System.arraycopy(scratch, DataMessage.INNER_HEADER_LENGTH, target, at, DataMessage.payloadLength(length));
            return index;
        } finally {
            releaseScratch(scratch, length);
        }
    }

    /**
     * Opens a message into another array, whose part nobody reads until this returns: the plaintext needs no copy then. It
     * begins with its inner header. A refused message leaves zeros.
     */
    public synchronized void openInto(byte[] message, int offset, int length, byte[] target, int at)
            throws MessageRejectedException {
        byte[] nonce = checkHeader(message, offset, length);
        boolean accepted = false;
        try {
            decrypt(nonce, message, offset, length, target, at);
            accept(target, at, length);
            accepted = true;
        } finally {
            if (!accepted) {
                Arrays.fill(target, at, at + DataMessage.plaintextLength(length), (byte) 0);
            }
        }
    }

    /** From now on accepts only the message with the next number (PROTOCOL.md D-2). */
    public synchronized void requireOrder() {
        inOrder = true;
    }

    public synchronized void close() {
        if (!closed) {
            closed = true;
            settings.aead().forget(key);
        }
    }

    /** Returns the number that selects the scratch array for opening. */
    public int scratchHint() {
        return key.spread();
    }

    /** Refuses a message that is too short, so that no length computed from it is negative. */
    public static void requireLength(int length) throws MessageRejectedException {
        if (length < DataMessage.MIN_LENGTH) {
            throw new MessageRejectedException(
                    Reason.MALFORMED, "a message of " + length + " bytes; the shortest is " + DataMessage.MIN_LENGTH);
        }
    }

    /** Returns the highest accepted sequence number, or the initial one if no message was accepted yet. */
    synchronized int highestSequence() {
        requireOpen();
        return initialSequence + (int) Math.max(0, window.highest());
    }

    /** Fills in the fields of this direction; the key in them is the caller's to wipe. */
    synchronized void saveTo(SavedSession saved) {
        requireOpen();
        saved.receivingKey = key.toBytes();
        saved.receivingInitialSequence = initialSequence;
        saved.receivingHighest = window.highest();
        saved.receivingFirstUnknown = window.isFirstUnknown();
        saved.receivingWindow = window.toBitmap();
        saved.receivingFailures = failures;
    }

    /** Runs an action while no other thread opens a message or closes this direction. */
    synchronized <T> T whileIdle(Supplier<T> action) {
        return action.get();
    }

    /** Plaintext must stay hidden until all checks have passed, so a scratch array holds it until then (D-4). */
    private byte[] acquireScratch(int messageLength) {
        return settings.aead().scratch().acquire(scratchHint(), DataMessage.plaintextLength(messageLength));
    }

    private void releaseScratch(byte[] scratch, int messageLength) {
        settings.aead().scratch().release(scratchHint(), scratch, DataMessage.plaintextLength(messageLength));
    }

    /** Checks what can be checked before decryption, and returns the nonce. */
    private byte[] checkHeader(byte[] message, int offset, int length) throws MessageRejectedException {
        requireOpen();
        if (failures >= settings.failureLimit) {
            throw new MessageRejectedException(
                    Reason.TOO_MANY_FAILURES,
                    failures + " messages failed authentication, which is the limit; start a new handshake");
        }
        requireLength(length);
        if (DataMessage.sessionId(message, offset) != sessionId) {
            throw new MessageRejectedException(Reason.WRONG_SESSION, "a message of another session");
        }
        return DataMessage.nonce(message, offset);
    }

    private void decrypt(byte[] nonce, byte[] message, int offset, int length, byte[] target, int at)
            throws MessageRejectedException {
        int sealedLength = length - DataMessage.CIPHERTEXT_OFFSET;
        int sealedOffset = offset + DataMessage.CIPHERTEXT_OFFSET;
        if (!settings.aead().open(key, nonce, message, sealedOffset, sealedLength, target, at)) {
            failures++;
            throw new MessageRejectedException(
                    Reason.NOT_AUTHENTIC, "a message with a wrong tag: it was changed, or made with another key");
        }
    }

    /** Checks the inner header of an authentic message and then accepts its number, in this order (PROTOCOL.md D-4, D-5). */
    private long accept(byte[] plaintext, int at, int messageLength) throws MessageRejectedException {
        long stated = DataMessage.statedLength(plaintext, at);
        if (stated != messageLength - DataMessage.LENGTH_FIELD_OVERHEAD) {
            throw new MessageRejectedException(
                    Reason.WRONG_LENGTH,
                    "a message of " + messageLength + " bytes that states a length of " + stated + "; it should be "
                            + (messageLength - DataMessage.LENGTH_FIELD_OVERHEAD));
        }
        long index = Integer.toUnsignedLong(DataMessage.sequence(plaintext, at) - initialSequence);
        requireNew(index);
        long timestamp = DataMessage.timestamp(plaintext, at);
        if (!settings.isTimely(timestamp)) {
            throw new MessageRejectedException(
                    Reason.TIMESTAMP_OUT_OF_RANGE,
                    "a message sent at Unix time " + Long.toUnsignedString(timestamp) + " where our clock says "
                            + settings.now() + "; check both clocks");
        }
        window.accept(index);
        return index;
    }

    private void requireNew(long index) throws MessageRejectedException {
        switch (window.check(index)) {
            case SEEN ->
                throw new MessageRejectedException(Reason.REPLAYED, "message number " + index + " came before");
            case TOO_OLD ->
                throw new MessageRejectedException(
                        Reason.TOO_OLD,
                        "message number " + index + " where " + window.highest() + " was accepted and "
                                + settings.replayWindow + " are remembered");
            case NEW -> {
                if (inOrder && !window.isNext(index)) {
                    throw new MessageRejectedException(
                            Reason.OUT_OF_ORDER,
                            "message number " + index + " where " + (window.highest() + 1) + " was next");
                }
            }
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the session is closed");
        }
    }
}
