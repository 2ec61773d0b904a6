package dev.securesession.transport;

import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.InvalidKeyException;
import java.security.Key;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.spec.AlgorithmParameterSpec;
import java.util.concurrent.atomic.AtomicReference;
import javax.crypto.BadPaddingException;
import javax.crypto.Cipher;
import javax.crypto.CipherSpi;
import javax.crypto.IllegalBlockSizeException;
import javax.crypto.ShortBufferException;

/** A provider of AES-GCM whose next encryption can be made to fail, as that of a token or of a full heap does. */
@SuppressWarnings("serial") // Never serialized.
final class FailingAead extends Provider {
    private static final String TRANSFORMATION = "AES/GCM/NoPadding";

    private final transient AtomicReference<Throwable> next = new AtomicReference<>();

    FailingAead() {
        super("FailingAead", "1", "AES-GCM that fails when it is told to");
        putService(new Service(this, "Cipher", TRANSFORMATION, Spi.class.getName(), null, null) {
            @Override
            public Object newInstance(Object parameter) {
                return new Spi();
            }
        });
    }

    /** Lets one encryption fail. */
    void failOnce(Throwable failure) {
        next.set(failure);
    }

    private final class Spi extends CipherSpi {
        private final Cipher cipher;
        private boolean encrypts;

        Spi() {
            try {
                cipher = Cipher.getInstance(TRANSFORMATION, "SunJCE");
            } catch (GeneralSecurityException e) {
                throw new AssertionError(e);
            }
        }

        private void failIfTold() {
            Throwable failure = encrypts ? next.getAndSet(null) : null;
            if (failure != null) {
                FailingAead.<RuntimeException>sneak(failure);
            }
        }

        @Override
        protected void engineInit(int mode, Key key, SecureRandom random) throws InvalidKeyException {
            encrypts = mode == Cipher.ENCRYPT_MODE;
            cipher.init(mode, key, random);
        }

        @Override
        protected void engineInit(int mode, Key key, AlgorithmParameterSpec parameters, SecureRandom random)
                throws InvalidKeyException, InvalidAlgorithmParameterException {
            encrypts = mode == Cipher.ENCRYPT_MODE;
            cipher.init(mode, key, parameters, random);
        }

        @Override
        protected void engineInit(int mode, Key key, AlgorithmParameters parameters, SecureRandom random)
                throws InvalidKeyException, InvalidAlgorithmParameterException {
            encrypts = mode == Cipher.ENCRYPT_MODE;
            cipher.init(mode, key, parameters, random);
        }

        @Override
        protected void engineUpdateAAD(byte[] data, int offset, int length) {
            cipher.updateAAD(data, offset, length);
        }

        @Override
        protected byte[] engineUpdate(byte[] input, int offset, int length) {
            return cipher.update(input, offset, length);
        }

        @Override
        protected int engineUpdate(byte[] input, int offset, int length, byte[] output, int at)
                throws ShortBufferException {
            return cipher.update(input, offset, length, output, at);
        }

        @Override
        protected byte[] engineDoFinal(byte[] input, int offset, int length)
                throws IllegalBlockSizeException, BadPaddingException {
            failIfTold();
            return cipher.doFinal(input, offset, length);
        }

        @Override
        protected int engineDoFinal(byte[] input, int offset, int length, byte[] output, int at)
                throws ShortBufferException, IllegalBlockSizeException, BadPaddingException {
            failIfTold();
            return cipher.doFinal(input, offset, length, output, at);
        }

        @Override
        protected int engineGetBlockSize() {
            return cipher.getBlockSize();
        }

        @Override
        protected int engineGetOutputSize(int length) {
            return cipher.getOutputSize(length);
        }

        @Override
        protected byte[] engineGetIV() {
            return cipher.getIV();
        }

        @Override
        protected AlgorithmParameters engineGetParameters() {
            return cipher.getParameters();
        }

        @Override
        protected void engineSetMode(String mode) {}

        @Override
        protected void engineSetPadding(String padding) {}
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <E extends Throwable> void sneak(Throwable failure) throws E {
        throw (E) failure;
    }
}
