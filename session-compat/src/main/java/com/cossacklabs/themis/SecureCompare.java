package com.cossacklabs.themis;

import dev.securesession.compat.comparator.Comparison;
import dev.securesession.compat.comparator.ComparisonFailedException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Compares a secret with that of a peer; neither end learns more than whether the two are equal.
 *
 * <pre>{@code
 * SecureCompare compare = new SecureCompare(secret);
 * byte[] message = compare.begin();                 // one of the two ends only; to the peer
 * byte[] answer = compare.proceed(messageOfPeer);   // to the peer, unless it is null
 * boolean equal = compare.getResult() == SecureCompare.CompareResult.MATCH;
 * }</pre>
 *
 * <p>A peer can test one guess of the secret with each comparison: limit how often it may try, and use a secure connection.
 * A message that is refused ends the comparison with {@link CompareResult#NO_MATCH}, whatever was wrong with it. Needs
 * BouncyCastle, which this library brings unless it was excluded. For one thread at a time.
 */
public class SecureCompare {
    private final MessageDigest hash;
    private boolean hasSecret;
    private @Nullable Comparison comparison;
    private boolean closed;

    /** The result of a comparison. */
    public enum CompareResult {
        /** Messages are missing. */
        NOT_READY,
        /** The secrets differ, or a message of the peer was refused. */
        NO_MATCH,
        /** The secrets are equal. */
        MATCH
    }

    /** What follows a message. */
    public enum ProtocolResult {
        /** The comparison is over. */
        NO_OUTPUT,
        /** There is an answer for the peer. */
        SEND_TO_PEER
    }

    /**
     * Makes a comparison that has no secret yet.
     *
     * @throws IllegalStateException if BouncyCastle is not there: add {@code org.bouncycastle:bcprov-jdk18on}
     */
    public SecureCompare() {
        try {
            Comparison.requireLibrary();
            hash = MessageDigest.getInstance("SHA-256");
        } catch (NoClassDefFoundError e) {
            throw new IllegalStateException(
                    "SecureCompare needs BouncyCastle: add org.bouncycastle:bcprov-jdk18on, which was excluded", e);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /**
     * Makes a comparison of a secret.
     *
     * @param secret 1 byte or more; only read
     * @throws NullArgumentException if there is no secret
     * @throws InvalidArgumentException if the secret is empty
     * @throws IllegalStateException if BouncyCastle is not there: add {@code org.bouncycastle:bcprov-jdk18on}
     */
    public SecureCompare(byte[] secret) {
        this();
        append(secret);
    }

    /**
     * Makes a comparison of a text.
     *
     * @param password 1 character or more; compared as big-endian UTF-16 after a byte order mark
     * @throws NullArgumentException if there is no text
     * @throws InvalidArgumentException if the text is empty
     * @throws IllegalStateException if BouncyCastle is not there: add {@code org.bouncycastle:bcprov-jdk18on}
     */
    public SecureCompare(String password) {
        this(Arguments.requireNonNull(password, "password cannot be null").getBytes(StandardCharsets.UTF_16));
    }

    /** Ends the comparison. May be called twice. */
    public void close() {
        closed = true;
        comparison = null;
        hash.reset();
    }

    /** Does nothing: there is no memory outside of the heap. */
    @Override
    @Deprecated
    @SuppressWarnings({"removal", "Finalize"})
    protected void finalize() {}

    /**
     * Adds to the end of the secret. What both ends have appended must be equal as a whole.
     *
     * @param secretData 1 byte or more; only read
     * @throws NullArgumentException if there is no array
     * @throws InvalidArgumentException if the array is empty
     * @throws IllegalStateException if the comparison has begun or was closed
     */
    public void appendSecret(byte[] secretData) {
        requireOpen();
        if (comparison != null) {
            throw new IllegalStateException("the comparison has begun: append the whole secret before");
        }
        append(secretData);
    }

    /**
     * Returns the first message and makes this end the one that begins. The peer calls {@link #proceed} only.
     *
     * @return the message for the peer, 192 bytes, a new array
     * @throws IllegalStateException if there is no secret, the comparison has begun, or it was closed
     */
    public byte[] begin() {
        return current().begin();
    }

    /**
     * Takes in a message of the peer.
     *
     * @param compareData the whole message
     * @return the answer for the peer, a new array, or {@code null} if this was the last message
     * @throws SecureCompareException if the message is refused: the comparison is over and no match
     * @throws NullArgumentException if there is no message
     * @throws IllegalStateException if there is no secret, or the comparison was closed
     */
    public byte[] proceed(byte[] compareData) throws SecureCompareException {
        Comparison current = current();
        Arguments.requireNonNull(compareData, "message cannot be null");
        try {
            byte[] answer = current.proceed(compareData);
            return answer.length == 0 ? null : answer;
        } catch (ComparisonFailedException e) {
            throw new SecureCompareException(e);
        }
    }

    /**
     * Returns the result.
     *
     * @return {@link CompareResult#NOT_READY} until the last message of this end was made or accepted
     * @throws IllegalStateException if the comparison was closed
     */
    public CompareResult getResult() {
        requireOpen();
        Comparison current = comparison;
        if (current == null) {
            return CompareResult.NOT_READY;
        }
        return switch (current.result()) {
            case NOT_READY -> CompareResult.NOT_READY;
            case NO_MATCH -> CompareResult.NO_MATCH;
            case MATCH -> CompareResult.MATCH;
        };
    }

    private void append(byte[] secret) {
        Arguments.requireBytes(secret, "secret");
        hash.update(secret);
        hasSecret = true;
    }

    private Comparison current() {
        requireOpen();
        Comparison current = comparison;
        if (current == null) {
            if (!hasSecret) {
                throw new IllegalStateException("there is no secret to compare: append one");
            }
            byte[] digest = hash.digest();
            current = new Comparison(digest, new SecureRandom());
            Arrays.fill(digest, (byte) 0);
            comparison = current;
        }
        return current;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("Secure Comparator is closed");
        }
    }
}
