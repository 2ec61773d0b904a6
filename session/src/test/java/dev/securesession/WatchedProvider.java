package dev.securesession;

import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.InvalidKeyException;
import java.security.Key;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyPairGeneratorSpi;
import java.security.NoSuchAlgorithmException;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.AlgorithmParameterSpec;
import javax.crypto.BadPaddingException;
import javax.crypto.Cipher;
import javax.crypto.CipherSpi;
import javax.crypto.IllegalBlockSizeException;
import javax.crypto.KeyAgreement;
import javax.crypto.KeyAgreementSpi;
import javax.crypto.Mac;
import javax.crypto.MacSpi;
import javax.crypto.SecretKey;
import javax.crypto.ShortBufferException;

/**
 * Makes providers that pass every operation to another provider, and show a watcher each secret that crosses the border:
 * the keys that our code hands in and the arrays that it gets.
 */
final class WatchedProvider {
    private WatchedProvider() {}

    /** Returns a provider of all that sessions need. */
    static Provider of(Provider ec, Provider aead, Provider mac, Watcher watcher) {
        return new FakeProvider("Watched")
                .with("KeyFactory", "EC", ec)
                .with("Signature", "SHA256withECDSA", ec)
                .with(
                        "KeyPairGenerator",
                        "EC",
                        made(() -> new Generator(KeyPairGenerator.getInstance("EC", ec), watcher)))
                .with("KeyAgreement", "ECDH", made(() -> new Agreement(KeyAgreement.getInstance("ECDH", ec), watcher)))
                .with("Mac", "HmacSHA256", made(() -> new Code(Mac.getInstance("HmacSHA256", mac), watcher)))
                .with(
                        "Cipher",
                        "AES/GCM/NoPadding",
                        made(() -> new Gcm(Cipher.getInstance("AES/GCM/NoPadding", aead), watcher)));
    }

    /** Sees the secrets that cross the border to a provider. */
    interface Watcher {
        /** An ephemeral private key, made by the provider. */
        void generated(ECPrivateKey key);

        /** A key that our code hands in. */
        void lent(Kind kind, Key key);

        /** An array that our code gets, and so has to wipe if it is secret. */
        void returned(Kind kind, byte[] bytes);
    }

    /** What a secret is. */
    enum Kind {
        EPHEMERAL_KEY,
        SHARED_SECRET,
        HMAC_KEY,
        CODE,
        AES_KEY,
        DECRYPTED
    }

    private static java.util.function.Supplier<Object> made(Making making) {
        return () -> {
            try {
                return making.make();
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        };
    }

    /** Makes an SPI object. */
    private interface Making {
        Object make() throws GeneralSecurityException;
    }

    private static final class Generator extends KeyPairGeneratorSpi {
        private final KeyPairGenerator generator;
        private final Watcher watcher;

        Generator(KeyPairGenerator generator, Watcher watcher) {
            this.generator = generator;
            this.watcher = watcher;
        }

        @Override
        public void initialize(int length, SecureRandom random) {
            generator.initialize(length, random);
        }

        @Override
        public void initialize(AlgorithmParameterSpec parameters, SecureRandom random)
                throws InvalidAlgorithmParameterException {
            generator.initialize(parameters, random);
        }

        @Override
        public KeyPair generateKeyPair() {
            KeyPair pair = generator.generateKeyPair();
            watcher.generated((ECPrivateKey) pair.getPrivate());
            return pair;
        }
    }

    private static final class Agreement extends KeyAgreementSpi {
        private final KeyAgreement agreement;
        private final Watcher watcher;

        Agreement(KeyAgreement agreement, Watcher watcher) {
            this.agreement = agreement;
            this.watcher = watcher;
        }

        @Override
        protected void engineInit(Key key, SecureRandom random) throws InvalidKeyException {
            agreement.init(key, random);
        }

        @Override
        protected void engineInit(Key key, AlgorithmParameterSpec parameters, SecureRandom random)
                throws InvalidKeyException, InvalidAlgorithmParameterException {
            agreement.init(key, parameters, random);
        }

        @Override
        protected Key engineDoPhase(Key key, boolean lastPhase) throws InvalidKeyException {
            return agreement.doPhase(key, lastPhase);
        }

        @Override
        protected byte[] engineGenerateSecret() {
            byte[] secret = agreement.generateSecret();
            watcher.returned(Kind.SHARED_SECRET, secret);
            return secret;
        }

        @Override
        protected int engineGenerateSecret(byte[] target, int offset) throws ShortBufferException {
            throw new UnsupportedOperationException("the library takes a new array");
        }

        @Override
        protected SecretKey engineGenerateSecret(String algorithm)
                throws NoSuchAlgorithmException, InvalidKeyException {
            throw new UnsupportedOperationException("the library takes a new array");
        }
    }

    private static final class Code extends MacSpi {
        private final Mac mac;
        private final Watcher watcher;

        Code(Mac mac, Watcher watcher) {
            this.mac = mac;
            this.watcher = watcher;
        }

        @Override
        protected int engineGetMacLength() {
            return mac.getMacLength();
        }

        @Override
        protected void engineInit(Key key, AlgorithmParameterSpec parameters)
                throws InvalidKeyException, InvalidAlgorithmParameterException {
            watcher.lent(Kind.HMAC_KEY, key);
            mac.init(key, parameters);
        }

        @Override
        protected void engineUpdate(byte input) {
            mac.update(input);
        }

        @Override
        protected void engineUpdate(byte[] input, int offset, int length) {
            mac.update(input, offset, length);
        }

        @Override
        protected byte[] engineDoFinal() {
            byte[] code = mac.doFinal();
            watcher.returned(Kind.CODE, code);
            return code;
        }

        @Override
        protected void engineReset() {
            mac.reset();
        }
    }

    private static final class Gcm extends CipherSpi {
        private final Cipher cipher;
        private final Watcher watcher;
        private boolean decrypts;

        Gcm(Cipher cipher, Watcher watcher) {
            this.cipher = cipher;
            this.watcher = watcher;
        }

        @Override
        protected void engineSetMode(String mode) {
            throw new UnsupportedOperationException("part of the name");
        }

        @Override
        protected void engineSetPadding(String padding) {
            throw new UnsupportedOperationException("part of the name");
        }

        @Override
        protected int engineGetBlockSize() {
            return cipher.getBlockSize();
        }

        @Override
        protected int engineGetOutputSize(int inputLength) {
            return cipher.getOutputSize(inputLength);
        }

        @Override
        protected byte[] engineGetIV() {
            return cipher.getIV();
        }

        @Override
        protected java.security.AlgorithmParameters engineGetParameters() {
            return cipher.getParameters();
        }

        @Override
        protected void engineInit(int mode, Key key, SecureRandom random) throws InvalidKeyException {
            throw new UnsupportedOperationException("the library gives a nonce");
        }

        @Override
        protected void engineInit(int mode, Key key, AlgorithmParameterSpec parameters, SecureRandom random)
                throws InvalidKeyException, InvalidAlgorithmParameterException {
            decrypts = mode == Cipher.DECRYPT_MODE;
            watcher.lent(Kind.AES_KEY, key);
            cipher.init(mode, key, parameters);
        }

        @Override
        protected void engineInit(
                int mode, Key key, java.security.AlgorithmParameters parameters, SecureRandom random) {
            throw new UnsupportedOperationException("the library gives a nonce");
        }

        @Override
        protected void engineUpdateAAD(byte[] input, int offset, int length) {
            cipher.updateAAD(input, offset, length);
        }

        @Override
        protected byte[] engineUpdate(byte[] input, int offset, int length) {
            return cipher.update(input, offset, length);
        }

        @Override
        protected int engineUpdate(byte[] input, int offset, int length, byte[] target, int at)
                throws ShortBufferException {
            return cipher.update(input, offset, length, target, at);
        }

        @Override
        protected byte[] engineDoFinal(byte[] input, int offset, int length)
                throws IllegalBlockSizeException, BadPaddingException {
            byte[] result = cipher.doFinal(input, offset, length);
            if (decrypts) {
                watcher.returned(Kind.DECRYPTED, result);
            }
            return result;
        }

        @Override
        protected int engineDoFinal(byte[] input, int offset, int length, byte[] target, int at)
                throws ShortBufferException, IllegalBlockSizeException, BadPaddingException {
            return cipher.doFinal(input, offset, length, target, at);
        }
    }
}
