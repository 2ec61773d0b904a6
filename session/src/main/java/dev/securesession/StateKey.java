package dev.securesession;

import dev.securesession.StateRejectedException.Reason;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.AeadKey;
import dev.securesession.internal.crypto.AesGcm;
import dev.securesession.internal.crypto.CryptoSuite;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.crypto.SoterKdf;
import dev.securesession.internal.state.SealedState;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Locale;
import javax.security.auth.Destroyable;
import org.jspecify.annotations.Nullable;

/**
 * The key that seals saved sessions and handshakes. A {@link StateBinding} says what each state belongs to.
 *
 * <p>Every state is sealed with a key of its own, derived from this one: there is no limit to how many. Instances are
 * immutable, apart from being destroyed, and safe for use by several threads. PROTOCOL.md S-1.
 */
public final class StateKey implements Destroyable {
    /** Length of the key in bytes. */
    public static final int LENGTH = AeadKey.LENGTH;

    private static final String LABEL = "Secure Session saved state";

    private final DestroyableSecret secret;

    private StateKey(Secret secret) {
        this.secret = new DestroyableSecret(secret, "state key");
    }

    /**
     * Returns a key.
     *
     * @param key exactly 32 random bytes; copied, the caller's to wipe
     * @return the key
     * @throws IllegalArgumentException if there are more or fewer bytes
     */
    public static StateKey of(byte[] key) {
        if (key.length != LENGTH) {
            throw new IllegalArgumentException("a state key of " + key.length + " bytes; it must be " + LENGTH);
        }
        return new StateKey(Secret.copyOf(key));
    }

    /** Wipes the key. May be called twice. */
    @Override
    public void destroy() {
        secret.destroy();
    }

    @Override
    public boolean isDestroyed() {
        return secret.isDestroyed();
    }

    /**
     * Names the kind of key for people to read.
     *
     * @return a description without the key
     */
    @Override
    public String toString() {
        return secret.isDestroyed() ? "destroyed state key" : "state key";
    }

    /**
     * Seals a saved state with another key, without restoring it: for the rotation of keys.
     *
     * @param state what this key has sealed; not changed
     * @param binding the binding that it was sealed with, and stays sealed with
     * @param other seals it from now on
     * @param config chooses the providers of the cryptography
     * @return the state sealed with the other key, a new array, the caller's to keep
     * @throws StateRejectedException if the state was changed, or sealed with a third key or for another binding
     * @throws IllegalStateException if one of the keys was destroyed
     */
    public byte[] reseal(byte[] state, StateBinding binding, StateKey other, SessionConfig config)
            throws StateRejectedException {
        Kind kind = Kind.SESSION.seals(state) ? Kind.SESSION : Kind.HANDSHAKE;
        byte[] opened = unseal(config.suite(), kind, binding, state);
        try {
            return other.seal(config.suite(), kind, binding, opened);
        } finally {
            Arrays.fill(opened, (byte) 0);
        }
    }

    byte[] seal(CryptoSuite suite, Kind kind, StateBinding binding, byte[] state) {
        byte[] salt = suite.randomBytes(SealedState.SALT_LENGTH);
        byte[] nonce = suite.randomBytes(AesGcm.NONCE_LENGTH);
        Secret key = derive(suite, salt);
        try {
            byte[] associated =
                    SealedState.associated(kind.letter, salt, nonce, binding.ownerBytes(), binding.generation());
            return SealedState.write(kind.letter, salt, nonce, suite.aead().sealOnce(key, nonce, associated, state));
        } finally {
            key.wipe();
        }
    }

    /** Returns the state, the caller's to wipe. */
    byte[] unseal(CryptoSuite suite, Kind kind, StateBinding binding, byte[] sealedState)
            throws StateRejectedException {
        SealedState sealed;
        try {
            sealed = SealedState.parse(sealedState);
        } catch (MalformedException e) {
            throw new StateRejectedException(Reason.MALFORMED, e.getMessage(), e);
        }
        if (sealed.kind() != kind.letter) {
            throw new StateRejectedException(
                    Reason.WRONG_KIND,
                    "a saved state that is not of a " + kind.name().toLowerCase(Locale.ROOT));
        }
        Secret key = derive(suite, sealed.salt());
        byte @Nullable [] state;
        try {
            byte[] associated = SealedState.associated(
                    kind.letter, sealed.salt(), sealed.nonce(), binding.ownerBytes(), binding.generation());
            state = suite.aead().openOnce(key, sealed.nonce(), associated, sealed.ciphertext());
        } finally {
            key.wipe();
        }
        if (state == null) {
            throw new StateRejectedException(
                    Reason.NOT_AUTHENTIC,
                    "a saved state that was changed, or sealed with another key or for another binding than "
                            + binding);
        }
        return state;
    }

    /** Refuses a state that another identity has saved. */
    static void requireIdentity(LocalIdentity identity, byte[] id, byte[] fingerprint) throws StateRejectedException {
        if (!MessageDigest.isEqual(identity.id().toBytes(), id)
                || !MessageDigest.isEqual(identity.publicKey().fingerprintBytes(), fingerprint)) {
            throw new StateRejectedException(
                    Reason.WRONG_IDENTITY, "a state that was saved by another identity than " + identity);
        }
    }

    private Secret derive(CryptoSuite suite, byte[] salt) {
        Secret own = secret.copy();
        try {
            return Secret.owning(new SoterKdf(suite.hmac()).derive(own, LABEL, LENGTH, salt));
        } finally {
            own.wipe();
        }
    }

    /** What a state is of. */
    enum Kind {
        SESSION('S'),
        HANDSHAKE('N');

        private final char letter;

        Kind(char letter) {
            this.letter = letter;
        }

        boolean seals(byte[] state) {
            try {
                return SealedState.parse(state).kind() == letter;
            } catch (MalformedException e) {
                return false;
            }
        }
    }
}
