package dev.securesession.internal.crypto;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.Curve;
import dev.securesession.FakeProvider;
import dev.securesession.rules.Rule;
import java.math.BigInteger;
import java.security.InvalidKeyException;
import java.security.Key;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.ProviderException;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.SignatureException;
import java.security.SignatureSpi;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.AlgorithmParameterSpec;
import java.util.Arrays;
import java.util.function.Supplier;
import javax.crypto.KeyAgreementSpi;
import javax.crypto.MacSpi;
import javax.crypto.SecretKey;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CryptoSuiteTest {
    private final CryptoSuite suite = Suites.PLATFORM;

    @ParameterizedTest
    @EnumSource
    void computesThePublicKeyOfAPrivateOne(Curve curve) {
        for (int i = 0; i < 4; i++) {
            KeyPair pair = suite.keys().generate(curve);
            Secret scalar = EcKeys.scalarOf(curve, (ECPrivateKey) pair.getPrivate());
            assertThat(PublicKeyOfScalar.compute(suite, curve, scalar)).isEqualTo(EcKeys.publicKeyOf(curve, pair));
        }
    }

    @Test
    @Rule(value = "C-3", kind = ACCEPTS)
    void agreesOnThirtyTwoBytesWithLeadingZerosKept() {
        // These multiples of the generator have an x coordinate with a leading zero byte.
        for (int multiple : new int[] {379, 552, 751}) {
            byte[] scalar = new byte[32];
            EcDomain.writeUnsigned(BigInteger.valueOf(multiple), scalar, 0, 32);
            Secret secret = Secret.owning(scalar);
            EcPublicKey point = PublicKeyOfScalar.compute(suite, Curve.P256, secret);
            EphemeralKey own = suite.keys().restoreEphemeral(secret, point);

            byte[] shared = suite.ecdh().agree(own, generator()).toBytes();

            assertThat(shared).hasSize(32).startsWith(0);
            assertThat(shared).isEqualTo(Arrays.copyOfRange(point.compressed(), 1, 33));
        }
    }

    @Test
    void restoresEphemeralKeys() {
        EphemeralKey own = suite.keys().generateEphemeral();
        EphemeralKey peer = suite.keys().generateEphemeral();

        EphemeralKey restored = suite.keys().restoreEphemeral(Secret.owning(own.scalar()), own.publicKey());

        assertThat(suite.ecdh().agree(restored, peer.publicKey()).toBytes())
                .isEqualTo(suite.ecdh().agree(peer, own.publicKey()).toBytes());
        own.destroy();
        own.destroy();
    }

    /** Its destroy wipes nothing and takes as long as a signature (docs/performance.md, levers). */
    @Test
    void leavesKeysOfBouncyCastleToTheGarbageCollector() {
        CryptoSuite bouncyCastle =
                new CryptoSuite(new BouncyCastleProvider(), Suites.AEAD, Suites.MAC, new SecureRandom());
        EphemeralKey own = bouncyCastle.keys().generateEphemeral();
        byte[] scalar = own.scalar();

        own.destroy();

        assertThat(own.scalar()).isEqualTo(scalar);
    }

    @ParameterizedTest
    @EnumSource
    @Rule(value = "P-6", kind = ACCEPTS)
    void verifiesWhatItSigned(Curve curve) {
        KeyPair pair = suite.keys().generate(curve);
        EcPublicKey publicKey = EcKeys.publicKeyOf(curve, pair);
        SigningKey signingKey = suite.ecdsa().signingKey(curve, pair.getPrivate());

        byte[] signature = signingKey.sign(new byte[] {1, 2}, new byte[] {3});

        assertThat(suite.ecdsa().verify(publicKey, signature, new byte[] {1, 2, 3}))
                .isTrue();
        assertThat(suite.ecdsa().verify(publicKey, signature, new byte[] {1}, new byte[] {2, 3}))
                .isTrue();
        assertThat(suite.ecdsa().verify(publicKey, signature, new byte[] {1, 2}))
                .isFalse();
    }

    @Test
    @Rule(value = "P-6", kind = REFUSES)
    void showsNoMalformedSignatureToAProvider() {
        FakeProvider provider = new FakeProvider("Trusting").withEcOf(Suites.EC);
        provider.without("Signature", Ecdsa.ALGORITHM).with("Signature", Ecdsa.ALGORITHM, Agreeable::new);
        CryptoSuite trusting = suite(provider, Suites.MAC);
        EcPublicKey key = suite.keys().generateEphemeral().publicKey();

        assertThat(trusting.ecdsa().verify(key, new byte[] {0x30, 6, 2, 1, 1, 2, 1, 1}, new byte[1]))
                .isTrue();
        assertThat(trusting.ecdsa().verify(key, new byte[] {0x30, 6, 2, 1, 1, 2, 1, 0}, new byte[1]))
                .isFalse();
        assertThat(trusting.ecdsa().verify(key, new byte[0], new byte[1])).isFalse();
    }

    @Test
    void takesAProvidersRefusalForAWrongSignature() {
        FakeProvider provider = new FakeProvider("Refusing").withEcOf(Suites.EC);
        provider.without("Signature", Ecdsa.ALGORITHM).with("Signature", Ecdsa.ALGORITHM, Refusing::new);
        EcPublicKey key = suite.keys().generateEphemeral().publicKey();
        assertThat(suite(provider, Suites.MAC).ecdsa().verify(key, new byte[] {0x30, 6, 2, 1, 1, 2, 1, 1}, new byte[1]))
                .isFalse();
    }

    @Test
    @Rule(value = "C-3", kind = REFUSES)
    void refusesSharedSecretsOfAnotherLength() {
        for (int length : new int[] {0, 31, 33}) {
            CryptoSuite wrong = suite(withAgreement(() -> new FakeAgreement(length)), Suites.MAC);
            EphemeralKey own = wrong.keys().generateEphemeral();
            assertThatExceptionOfType(ProviderException.class)
                    .isThrownBy(() -> wrong.ecdh().agree(own, own.publicKey()))
                    .withMessageContaining("a shared secret of " + length + " bytes; it must be 32");
        }
    }

    @Test
    @Rule(value = "C-3", kind = REFUSES)
    void refusesCodesOfAnotherLength() {
        for (int length : new int[] {0, 20, 31, 33}) {
            FakeProvider mac = new FakeProvider("Short").with("Mac", "HmacSHA256", () -> new FakeMac(length));
            assertThatExceptionOfType(ProviderException.class)
                    .isThrownBy(() -> suite(Suites.EC, mac).hmac().of(Secret.owning(new byte[32]), new byte[1]))
                    .withMessageContaining("a MAC of " + length + " bytes; it must be 32");
        }
    }

    @Test
    void saysWhichProviderFailed() {
        CryptoSuite failing = suite(
                withAgreement(() -> new FakeAgreement(-1)),
                new FakeProvider("Failing mac").with("Mac", "HmacSHA256", () -> new FakeMac(-1)));
        EphemeralKey own = failing.keys().generateEphemeral();
        assertThatExceptionOfType(ProviderException.class)
                .isThrownBy(() -> failing.ecdh().agree(own, own.publicKey()))
                .withMessageContaining("provider Fake agreement could not agree");
        assertThatExceptionOfType(ProviderException.class)
                .isThrownBy(() -> failing.hmac().of(Secret.owning(new byte[32])))
                .withMessageContaining("provider Failing mac could not compute a MAC");
        assertThatExceptionOfType(ProviderException.class)
                .isThrownBy(() -> Pbkdf2.derive(failing.hmac(), Secret.owning(new byte[1]), new byte[16], 1))
                .withMessageContaining("could not compute a MAC");
    }

    @Test
    void saysWhenAProviderLosesWhatItHad() {
        FakeProvider ec = new FakeProvider("Forgetful").withEcOf(Suites.EC);
        CryptoSuite forgetful = suite(ec, Suites.MAC);
        EcPublicKey key = forgetful.keys().generateEphemeral().publicKey();
        Secret scalar = Secret.owning(new byte[32]);
        ec.without("KeyPairGenerator", "EC").without("KeyFactory", "EC").without("Signature", Ecdsa.ALGORITHM);

        assertThatExceptionOfType(ProviderException.class).isThrownBy(forgetful.keys()::generateEphemeral);
        assertThatExceptionOfType(ProviderException.class)
                .isThrownBy(() -> forgetful.keys().importScalar(Curve.P256, scalar))
                .withMessageContaining("could not import");
        assertThatExceptionOfType(ProviderException.class)
                .isThrownBy(() -> forgetful.ecdsa().verify(key, new byte[] {0x30, 6, 2, 1, 1, 2, 1, 1}, new byte[1]));
    }

    @Test
    void signsNothingThatIsNotStrictDer() throws Exception {
        FakeProvider provider = new FakeProvider("Sloppy").withEcOf(Suites.EC);
        provider.without("Signature", Ecdsa.ALGORITHM).with("Signature", Ecdsa.ALGORITHM, Agreeable::new);
        KeyPair pair = suite.keys().generate(Curve.P256);
        SigningKey sloppy = new SigningKey(pair.getPrivate(), EcDomain.of(Curve.P256), provider);
        assertThatExceptionOfType(ProviderException.class)
                .isThrownBy(() -> sloppy.sign(new byte[1]))
                .withMessageContaining("not strict DER");
    }

    private static EcPublicKey generator() {
        try {
            return EcPublicKey.of(
                    Curve.P256, EcDomain.of(Curve.P256).parameters().getGenerator());
        } catch (InvalidPointException e) {
            throw new AssertionError(e);
        }
    }

    private static CryptoSuite suite(Provider ec, Provider mac) {
        return new CryptoSuite(ec, Suites.AEAD, mac, new SecureRandom());
    }

    private static FakeProvider withAgreement(Supplier<Object> agreement) {
        return new FakeProvider("Fake agreement")
                .with("KeyPairGenerator", "EC", Suites.EC)
                .with("KeyFactory", "EC", Suites.EC)
                .with("Signature", Ecdsa.ALGORITHM, Suites.EC)
                .with("KeyAgreement", "ECDH", agreement);
    }

    /** Agrees on as many zeros as wanted, or fails when it is less than none. */
    private static final class FakeAgreement extends KeyAgreementSpi {
        private final int length;

        FakeAgreement(int length) {
            this.length = length;
        }

        @Override
        protected void engineInit(Key key, SecureRandom random) {}

        @Override
        protected void engineInit(Key key, AlgorithmParameterSpec parameters, SecureRandom random) {}

        @Override
        protected Key engineDoPhase(Key key, boolean lastPhase) throws InvalidKeyException {
            if (length < 0) {
                throw new InvalidKeyException("on purpose");
            }
            return key;
        }

        @Override
        protected byte[] engineGenerateSecret() {
            return new byte[length];
        }

        @Override
        protected int engineGenerateSecret(byte[] secret, int offset) {
            return length;
        }

        @Override
        protected SecretKey engineGenerateSecret(String algorithm) {
            throw new UnsupportedOperationException();
        }
    }

    /** A code of as many zeros as wanted, or a failure when it is less than none. */
    private static final class FakeMac extends MacSpi {
        private final int length;

        FakeMac(int length) {
            this.length = length;
        }

        @Override
        protected int engineGetMacLength() {
            return length;
        }

        @Override
        protected void engineInit(Key key, AlgorithmParameterSpec parameters) throws InvalidKeyException {
            if (length < 0) {
                throw new InvalidKeyException("on purpose");
            }
        }

        @Override
        protected void engineUpdate(byte input) {}

        @Override
        protected void engineUpdate(byte[] input, int offset, int length) {}

        @Override
        protected byte[] engineDoFinal() {
            return new byte[length];
        }

        @Override
        protected void engineReset() {}
    }

    /** Says yes to every signature, and signs with something that is none. */
    private static class Agreeable extends SignatureSpi {
        @Override
        protected void engineInitVerify(PublicKey key) {}

        @Override
        protected void engineInitSign(PrivateKey key) {}

        @Override
        protected void engineUpdate(byte b) {}

        @Override
        protected void engineUpdate(byte[] bytes, int offset, int length) {}

        @Override
        protected byte[] engineSign() throws SignatureException {
            return new byte[64];
        }

        @Override
        protected boolean engineVerify(byte[] signature) throws SignatureException {
            return true;
        }

        @Override
        @Deprecated
        protected void engineSetParameter(String name, Object value) {
            throw new UnsupportedOperationException();
        }

        @Override
        @Deprecated
        protected Object engineGetParameter(String name) {
            throw new UnsupportedOperationException();
        }
    }

    /** Cannot read any signature. */
    private static final class Refusing extends Agreeable {
        @Override
        protected boolean engineVerify(byte[] signature) throws SignatureException {
            throw new SignatureException("on purpose");
        }
    }
}
