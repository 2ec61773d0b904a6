package dev.securesession.internal.crypto;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.securesession.FakeProvider;
import dev.securesession.rules.Rule;
import java.lang.ref.WeakReference;
import java.security.AlgorithmParameters;
import java.security.InvalidKeyException;
import java.security.Key;
import java.security.NoSuchAlgorithmException;
import java.security.ProviderException;
import java.security.SecureRandom;
import java.security.spec.AlgorithmParameterSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.CipherSpi;
import javax.crypto.IllegalBlockSizeException;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AesGcmTest {
    private static final byte[] PREFIX = new byte[16];

    private final AesGcm aead = new AesGcm(Suites.AEAD);
    private int nonces;

    @Test
    void sealsWhatThePlatformOpens() throws Exception {
        byte[] secret = random(32);
        AeadKey key = aead.key(Secret.copyOf(secret));
        for (int length : new int[] {0, 1, 15, 16, 17, 1000, 70_000}) {
            byte[] payload = random(length + 5);
            byte[] nonce = nonce();
            byte[] target = random(length + 50);
            byte[] before = target.clone();

            aead.seal(key, nonce, PREFIX, payload, 3, length, target, 7);

            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(secret, "AES"), new GCMParameterSpec(128, nonce));
            byte[] opened = cipher.doFinal(target, 7, 16 + length + 16);
            assertThat(Arrays.copyOf(opened, 16)).isEqualTo(PREFIX);
            assertThat(Arrays.copyOfRange(opened, 16, opened.length))
                    .isEqualTo(Arrays.copyOfRange(payload, 3, 3 + length));
            assertThat(Arrays.copyOf(target, 7)).isEqualTo(Arrays.copyOf(before, 7));
            int end = 7 + 16 + length + 16;
            assertThat(Arrays.copyOfRange(target, end, target.length))
                    .isEqualTo(Arrays.copyOfRange(before, end, before.length));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 15, 16, 17, 100, 1000, 8192, 100_000})
    void sealsAndOpensInPlace(int length) {
        AeadKey key = aead.key(Secret.owning(random(32)));
        byte[] payload = random(length);
        byte[] nonce = nonce();
        byte[] array = new byte[4 + 16 + length + 16];
        System.arraycopy(payload, 0, array, 4 + 16, length);

        aead.seal(key, nonce, PREFIX, array, 4 + 16, length, array, 4);
        assertThat(Arrays.copyOfRange(array, 20, 20 + length)).isNotEqualTo(payload);
        assertThat(aead.open(key, nonce, array, 4, 16 + length + 16, array, 4)).isTrue();

        assertThat(Arrays.copyOfRange(array, 20, 20 + length)).isEqualTo(payload);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 17, 1000, 70_000})
    @Rule(value = "D-4", kind = REFUSES)
    void leavesNoPlaintextWhenTheTagIsWrong(int length) {
        AeadKey key = aead.key(Secret.owning(random(32)));
        byte[] nonce = nonce();
        byte[] sealed = new byte[16 + length + 16];
        aead.seal(key, nonce, PREFIX, random(length), 0, length, sealed, 0);
        for (int at : new int[] {0, 16, sealed.length - 16, sealed.length - 1}) {
            byte[] damaged = sealed.clone();
            damaged[at] ^= 1;
            byte[] target = new byte[sealed.length];
            Arrays.fill(target, (byte) 7);

            assertThat(aead.open(key, nonce, damaged, 0, damaged.length, target, 0))
                    .isFalse();
            assertThat(Arrays.copyOf(target, 16 + length)).containsOnly(0);

            assertThat(aead.open(key, nonce, damaged, 0, damaged.length, damaged, 0))
                    .isFalse();
            assertThat(Arrays.copyOf(damaged, 16 + length)).containsOnly(0);
        }
        byte[] good = new byte[16 + length];
        assertThat(aead.open(key, nonce, sealed, 0, sealed.length, good, 0)).isTrue();
    }

    @Test
    void servesMoreKeysThanItKeepsCiphersFor() {
        List<AeadKey> keys = new ArrayList<>();
        List<byte[]> sealed = new ArrayList<>();
        List<byte[]> usedNonces = new ArrayList<>();
        for (int i = 0; i < 600; i++) {
            keys.add(aead.key(Secret.owning(random(32))));
        }
        for (int i = 0; i < 600; i++) {
            byte[] target = new byte[33];
            usedNonces.add(nonce());
            aead.seal(keys.get(i), usedNonces.get(i), PREFIX, new byte[] {(byte) i}, 0, 1, target, 0);
            sealed.add(target);
        }
        for (int i = 0; i < 600; i++) {
            byte[] opened = new byte[17];
            int other = (i + 256) % 600;
            assertThat(aead.open(keys.get(other), usedNonces.get(i), sealed.get(i), 0, 33, opened, 0))
                    .isFalse();
            assertThat(aead.open(keys.get(i), usedNonces.get(i), sealed.get(i), 0, 33, opened, 0))
                    .isTrue();
            assertThat(opened[16]).isEqualTo((byte) i);
        }
    }

    @Test
    @Rule(value = "M-1", kind = ACCEPTS)
    void forgetsAKeyButNotAnotherOne() {
        Secret taken = Secret.owning(random(32));
        AeadKey first = aead.key(taken);
        assertThat(taken.toBytes()).as("taken over").containsOnly(0);
        AeadKey second = aead.key(Secret.owning(random(32)));
        byte[] nonce = nonce();
        byte[] sealed = new byte[33];
        aead.seal(second, nonce, PREFIX, new byte[] {5}, 0, 1, sealed, 0);

        aead.seal(first, nonce(), PREFIX, new byte[] {5}, 0, 1, new byte[33], 0);
        assertThat(first.acquireCipher()).as("the cipher of a busy key").isNotNull();
        aead.seal(first, nonce(), PREFIX, new byte[] {5}, 0, 1, new byte[33], 0);

        aead.forget(first);

        assertThat(first.acquireCipher()).as("the cipher of a forgotten key").isNull();
        assertThat(first.toBytes()).containsOnly(0);
        assertThat(second.toBytes()).isNotEqualTo(new byte[32]);
        assertThat(aead.open(second, nonce, sealed, 0, 33, new byte[17], 0)).isTrue();
        aead.forget(second);
        assertThat(second.toBytes()).containsOnly(0);
    }

    /** A session that is dropped without being closed takes its keys and their ciphers with it. */
    @Test
    @Rule(value = "M-1", kind = REFUSES)
    void holdsNoKeyThatNobodyElseHolds() {
        WeakReference<AeadKey> dropped = usedAndDropped();

        for (int i = 0; i < 200 && dropped.get() != null; i++) {
            System.gc();
        }
        assertThat(dropped.get()).isNull();
        // The place of the key is free again: more keys than ciphers are served.
        servesMoreKeysThanItKeepsCiphersFor();
    }

    private WeakReference<AeadKey> usedAndDropped() {
        AeadKey key = aead.key(Secret.owning(random(32)));
        aead.seal(key, nonce(), PREFIX, new byte[] {5}, 0, 1, new byte[33], 0);
        return new WeakReference<>(key);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 16, 24, 31, 33, 64})
    void takesNoKeysOfOtherLengths(int length) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> aead.key(Secret.owning(new byte[length])))
                .withMessageContaining("of " + length + " bytes");
    }

    @Test
    void sealsOnceWithAssociatedData() {
        Secret key = Secret.owning(random(32));
        byte[] nonce = nonce();
        byte[] associated = {1, 2, 3};
        byte[] sealed = aead.sealOnce(key, nonce, associated, new byte[] {4, 5});

        assertThat(sealed).hasSize(18);
        assertThat(aead.openOnce(key, nonce, associated, sealed)).containsExactly(4, 5);
        assertThat(aead.openOnce(key, nonce, new byte[0], sealed)).isNull();
        assertThat(aead.openOnce(key, nonce(), associated, sealed)).isNull();
        assertThat(aead.openOnce(Secret.owning(random(32)), nonce, associated, sealed))
                .isNull();
    }

    @Test
    @Rule(value = "C-3", kind = REFUSES)
    void refusesResultsOfTheWrongLength() {
        AesGcm wrong = new AesGcm(provider(() -> new FakeGcm(3)));
        AeadKey key = wrong.key(Secret.owning(random(32)));
        assertThatExceptionOfType(ProviderException.class)
                .isThrownBy(() -> wrong.seal(key, nonce(), PREFIX, new byte[8], 0, 8, new byte[40], 0))
                .withMessageContaining("it must be 40");
        assertThatExceptionOfType(ProviderException.class)
                .isThrownBy(() -> wrong.open(key, nonce(), new byte[40], 0, 40, new byte[24], 0))
                .withMessageContaining("it must be 24");
        assertThatExceptionOfType(ProviderException.class)
                .isThrownBy(() -> wrong.sealOnce(Secret.owning(random(32)), nonce(), PREFIX, new byte[8]))
                .withMessageContaining("it must be 24");
    }

    @Test
    void saysWhichProviderFailed() {
        AesGcm failing = new AesGcm(provider(() -> new FakeGcm(-1)));
        AeadKey key = failing.key(Secret.owning(random(32)));
        byte[] target = {1, 1, 1, 1};
        byte[] wide = new byte[64];
        assertThatExceptionOfType(ProviderException.class)
                .isThrownBy(() -> failing.seal(key, nonce(), PREFIX, target, 0, 4, wide, 0))
                .withMessageContaining("provider Fake could not encrypt");
        Arrays.fill(wide, (byte) 1);
        assertThatExceptionOfType(ProviderException.class)
                .isThrownBy(() -> failing.open(key, nonce(), new byte[40], 0, 40, wide, 0))
                .withMessageContaining("provider Fake could not decrypt");
        assertThat(Arrays.copyOf(wide, 24)).containsOnly(0);
        assertThatExceptionOfType(ProviderException.class)
                .isThrownBy(() -> failing.sealOnce(Secret.owning(random(32)), nonce(), PREFIX, target))
                .withMessageContaining("could not encrypt");
        assertThatExceptionOfType(ProviderException.class)
                .isThrownBy(() -> failing.openOnce(Secret.owning(random(32)), nonce(), PREFIX, new byte[20]))
                .withMessageContaining("could not decrypt");
    }

    @Test
    void saysWhenAProviderHasLostItsCipher() {
        FakeProvider lost = provider(() -> new FakeGcm(-1));
        AesGcm gone = new AesGcm(lost);
        AeadKey key = gone.key(Secret.owning(random(32)));
        lost.without("Cipher", AesGcm.ALGORITHM);
        assertThatExceptionOfType(ProviderException.class)
                .isThrownBy(() -> gone.seal(key, nonce(), PREFIX, new byte[1], 0, 1, new byte[33], 0))
                .withMessageContaining("no longer makes");
    }

    private byte[] nonce() {
        byte[] nonce = new byte[12];
        nonce[11] = (byte) nonces;
        nonce[10] = (byte) (nonces++ >> 8);
        return nonce;
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new SecureRandom().nextBytes(bytes);
        return bytes;
    }

    private static FakeProvider provider(java.util.function.Supplier<Object> cipher) {
        return new FakeProvider("Fake").with("Cipher", AesGcm.ALGORITHM, cipher);
    }

    /** A cipher that makes a fixed number of bytes, or fails when it is less than zero. */
    static final class FakeGcm extends CipherSpi {
        private final int made;

        FakeGcm(int made) {
            this.made = made;
        }

        @Override
        protected void engineSetMode(String mode) throws NoSuchAlgorithmException {}

        @Override
        protected void engineSetPadding(String padding) {}

        @Override
        protected int engineGetBlockSize() {
            return 16;
        }

        @Override
        protected int engineGetOutputSize(int inputLength) {
            return made;
        }

        @Override
        protected byte[] engineGetIV() {
            return new byte[12];
        }

        @Override
        protected AlgorithmParameters engineGetParameters() {
            return null;
        }

        @Override
        protected void engineInit(int mode, Key key, SecureRandom random) throws InvalidKeyException {}

        @Override
        protected void engineInit(int mode, Key key, AlgorithmParameterSpec parameters, SecureRandom random) {}

        @Override
        protected void engineInit(int mode, Key key, AlgorithmParameters parameters, SecureRandom random) {}

        @Override
        protected void engineUpdateAAD(byte[] source, int offset, int length) {}

        @Override
        protected byte[] engineUpdate(byte[] input, int offset, int length) {
            return new byte[0];
        }

        @Override
        protected int engineUpdate(byte[] input, int offset, int length, byte[] output, int outputOffset) {
            return 0;
        }

        @Override
        protected byte[] engineDoFinal(byte[] input, int offset, int length)
                throws IllegalBlockSizeException, AEADBadTagException {
            requireWorking();
            return new byte[made];
        }

        @Override
        protected int engineDoFinal(byte[] input, int offset, int length, byte[] output, int outputOffset)
                throws IllegalBlockSizeException {
            requireWorking();
            return made;
        }

        private void requireWorking() throws IllegalBlockSizeException {
            if (made < 0) {
                throw new IllegalBlockSizeException("on purpose");
            }
        }
    }
}
