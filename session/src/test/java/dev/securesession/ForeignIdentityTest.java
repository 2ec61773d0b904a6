package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.KeyRejectedException.Reason;
import dev.securesession.internal.crypto.Suites;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.security.InvalidKeyException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.ProviderException;
import java.security.PublicKey;
import java.security.Security;
import java.security.Signature;
import java.security.SignatureException;
import java.security.SignatureSpi;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.ECGenParameterSpec;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERUTCTime;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x509.Time;
import org.bouncycastle.asn1.x509.V3TBSCertificateGenerator;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Identities whose private key is somewhere else. PROTOCOL.md C-3. */
class ForeignIdentityTest {
    private static final PeerId ID = PeerId.ofUtf8("token");

    @ParameterizedTest
    @EnumSource
    @Rule(value = "C-3", kind = ACCEPTS)
    void handshakesWithAKeyOfAService(Curve curve) throws Exception {
        KeyPair pair = generate(curve);
        AtomicInteger signatures = new AtomicInteger();
        FakeProvider service = service(signatures);
        Security.addProvider(service);
        try {
            LocalIdentity identity =
                    LocalIdentity.of(ID, new ServiceKey(pair.getPrivate()), IdentityPublicKey.ofJca(pair.getPublic()));
            assertThat(signatures).hasValue(1);
            assertHandshakes(identity);
            // Message 1 or 2, and message 3 as a client; both roles.
            assertThat(signatures).hasValue(4);
        } finally {
            Security.removeProvider(service.getName());
        }
    }

    @Test
    void handshakesWithAKeyOfAKeyStore() throws Exception {
        KeyPair pair = generate(Curve.P256);
        char[] password = "changeit".toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, password);
        store.setKeyEntry("identity", pair.getPrivate(), password, new Certificate[] {certificate(pair)});
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        store.store(file, password);

        KeyStore loaded = KeyStore.getInstance("PKCS12");
        loaded.load(new ByteArrayInputStream(file.toByteArray()), password);
        PrivateKey privateKey = (PrivateKey) loaded.getKey("identity", password);
        IdentityPublicKey publicKey =
                IdentityPublicKey.ofJca(loaded.getCertificate("identity").getPublicKey());

        assertHandshakes(LocalIdentity.of(ID, privateKey, publicKey));
        assertHandshakes(LocalIdentity.of(ID, IdentityPrivateKey.ofJca(privateKey)));
    }

    @Test
    @Rule(value = "C-3", kind = REFUSES)
    void refusesKeysThatDoNotBelongTogether() throws Exception {
        PrivateKey privateKey = generate(Curve.P256).getPrivate();
        IdentityPublicKey other = TestKeys.pair(1).publicKey();
        assertThatExceptionOfType(KeyRejectedException.class)
                .isThrownBy(() -> LocalIdentity.of(ID, privateKey, other))
                .withMessageContaining(other.fingerprint())
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.MISMATCH));
    }

    @Test
    @Rule(value = "C-6", kind = REFUSES)
    void refusesPrivateKeysOfOtherAlgorithms() throws Exception {
        IdentityPublicKey publicKey = TestKeys.pair(1).publicKey();
        KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA");
        rsa.initialize(1024);
        PrivateKey rsaKey = rsa.generateKeyPair().getPrivate();
        assertThatExceptionOfType(KeyRejectedException.class)
                .isThrownBy(() -> LocalIdentity.of(ID, rsaKey, publicKey))
                .withMessageContaining("RSA")
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.RSA));
        PrivateKey edwards =
                KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPrivate();
        assertThatExceptionOfType(KeyRejectedException.class)
                .isThrownBy(() -> LocalIdentity.of(ID, edwards, publicKey))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.UNSUPPORTED));
    }

    @Test
    void saysThatAKeyCannotSign() throws Exception {
        KeyPair pair = generate(Curve.P256);
        IdentityPublicKey publicKey = IdentityPublicKey.ofJca(pair.getPublic());
        // No installed provider takes this key.
        assertThatExceptionOfType(ProviderException.class)
                .isThrownBy(() -> LocalIdentity.of(ID, new ServiceKey(pair.getPrivate()), publicKey))
                .withCauseInstanceOf(InvalidKeyException.class);
    }

    @Test
    @Rule(value = "H-3", kind = REFUSES)
    void staysWhereItWasWhenTheServiceIsDown() throws Exception {
        KeyPair pair = generate(Curve.P256);
        AtomicInteger signatures = new AtomicInteger();
        FakeProvider service = service(signatures);
        Security.addProvider(service);
        try {
            ServiceKey key = new ServiceKey(pair.getPrivate());
            LocalIdentity identity = LocalIdentity.of(ID, key, IdentityPublicKey.ofJca(pair.getPublic()));
            SessionConfig server = SessionConfig.of(
                    identity, PeerDirectory.of(Pair.CLIENT_ID, TestKeys.pair(1).publicKey()));
            SessionConfig client = SessionConfig.of(
                    LocalIdentity.of(Pair.CLIENT_ID, TestKeys.pair(1).privateKey()),
                    PeerDirectory.of(ID, identity.publicKey()));
            Handshake clientSide = Handshake.clientAcceptingAnyKnownPeer(client);
            Handshake serverSide = Handshake.server(server);
            byte[] message1 = clientSide.start();
            key.down = true;
            assertThatExceptionOfType(ProviderException.class).isThrownBy(() -> serverSide.receive(message1));
            key.down = false;
            byte[] message2 = serverSide.receive(message1).message().orElseThrow();
            assertThat(clientSide.receive(message2).message()).isPresent();
        } finally {
            Security.removeProvider(service.getName());
        }
    }

    /** The thread that closes may serve all peers: a slow token delays only the handshake for which it signs. */
    @Test
    void closingDoesNotWaitForASignature() throws Exception {
        KeyPair pair = generate(Curve.P256);
        ServiceKey key = new ServiceKey(pair.getPrivate());
        FakeProvider service = service(new AtomicInteger());
        CountDownLatch signing = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        AtomicInteger abandoned = new AtomicInteger();
        Security.addProvider(service);
        try {
            LocalIdentity identity = LocalIdentity.of(ID, key, IdentityPublicKey.ofJca(pair.getPublic()));
            PeerId peerId = PeerId.ofUtf8("peer");
            IdentityKeyPair peerKeys = TestKeys.pair(1);
            Handshake client = Handshake.client(
                    SessionConfig.of(
                            LocalIdentity.of(peerId, peerKeys.privateKey()),
                            PeerDirectory.of(ID, identity.publicKey())),
                    ID);
            Handshake server =
                    Handshake.server(SessionConfig.of(identity, PeerDirectory.of(peerId, peerKeys.publicKey()))
                            .withListener(new SessionListener() {
                                @Override
                                public void handshakeAbandoned(Role role) {
                                    abandoned.incrementAndGet();
                                }
                            }));
            byte[] message1 = client.start();
            key.delay = () -> {
                signing.countDown();
                try {
                    go.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            };
            FutureTask<HandshakeStep> step = new FutureTask<>(() -> server.receive(message1));
            new Thread(step).start();
            signing.await();
            FutureTask<Boolean> closing = new FutureTask<>(server::close, true);
            new Thread(closing).start();

            closing.get(20, TimeUnit.SECONDS);

            go.countDown();
            byte[] message3 =
                    client.receive(step.get().message().orElseThrow()).message().orElseThrow();
            assertThat(abandoned).hasValue(1);
            assertThatExceptionOfType(IllegalStateException.class)
                    .isThrownBy(() -> server.receive(message3))
                    .withMessage("the handshake is closed");
        } finally {
            go.countDown();
            Security.removeProvider(service.getName());
        }
    }

    private static void assertHandshakes(LocalIdentity identity) throws Exception {
        IdentityKeyPair peerKeys = TestKeys.pair(1);
        PeerId peerId = PeerId.ofUtf8("peer");
        SessionConfig own = SessionConfig.of(identity, PeerDirectory.of(peerId, peerKeys.publicKey()));
        SessionConfig peer = SessionConfig.of(
                LocalIdentity.of(peerId, peerKeys.privateKey()), PeerDirectory.of(identity.id(), identity.publicKey()));
        handshake(own, peer);
        handshake(peer, own);
    }

    private static void handshake(SessionConfig clientConfig, SessionConfig serverConfig) throws Exception {
        Handshake client = Handshake.clientAcceptingAnyKnownPeer(clientConfig);
        Handshake server = Handshake.server(serverConfig);
        byte[] message2 = server.receive(client.start()).message().orElseThrow();
        byte[] message3 = client.receive(message2).message().orElseThrow();
        HandshakeStep.Established atServer = (HandshakeStep.Established) server.receive(message3);
        HandshakeStep.Established atClient =
                (HandshakeStep.Established) client.receive(atServer.message().orElseThrow());
        try (SecureSession clientSession = atClient.session();
                SecureSession serverSession = atServer.session()) {
            assertThat(serverSession.unwrap(clientSession.wrap(new byte[] {5}))).containsExactly(5);
        }
    }

    private static KeyPair generate(Curve curve) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec(Suites.nameOf(curve)));
        return generator.generateKeyPair();
    }

    /** Signs a certificate, since key stores want one with each key. */
    private static Certificate certificate(KeyPair pair) throws Exception {
        AlgorithmIdentifier algorithm = new AlgorithmIdentifier(X9ObjectIdentifiers.ecdsa_with_SHA256);
        V3TBSCertificateGenerator generator = new V3TBSCertificateGenerator();
        generator.setSerialNumber(new ASN1Integer(BigInteger.ONE));
        generator.setIssuer(new X500Name("CN=identity"));
        generator.setSubject(new X500Name("CN=identity"));
        generator.setStartDate(new Time(new DERUTCTime("000101000000Z")));
        generator.setEndDate(new Time(new DERUTCTime("491231235959Z")));
        generator.setSignature(algorithm);
        generator.setSubjectPublicKeyInfo(
                SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()));
        var unsigned = generator.generateTBSCertificate();
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(pair.getPrivate());
        signature.update(unsigned.getEncoded(ASN1Encoding.DER));
        byte[] encoded = new DERSequence(new org.bouncycastle.asn1.ASN1Encodable[] {
                    unsigned, algorithm, new DERBitString(signature.sign())
                })
                .getEncoded(ASN1Encoding.DER);
        return CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(encoded));
    }

    private static FakeProvider service(AtomicInteger signatures) {
        return new FakeProvider("KeyService")
                .withKeys("Signature", "SHA256withECDSA", ServiceKey.class, () -> new ServiceSignature(signatures));
    }

    /** A handle of a key that its service keeps. */
    private static final class ServiceKey extends UnencodedKey implements PrivateKey {
        private static final long serialVersionUID = 1L;

        final transient PrivateKey kept;
        transient volatile Runnable delay = () -> {};
        volatile boolean down;

        ServiceKey(PrivateKey kept) {
            this.kept = kept;
        }
    }

    /** Has the service sign. */
    private static final class ServiceSignature extends SignatureSpi {
        private final AtomicInteger signatures;
        private Signature remote;
        private boolean down;

        ServiceSignature(AtomicInteger signatures) {
            this.signatures = signatures;
        }

        @Override
        protected void engineInitVerify(PublicKey key) throws InvalidKeyException {
            throw new InvalidKeyException("the service only signs");
        }

        @Override
        protected void engineInitSign(PrivateKey key) throws InvalidKeyException {
            try {
                remote = Signature.getInstance("SHA256withECDSA", Suites.EC);
            } catch (java.security.NoSuchAlgorithmException e) {
                throw new InvalidKeyException(e);
            }
            remote.initSign(((ServiceKey) key).kept);
            ((ServiceKey) key).delay.run();
            down = ((ServiceKey) key).down;
        }

        @Override
        protected void engineUpdate(byte b) throws SignatureException {
            remote.update(b);
        }

        @Override
        protected void engineUpdate(byte[] bytes, int offset, int length) throws SignatureException {
            remote.update(bytes, offset, length);
        }

        @Override
        protected byte[] engineSign() throws SignatureException {
            if (down) {
                throw new SignatureException("the service is down");
            }
            signatures.incrementAndGet();
            return remote.sign();
        }

        @Override
        protected boolean engineVerify(byte[] signature) {
            return false;
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
}
