package dev.securesession;

import static dev.securesession.rules.Rule.Kind.REFUSES;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.KeyRejectedException.Reason;
import dev.securesession.internal.crypto.EcDomain;
import dev.securesession.internal.crypto.Suites;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Mutations;
import dev.securesession.testkit.TestKeys;
import java.math.BigInteger;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECFieldFp;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.EllipticCurve;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Identity keys in the encodings and objects of others. */
class IdentityKeyImportTest {
    private static final Provider BOUNCY_CASTLE = new BouncyCastleProvider();

    @ParameterizedTest
    @EnumSource
    void readsWhatItWrites(Curve curve) throws Exception {
        IdentityKeyPair pair = TestKeys.pair(curve, 1);
        IdentityPrivateKey privateKey = pair.privateKey();
        IdentityPublicKey publicKey = pair.publicKey();

        assertThat(IdentityPublicKey.ofX509(publicKey.encodeX509())).isEqualTo(publicKey);
        assertThat(IdentityPublicKey.ofPem(publicKey.encodePem())).isEqualTo(publicKey);
        assertThat(IdentityPublicKey.ofJca(publicKey.toJca())).isEqualTo(publicKey);
        assertThat(IdentityPrivateKey.ofPkcs8(privateKey.encodeSecretPkcs8()).encodeSecret())
                .isEqualTo(privateKey.encodeSecret());
        assertThat(IdentityPrivateKey.ofPem(privateKey.encodeSecretPem()).encodeSecret())
                .isEqualTo(privateKey.encodeSecret());
    }

    @ParameterizedTest
    @EnumSource
    void readsCompressedX509(Curve curve) throws Exception {
        IdentityPublicKey key = TestKeys.pair(curve, 1).publicKey();
        assertThat(IdentityPublicKey.ofX509(x509(curve, key.key().compressed())))
                .isEqualTo(key);
        assertThat(x509(curve, key.key().uncompressed())).isEqualTo(key.encodeX509());
    }

    @ParameterizedTest
    @EnumSource
    void readsKeysOfThePlatform(Curve curve) throws Exception {
        assertReads(curve, KeyPairGenerator.getInstance("EC"));
    }

    @ParameterizedTest
    @EnumSource
    void readsKeysOfBouncyCastle(Curve curve) throws Exception {
        assertReads(curve, KeyPairGenerator.getInstance("EC", BOUNCY_CASTLE));
        assertReads(curve, KeyPairGenerator.getInstance("ECDSA", BOUNCY_CASTLE));
    }

    @ParameterizedTest
    @EnumSource
    void writesWhatOthersRead(Curve curve) throws Exception {
        IdentityPrivateKey key = TestKeys.pair(curve, 1).privateKey();
        for (KeyFactory factory :
                new KeyFactory[] {KeyFactory.getInstance("EC"), KeyFactory.getInstance("EC", BOUNCY_CASTLE)}) {
            ECPrivateKey read =
                    (ECPrivateKey) factory.generatePrivate(new PKCS8EncodedKeySpec(key.encodeSecretPkcs8()));
            byte[] secret = key.encodeSecret();
            assertThat(read.getS()).isEqualTo(new BigInteger(1, Arrays.copyOfRange(secret, 12, secret.length)));
            ECPublicKey publicKey = (ECPublicKey) factory.generatePublic(
                    new java.security.spec.X509EncodedKeySpec(key.publicKey().encodeX509()));
            assertThat(publicKey.getW()).isEqualTo(key.publicKey().toJca().getW());
        }
    }

    @ParameterizedTest
    @EnumSource
    void readsPkcs8WithoutThePublicKey(Curve curve) throws Exception {
        byte[] secret = TestKeys.pair(curve, 1).privateKey().encodeSecret();
        BigInteger scalar = new BigInteger(1, Arrays.copyOfRange(secret, 12, secret.length));
        assertThat(IdentityPrivateKey.ofPkcs8(pkcs8(curve, scalar)).encodeSecret())
                .isEqualTo(secret);
    }

    @ParameterizedTest
    @EnumSource
    void refusesPkcs8WithScalarsOutsideTheirRange(Curve curve) throws Exception {
        BigInteger order = EcDomain.of(curve).order();
        for (BigInteger scalar : new BigInteger[] {BigInteger.ZERO, order, order.add(BigInteger.ONE)}) {
            byte[] encoded = pkcs8(curve, scalar);
            assertThatExceptionOfType(KeyRejectedException.class)
                    .isThrownBy(() -> IdentityPrivateKey.ofPkcs8(encoded))
                    .satisfies(e -> assertThat(e.reason()).isIn(Reason.INVALID, Reason.MALFORMED));
        }
    }

    @ParameterizedTest
    @EnumSource
    void refusesJcaKeysWithScalarsOutsideTheirRange(Curve curve) {
        ECParameterSpec parameters = EcDomain.of(curve).parameters();
        for (BigInteger scalar : new BigInteger[] {BigInteger.ZERO, BigInteger.ONE.negate(), parameters.getOrder()}) {
            assertPrivateRefused(new NumberKey(parameters, scalar), Reason.INVALID, "zero or not below the order");
        }
    }

    @Test
    void refusesKeysOnOtherCurves() throws Exception {
        for (String name : new String[] {"secp256k1", "brainpoolP256r1", "secp224r1"}) {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", BOUNCY_CASTLE);
            generator.initialize(new ECGenParameterSpec(name));
            KeyPair pair = generator.generateKeyPair();
            assertPublicRefused(pair.getPublic(), Reason.UNSUPPORTED, "not P-256, P-384 or P-521");
            assertPrivateRefused(pair.getPrivate(), Reason.UNSUPPORTED, "not P-256, P-384 or P-521");
            assertThatExceptionOfType(KeyRejectedException.class)
                    .isThrownBy(() -> IdentityPublicKey.ofX509(pair.getPublic().getEncoded()))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.MALFORMED));
            assertThatExceptionOfType(KeyRejectedException.class)
                    .isThrownBy(
                            () -> IdentityPrivateKey.ofPkcs8(pair.getPrivate().getEncoded()));
        }
    }

    /** A curve of its own with the right order: everything must be compared, not just one number. */
    @Test
    void refusesParametersThatAreNearlyOurs() {
        ECParameterSpec ours = EcDomain.of(Curve.P256).parameters();
        EllipticCurve curve = ours.getCurve();
        BigInteger p = ((ECFieldFp) curve.getField()).getP();
        ECPoint g = ours.getGenerator();
        ECPoint negated = new ECPoint(g.getAffineX(), p.subtract(g.getAffineY()));
        BigInteger two = BigInteger.TWO;
        for (ECParameterSpec nearly : new ECParameterSpec[] {
            new ECParameterSpec(curve, negated, ours.getOrder(), 1),
            new ECParameterSpec(curve, g, ours.getOrder().add(two), 1),
            new ECParameterSpec(new EllipticCurve(curve.getField(), two, curve.getB()), g, ours.getOrder(), 1),
            new ECParameterSpec(new EllipticCurve(curve.getField(), curve.getA(), two), g, ours.getOrder(), 1),
            new ECParameterSpec(
                    new EllipticCurve(new ECFieldFp(p.add(two)), curve.getA(), curve.getB()), g, ours.getOrder(), 1)
        }) {
            assertPrivateRefused(new NumberKey(nearly, BigInteger.ONE), Reason.UNSUPPORTED, "a key on a curve");
        }
    }

    @Test
    void refusesPointsThatAProviderGotWrong() {
        ECParameterSpec parameters = EcDomain.of(Curve.P256).parameters();
        ECPoint generator = parameters.getGenerator();
        for (ECPoint wrong : new ECPoint[] {
            ECPoint.POINT_INFINITY,
            new ECPoint(generator.getAffineX(), generator.getAffineY().add(BigInteger.ONE))
        }) {
            assertPublicRefused(new PointKey(parameters, wrong), Reason.INVALID, "a public key with");
        }
    }

    @Test
    @Rule(value = "C-6", kind = REFUSES)
    void saysThatItTakesNoRsaKeys() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(1024);
        KeyPair rsa = generator.generateKeyPair();
        String publicPem = pem("PUBLIC KEY", rsa.getPublic().getEncoded());
        byte[] privatePem = pem("PRIVATE KEY", rsa.getPrivate().getEncoded()).getBytes(US_ASCII);

        assertPublicRefused(rsa.getPublic(), Reason.RSA, "RSA");
        assertPrivateRefused(rsa.getPrivate(), Reason.RSA, "RSA");
        assertRsa(() -> IdentityPublicKey.ofX509(rsa.getPublic().getEncoded()));
        assertRsa(() -> IdentityPrivateKey.ofPkcs8(rsa.getPrivate().getEncoded()));
        assertRsa(() -> IdentityPublicKey.ofPem(publicPem));
        assertRsa(() -> IdentityPrivateKey.ofPem(privatePem));
        assertRsa(() -> IdentityPublicKey.ofPem(pem("RSA PUBLIC KEY", new byte[9])));
        assertRsa(() ->
                IdentityPrivateKey.ofPem(pem("RSA PRIVATE KEY", new byte[9]).getBytes(US_ASCII)));
    }

    @Test
    void refusesKeysOfOtherAlgorithms() throws Exception {
        KeyPair edwards = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        assertPublicRefused(edwards.getPublic(), Reason.UNSUPPORTED, "EdDSA");
        assertPrivateRefused(edwards.getPrivate(), Reason.UNSUPPORTED, "EdDSA");
        assertThatExceptionOfType(KeyRejectedException.class)
                .isThrownBy(
                        () -> IdentityPrivateKey.ofPkcs8(edwards.getPrivate().getEncoded()))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.MALFORMED));
        assertThatExceptionOfType(KeyRejectedException.class)
                .isThrownBy(() -> IdentityPublicKey.ofX509(edwards.getPublic().getEncoded()))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.MALFORMED));
    }

    @Test
    void saysWhereKeysBelongThatStayInTheirToken() {
        assertPrivateRefused(new TokenKey(), Reason.UNSUPPORTED, "LocalIdentity.of");
    }

    @Test
    void readsPemWithTextAroundIt() throws Exception {
        IdentityKeyPair pair = TestKeys.pair(1);
        String pem = pair.publicKey().encodePem();
        assertThat(IdentityPublicKey.ofPem("a key of ours \u00e9\r\n" + pem + "\nthe end"))
                .isEqualTo(pair.publicKey());
        assertThat(IdentityPublicKey.ofPem(pem.replace("\n", "\r\n"))).isEqualTo(pair.publicKey());
        assertThat(IdentityPublicKey.ofPem(pem.strip())).isEqualTo(pair.publicKey());
        String oneLine = pem("PUBLIC KEY", pair.publicKey().encodeX509()).replace("A", "A \t");
        assertThat(IdentityPublicKey.ofPem(oneLine.replace("A \t", "A"))).isEqualTo(pair.publicKey());
    }

    @Test
    void writesPemAsOpensslDoes() {
        String pem = TestKeys.pair(1).publicKey().encodePem();
        assertThat(pem).startsWith("-----BEGIN PUBLIC KEY-----\n").endsWith("\n-----END PUBLIC KEY-----\n");
        assertThat(pem.lines()).allMatch(line -> line.length() <= 64);
        String secret = new String(TestKeys.pair(1).privateKey().encodeSecretPem(), US_ASCII);
        assertThat(secret).startsWith("-----BEGIN PRIVATE KEY-----\n").endsWith("\n-----END PRIVATE KEY-----\n");
    }

    @Test
    void refusesPemThatIsNoSingleKey() {
        String pem = TestKeys.pair(1).publicKey().encodePem();
        String body = pem.substring(pem.indexOf('\n') + 1, pem.indexOf("\n-----END"));
        String begin = "-----BEGIN PUBLIC KEY-----";
        String end = "-----END PUBLIC KEY-----";

        assertPemRefused("", Reason.MALFORMED, "without a line");
        assertPemRefused("MFkw", Reason.MALFORMED, "without a line");
        assertPemRefused("-----BEGIN ", Reason.MALFORMED, "no PUBLIC KEY");
        assertPemRefused("-----BEGIN PUBLIC KEY", Reason.MALFORMED, "no PUBLIC KEY");
        assertPemRefused(pem("CERTIFICATE", new byte[9]), Reason.WRONG_FORMAT, "openssl x509 -pubkey");
        assertPemRefused(begin + body, Reason.MALFORMED, "without a line -----END");
        assertPemRefused(begin + body + "-----END PRIVATE KEY-----", Reason.MALFORMED, "without a line -----END");
        assertPemRefused(pem + pem, Reason.MALFORMED, "more than one");
        assertPemRefused(begin + "?" + body + end, Reason.MALFORMED, "no base64");
        assertPemRefused(begin + body + "\u00e9" + end, Reason.MALFORMED, "no base64");
        assertPemRefused(begin + "\nProc-Type: 4,ENCRYPTED\n" + body + end, Reason.MALFORMED, "no base64");
        assertPemRefused(begin + body + body + end, Reason.MALFORMED, "no ");
        assertPemRefused(begin + end, Reason.MALFORMED, "0 bytes");
        String privatePem = new String(TestKeys.pair(1).privateKey().encodeSecretPem(), US_ASCII);
        assertPemRefused(
                privatePem, Reason.WRONG_KIND, "this is PEM with a private key; expected PEM with a public key");
        assertPrivatePemRefused(
                pem, Reason.WRONG_KIND, "this is PEM with a public key; expected PEM with a private key");
        assertPrivatePemRefused(pem("EC PRIVATE KEY", new byte[9]), Reason.UNSUPPORTED, "openssl pkcs8 -topk8");
        assertPrivatePemRefused(pem("EC PARAMETERS", new byte[9]), Reason.UNSUPPORTED, "openssl pkcs8 -topk8");
        assertPrivatePemRefused(pem("ENCRYPTED PRIVATE KEY", new byte[9]), Reason.UNSUPPORTED, "passphrase");
    }

    @ParameterizedTest
    @EnumSource
    void refusesDamagedX509OrReadsAnotherKey(Curve curve) {
        IdentityPublicKey key = TestKeys.pair(curve, 1).publicKey();
        for (byte[] encoded :
                new byte[][] {key.encodeX509(), x509(curve, key.key().compressed())}) {
            for (Mutations.Mutation mutation : Mutations.of(encoded)) {
                try {
                    IdentityPublicKey other = IdentityPublicKey.ofX509(mutation.bytes());
                    assertThat(other).as(mutation.name()).isNotEqualTo(key);
                    assertThat(mutation.bytes())
                            .isIn(other.encodeX509(), x509(curve, other.key().compressed()));
                } catch (KeyRejectedException e) {
                    assertThat(e.getMessage()).as(mutation.name()).isNotBlank();
                }
            }
        }
    }

    @Test
    @Rule(value = "M-1", kind = REFUSES)
    void refusesDamagedPkcs8OrReadsSomeKeyAndShowsNothing() throws Exception {
        IdentityPrivateKey key = TestKeys.pair(1).privateKey();
        byte[] secret = key.encodeSecret();
        String digits = HexFormat.of().formatHex(secret, 13, secret.length);
        byte[] encoded = key.encodeSecretPkcs8();
        int refused = 0;
        for (Mutations.Mutation mutation : Mutations.of(encoded)) {
            IdentityPrivateKey other;
            try {
                other = IdentityPrivateKey.ofPkcs8(mutation.bytes());
            } catch (KeyRejectedException e) {
                refused++;
                for (Throwable t = e; t != null; t = t.getCause()) {
                    IdentityKeyContainerTest.assertShowsNoPart(digits, String.valueOf(t.getMessage()));
                }
                continue;
            }
            IdentityPrivateKey again = IdentityPrivateKey.ofPkcs8(other.encodeSecretPkcs8());
            assertThat(other.publicKey()).as(mutation.name()).isEqualTo(again.publicKey());
        }
        assertThat(refused).isPositive();
    }

    @Test
    void refusesDamagedPemOrReadsSomeKey() {
        byte[] pem = TestKeys.pair(1).publicKey().encodePem().getBytes(US_ASCII);
        for (Mutations.Mutation mutation : Mutations.of(pem)) {
            try {
                IdentityPublicKey.ofPem(new String(mutation.bytes(), US_ASCII));
            } catch (KeyRejectedException e) {
                assertThat(e.getMessage()).as(mutation.name()).isNotBlank();
            }
        }
        byte[] privatePem = TestKeys.pair(1).privateKey().encodeSecretPem();
        for (int length = 0; length < privatePem.length - 26; length++) {
            byte[] cut = Arrays.copyOf(privatePem, length);
            assertThatExceptionOfType(KeyRejectedException.class).isThrownBy(() -> IdentityPrivateKey.ofPem(cut));
        }
    }

    private static void assertReads(Curve curve, KeyPairGenerator generator) throws Exception {
        generator.initialize(new ECGenParameterSpec(Suites.nameOf(curve)));
        KeyPair pair = generator.generateKeyPair();
        ECPoint point = ((ECPublicKey) pair.getPublic()).getW();

        IdentityPrivateKey privateKey = IdentityPrivateKey.ofJca(pair.getPrivate());
        IdentityPublicKey publicKey = IdentityPublicKey.ofJca(pair.getPublic());

        assertThat(publicKey.toJca().getW()).isEqualTo(point);
        assertThat(publicKey.curve()).isEqualTo(curve);
        assertThat(privateKey.publicKey()).isEqualTo(publicKey);
        assertThat(IdentityPublicKey.ofX509(pair.getPublic().getEncoded())).isEqualTo(publicKey);
        assertThat(IdentityPrivateKey.ofPkcs8(pair.getPrivate().getEncoded()).encodeSecret())
                .isEqualTo(privateKey.encodeSecret());
    }

    private static void assertPublicRefused(PublicKey key, Reason reason, String message) {
        assertThatExceptionOfType(KeyRejectedException.class)
                .isThrownBy(() -> IdentityPublicKey.ofJca(key))
                .withMessageContaining(message)
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
    }

    private static void assertPrivateRefused(PrivateKey key, Reason reason, String message) {
        assertThatExceptionOfType(KeyRejectedException.class)
                .isThrownBy(() -> IdentityPrivateKey.ofJca(key))
                .withMessageContaining(message)
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
    }

    private static void assertRsa(org.assertj.core.api.ThrowableAssert.ThrowingCallable read) {
        assertThatExceptionOfType(KeyRejectedException.class)
                .isThrownBy(read)
                .withMessageContaining("RSA")
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.RSA));
    }

    private static void assertPemRefused(String pem, Reason reason, String message) {
        assertThatExceptionOfType(KeyRejectedException.class)
                .isThrownBy(() -> IdentityPublicKey.ofPem(pem))
                .withMessageContaining(message)
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
    }

    private static void assertPrivatePemRefused(String pem, Reason reason, String message) {
        assertThatExceptionOfType(KeyRejectedException.class)
                .isThrownBy(() -> IdentityPrivateKey.ofPem(pem.getBytes(US_ASCII)))
                .withMessageContaining(message)
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
    }

    private static String pem(String label, byte[] content) {
        return "-----BEGIN " + label + "-----\n" + Base64.getMimeEncoder().encodeToString(content) + "\n-----END "
                + label + "-----\n";
    }

    /** Writes a public key with the library of others. */
    private static byte[] x509(Curve curve, byte[] point) {
        try {
            return new org.bouncycastle.asn1.x509.SubjectPublicKeyInfo(algorithm(curve), point)
                    .getEncoded(ASN1Encoding.DER);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static byte[] pkcs8(Curve curve, BigInteger scalar) throws Exception {
        int bits = 8 * EcDomain.of(curve).fieldLength();
        return new PrivateKeyInfo(algorithm(curve), new org.bouncycastle.asn1.sec.ECPrivateKey(bits, scalar))
                .getEncoded(ASN1Encoding.DER);
    }

    private static AlgorithmIdentifier algorithm(Curve curve) {
        return new AlgorithmIdentifier(
                X9ObjectIdentifiers.id_ecPublicKey,
                switch (curve) {
                    case P256 -> X9ObjectIdentifiers.prime256v1;
                    case P384 -> SECObjectIdentifiers.secp384r1;
                    case P521 -> SECObjectIdentifiers.secp521r1;
                });
    }

    /** A private key of a provider that checks nothing. */
    private static final class NumberKey extends UnencodedKey implements ECPrivateKey {
        private static final long serialVersionUID = 1L;

        private final transient ECParameterSpec parameters;
        private final BigInteger scalar;

        NumberKey(ECParameterSpec parameters, BigInteger scalar) {
            this.parameters = parameters;
            this.scalar = scalar;
        }

        @Override
        public BigInteger getS() {
            return scalar;
        }

        @Override
        public ECParameterSpec getParams() {
            return parameters;
        }
    }

    /** A public key of a provider that checks nothing. */
    private static final class PointKey extends UnencodedKey implements ECPublicKey {
        private static final long serialVersionUID = 1L;

        private final transient ECParameterSpec parameters;
        private final transient ECPoint point;

        PointKey(ECParameterSpec parameters, ECPoint point) {
            this.parameters = parameters;
            this.point = point;
        }

        @Override
        public ECPoint getW() {
            return point;
        }

        @Override
        public ECParameterSpec getParams() {
            return parameters;
        }
    }

    /** A private key that does not show its number. */
    private static final class TokenKey extends UnencodedKey implements PrivateKey {
        private static final long serialVersionUID = 1L;
    }
}
