package dev.securesession;

import dev.securesession.SealedDataException.Reason;
import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.AeadKey;
import dev.securesession.internal.crypto.AesGcm;
import dev.securesession.internal.crypto.CryptoSuite;
import dev.securesession.internal.crypto.Pbkdf2;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.crypto.SoterKdf;
import dev.securesession.internal.keys.KeyFormat;
import dev.securesession.internal.keys.KeyText;
import dev.securesession.internal.state.SealedDatum;
import dev.securesession.internal.state.SealedDatum.Stretching;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.security.auth.Destroyable;
import org.jspecify.annotations.Nullable;

/**
 * Seals data at rest: encrypts and authenticates it with a key or a passphrase, in the form that Themis peers call Secure
 * Cell, Seal mode.
 *
 * <pre>{@code
 * Sealer sealer = Sealer.withKey(key);
 * byte[] sealed = sealer.seal(state, "session of alice".getBytes(UTF_8));
 * byte[] opened = sealer.unseal(sealed, "session of alice".getBytes(UTF_8));
 * }</pre>
 *
 * <p>A context is not stored: data opens only with the same context again. Instances are immutable and safe for use by
 * several threads. With a passphrase each call takes about a tenth of a second: guessing must be slow.
 *
 * <p>PROTOCOL.md, section 11.1.
 */
public final class Sealer implements Destroyable {
    /** The number of PBKDF2 iterations when data is sealed with a passphrase. */
    public static final int ITERATIONS = 314_110;

    /** The highest number of PBKDF2 iterations that is accepted when data is opened, unless another limit is set. */
    public static final int ITERATION_LIMIT = 4_000_000;

    private static final String LABEL = "Themis secure cell message key";
    private static final byte[] NO_CONTEXT = {};

    private final DestroyableSecret secret;
    private final boolean isPassphrase;
    private final int iterationLimit;
    private final CryptoSuite crypto;

    private Sealer(Secret secret, boolean isPassphrase, int iterationLimit, CryptoSuite crypto) {
        if (secret.length() == 0) {
            throw new IllegalArgumentException(
                    "an empty " + (isPassphrase ? "passphrase" : "key") + "; it needs at least 1 byte");
        }
        this.secret = new DestroyableSecret(secret, "sealer");
        this.isPassphrase = isPassphrase;
        this.iterationLimit = iterationLimit;
        this.crypto = crypto;
    }

    /**
     * Returns a sealer with a key.
     *
     * @param key 1 byte or more; should be 32 random bytes; copied, the caller's to wipe
     * @return the sealer
     * @throws IllegalArgumentException if the key is empty
     */
    public static Sealer withKey(byte[] key) {
        return new Sealer(
                Secret.copyOf(key),
                false,
                ITERATION_LIMIT,
                CryptoProviders.platform().suite());
    }

    /**
     * Returns a sealer with a passphrase, which is encoded in UTF-8.
     *
     * @param passphrase 1 character or more; copied, the caller's to wipe
     * @return the sealer
     * @throws IllegalArgumentException if the passphrase is empty, or has an unpaired surrogate
     */
    public static Sealer withPassphrase(char[] passphrase) {
        byte[] bytes = utf8(passphrase);
        return new Sealer(
                Secret.owning(bytes),
                true,
                ITERATION_LIMIT,
                CryptoProviders.platform().suite());
    }

    /**
     * Returns a sealer with a passphrase in any encoding.
     *
     * @param passphrase 1 byte or more; copied, the caller's to wipe
     * @return the sealer
     * @throws IllegalArgumentException if the passphrase is empty
     */
    public static Sealer withPassphraseBytes(byte[] passphrase) {
        return new Sealer(
                Secret.copyOf(passphrase),
                true,
                ITERATION_LIMIT,
                CryptoProviders.platform().suite());
    }

    /** Takes over the key. */
    static Sealer withSecret(Secret key, CryptoSuite crypto) {
        return new Sealer(key, false, ITERATION_LIMIT, crypto);
    }

    /**
     * Returns a copy with another limit on the iterations that data may ask for when it is opened.
     *
     * @param iterations the highest number of PBKDF2 iterations, 1 or more
     * @return the copy; to be destroyed on its own
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public Sealer withIterationLimit(int iterations) {
        if (iterations < 1) {
            throw new IllegalArgumentException("a limit of " + iterations + " iterations; it must be 1 or more");
        }
        return new Sealer(secret.copy(), isPassphrase, iterations, crypto);
    }

    /**
     * Seals data without a context.
     *
     * @param data 1 byte or more; not kept
     * @return 44 bytes more with a key, 70 with a passphrase; a new array, the caller's to keep
     * @throws IllegalArgumentException if there is no data
     * @throws IllegalStateException if the sealer was destroyed
     */
    public byte[] seal(byte[] data) {
        return seal(data, NO_CONTEXT);
    }

    /**
     * Seals data that belongs to a context.
     *
     * @param data 1 byte or more; not kept
     * @param context what the data belongs to; not stored with it; empty for none
     * @return 44 bytes more with a key, 70 with a passphrase; a new array, the caller's to keep
     * @throws IllegalArgumentException if there is no data
     * @throws IllegalStateException if the sealer was destroyed
     */
    public byte[] seal(byte[] data, byte[] context) {
        if (data.length == 0) {
            throw new IllegalArgumentException("no data to seal; it needs at least 1 byte");
        }
        Stretching stretching =
                isPassphrase ? new Stretching(ITERATIONS, crypto.randomBytes(SealedDatum.SALT_LENGTH)) : null;
        byte[] nonce = crypto.randomBytes(AesGcm.NONCE_LENGTH);
        Secret key = derive(stretching, data.length, context);
        try {
            byte[] sealed = crypto.aead().sealOnce(key, nonce, context, data);
            byte[] ciphertext = Arrays.copyOf(sealed, data.length);
            byte[] tag = Arrays.copyOfRange(sealed, data.length, sealed.length);
            return new SealedDatum(nonce, tag, ciphertext, stretching).write();
        } finally {
            key.wipe();
        }
    }

    /**
     * Opens data that was sealed without a context.
     *
     * @param sealed the sealed data; not kept
     * @return the data, a new array, the caller's to keep
     * @throws SealedDataException if it does not open: see the reason
     * @throws IllegalStateException if the sealer was destroyed
     */
    public byte[] unseal(byte[] sealed) throws SealedDataException {
        return unseal(sealed, NO_CONTEXT);
    }

    /**
     * Opens data that was sealed with a context.
     *
     * @param sealed the sealed data; not kept
     * @param context as it was for sealing
     * @return the data, a new array, the caller's to keep
     * @throws SealedDataException if it does not open: see the reason
     * @throws IllegalStateException if the sealer was destroyed
     */
    public byte[] unseal(byte[] sealed, byte[] context) throws SealedDataException {
        SealedDatum datum = parse(sealed);
        byte[] ciphertext = datum.ciphertext();
        Secret key = derive(datum.stretching(), ciphertext.length, context);
        byte @Nullable [] data;
        try {
            data = crypto.aead().openOnce(key, datum.nonce(), context, Bytes.concat(ciphertext, datum.tag()));
        } finally {
            key.wipe();
        }
        if (data == null) {
            throw new SealedDataException(
                    Reason.NOT_AUTHENTIC,
                    "sealed data that was changed, or another " + (isPassphrase ? "passphrase" : "key")
                            + " or context than it was sealed with");
        }
        return data;
    }

    /** Opens a key if it is sealed; returns the opened one or a copy, the caller's to wipe. */
    byte[] opened(byte[] key) throws SealedDataException {
        byte[] binary = KeyText.decode(key);
        if (!KeyFormat.of(binary).isSealed()) {
            return binary;
        }
        return unseal(binary);
    }

    /** Wipes the key or passphrase. May be called twice. */
    @Override
    public void destroy() {
        secret.destroy();
    }

    @Override
    public boolean isDestroyed() {
        return secret.isDestroyed();
    }

    /**
     * Describes the sealer for people to read.
     *
     * @return a description without the key or passphrase
     */
    @Override
    public String toString() {
        return (isDestroyed() ? "destroyed sealer with a " : "sealer with a ") + (isPassphrase ? "passphrase" : "key");
    }

    /** Encodes into one array with room for everything, since an encoder that runs out of room leaves a copy behind. */
    private static byte[] utf8(char[] text) {
        CharsetEncoder encoder = StandardCharsets.UTF_8
                .newEncoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        byte[] room = new byte[Math.multiplyExact(text.length, (int) encoder.maxBytesPerChar())];
        ByteBuffer encoded = ByteBuffer.wrap(room);
        try {
            if (encoder.encode(CharBuffer.wrap(text), encoded, true).isError()) {
                throw new IllegalArgumentException(
                        "a passphrase with an unpaired surrogate; it must be well-formed text");
            }
            return Arrays.copyOf(room, encoded.position());
        } finally {
            Arrays.fill(room, (byte) 0);
        }
    }

    private SealedDatum parse(byte[] sealed) throws SealedDataException {
        SealedDatum datum;
        try {
            datum = SealedDatum.parse(sealed);
        } catch (MalformedException e) {
            throw new SealedDataException(Reason.MALFORMED, e.getMessage(), e);
        }
        Stretching stretching = datum.stretching();
        if ((stretching != null) != isPassphrase) {
            throw new SealedDataException(
                    Reason.WRONG_KIND,
                    isPassphrase
                            ? "data sealed with a key; a passphrase does not open it"
                            : "data sealed with a passphrase; a key does not open it");
        }
        if (stretching != null && stretching.iterations() > iterationLimit) {
            throw new SealedDataException(
                    Reason.TOO_MUCH_WORK,
                    "sealed data that asks for " + stretching.iterations() + " iterations; the limit is "
                            + iterationLimit);
        }
        return datum;
    }

    /** K = KDF(key or stretched passphrase, label, [data length, context], 32), little-endian length. */
    private Secret derive(@Nullable Stretching stretching, int dataLength, byte[] context) {
        Secret own = secret.copy();
        Secret base = stretching == null
                ? own
                : Pbkdf2.derive(crypto.hmac(), own, stretching.salt(), (int) stretching.iterations());
        try {
            byte[] length = Bytes.int32LittleEndian(dataLength);
            return Secret.owning(new SoterKdf(crypto.hmac()).derive(base, LABEL, AeadKey.LENGTH, length, context));
        } finally {
            own.wipe();
            base.wipe();
        }
    }
}
