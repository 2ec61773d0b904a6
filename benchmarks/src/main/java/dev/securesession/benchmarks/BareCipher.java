package dev.securesession.benchmarks;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.Provider;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The cipher of messages alone, called from array to array as wrapping and unwrapping call it. The difference to a message
 * is the cost of the library itself. Not thread-safe.
 */
final class BareCipher implements Contender {
    private static final String ALGORITHM = "AES/GCM/NoPadding";
    private static final int PREFIX_LENGTH = 16;
    private static final int TAG_LENGTH = 16;

    private final Provider provider;

    BareCipher(ProviderSet set) {
        provider = set.providers().aead();
    }

    @Override
    public Connection connect() throws GeneralSecurityException {
        return new Pair(Cipher.getInstance(ALGORITHM, provider), Cipher.getInstance(ALGORITHM, provider));
    }

    Calls calls(int size) throws GeneralSecurityException {
        return new Calls(Cipher.getInstance(ALGORITHM, provider), Cipher.getInstance(ALGORITHM, provider), size);
    }

    /** A pair of ciphers that are used for all messages. */
    private record Pair(Cipher cipher, Cipher decipher) implements Connection {
        @Override
        public RoundTrip roundTrip(int size) {
            Calls calls = new Calls(cipher, decipher, size);
            return () -> {
                calls.seal();
                return calls.open() - PREFIX_LENGTH;
            };
        }

        @Override
        public void close() {}
    }

    /** Encrypts and decrypts payloads of one size, with one key and a new nonce for each. */
    static final class Calls {
        private final Cipher cipher;
        private final Cipher decipher;
        private final SecretKeySpec key = new SecretKeySpec(new byte[32], "AES");
        private final byte[] nonce = new byte[12];
        private final ByteBuffer nonceNumber = ByteBuffer.wrap(nonce);
        private final byte[] prefix = new byte[PREFIX_LENGTH];
        private final byte[] payload;
        private final byte[] sealed;
        private final byte[] opened;
        private long nonces = System.nanoTime();

        private Calls(Cipher cipher, Cipher decipher, int size) {
            this.cipher = cipher;
            this.decipher = decipher;
            payload = new byte[size];
            sealed = new byte[PREFIX_LENGTH + size + TAG_LENGTH];
            opened = new byte[PREFIX_LENGTH + size];
        }

        int seal() throws GeneralSecurityException {
            nonces++;
            nonceNumber.putLong(0, nonces);
            cipher.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(8 * TAG_LENGTH, nonce));
            int written = cipher.update(prefix, 0, PREFIX_LENGTH, sealed, 0);
            return written + cipher.doFinal(payload, 0, payload.length, sealed, written);
        }

        /** Decrypts the ciphertext of the last encryption. */
        int open() throws GeneralSecurityException {
            decipher.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(8 * TAG_LENGTH, nonce));
            return decipher.doFinal(sealed, 0, sealed.length, opened, 0);
        }
    }
}
