package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider;
import dev.securesession.internal.crypto.EcDomain;
import dev.securesession.internal.crypto.PublicKeyOfScalar;
import dev.securesession.internal.crypto.Suites;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import dev.securesession.testkit.Vectors;
import java.nio.ByteBuffer;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Provider;
import java.security.Security;
import java.security.spec.ECGenParameterSpec;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.Arrays;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.conscrypt.Conscrypt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Whoever does the cryptography, a session does the same. PROTOCOL.md C-3. */
@ParameterizedClass
@EnumSource
class ProviderSuiteTest {
    private final Choice choice;
    private final CryptoProviders crypto;

    ProviderSuiteTest(Choice choice) {
        this.choice = choice;
        this.crypto = choice.providers();
    }

    /** Who does what. */
    enum Choice {
        PLATFORM {
            @Override
            CryptoProviders choose() {
                return CryptoProviders.platform();
            }
        },
        BOUNCY_CASTLE_EC {
            @Override
            CryptoProviders choose() {
                return CryptoProviders.platform().withEc(new BouncyCastleProvider());
            }
        },
        BOUNCY_CASTLE_ALL {
            @Override
            CryptoProviders choose() {
                return all(new BouncyCastleProvider());
            }
        },
        CONSCRYPT_EC_AND_AEAD {
            @Override
            CryptoProviders choose() {
                Provider conscrypt = Conscrypt.newProvider();
                return CryptoProviders.platform().withEc(conscrypt).withAead(conscrypt);
            }
        },
        CONSCRYPT_ALL {
            @Override
            CryptoProviders choose() {
                return all(Conscrypt.newProvider());
            }
        },
        CORRETTO_ALL {
            @Override
            CryptoProviders choose() {
                AmazonCorrettoCryptoProvider corretto = AmazonCorrettoCryptoProvider.INSTANCE;
                corretto.assertHealthy();
                return all(corretto);
            }
        },
        BOUNCY_CASTLE_EC_CORRETTO_AEAD_CONSCRYPT_MAC {
            @Override
            CryptoProviders choose() {
                return CryptoProviders.platform()
                        .withEc(new BouncyCastleProvider())
                        .withAead(AmazonCorrettoCryptoProvider.INSTANCE)
                        .withMac(Conscrypt.newProvider());
            }
        },
        CORRETTO_EC_CONSCRYPT_AEAD_BOUNCY_CASTLE_MAC {
            @Override
            CryptoProviders choose() {
                return CryptoProviders.platform()
                        .withEc(AmazonCorrettoCryptoProvider.INSTANCE)
                        .withAead(Conscrypt.newProvider())
                        .withMac(new BouncyCastleProvider());
            }
        };

        /** May throw whatever the loading of a native library throws. */
        abstract CryptoProviders choose();

        CryptoProviders providers() {
            try {
                return choose();
            } catch (LinkageError | RuntimeException e) {
                if (!isForThisPlatform()) {
                    System.out.println("ProviderSuiteTest: " + this + " skipped, no native library loads here: " + e);
                    assumeTrue(false, "no native library for this platform: " + e);
                }
                throw e;
            }
        }

        /** The tests bring native libraries for this one only. */
        private static boolean isForThisPlatform() {
            return System.getProperty("os.name").equals("Linux")
                    && System.getProperty("os.arch").equals("amd64");
        }

        static CryptoProviders all(Provider provider) {
            return CryptoProviders.platform()
                    .withEc(provider)
                    .withAead(provider)
                    .withMac(provider);
        }
    }

    @Test
    @Rule(value = "C-3", kind = ACCEPTS)
    void handshakesWithIdentitiesOnEachCurveAndAPeerOfThePlatform() throws Exception {
        for (Curve curve : Curve.values()) {
            Pair both = Pair.create(curve, curve);
            for (Pair pair : new Pair[] {
                both.withClient(config -> config.withCrypto(crypto)).withServer(config -> config.withCrypto(crypto)),
                both.withClient(config -> config.withCrypto(crypto)),
                both.withServer(config -> config.withCrypto(crypto))
            }) {
                try (Pair.Sessions sessions = pair.establish()) {
                    assertThat(sessions.client().transcriptHash())
                            .isEqualTo(sessions.server().transcriptHash());
                    assertThat(sessions.toServer(new byte[] {1, 2})).containsExactly(1, 2);
                    assertThat(sessions.toClient(new byte[] {3})).containsExactly(3);
                }
            }
        }
    }

    @Test
    void refusesAWrongSignatureAndAWrongConfirmation() throws Exception {
        Pair pair = Pair.create()
                .withClient(config -> config.withCrypto(crypto))
                .withServer(config -> config.withCrypto(crypto));
        try (Pair.Exchange handshake = pair.begin()) {
            byte[] message1 = handshake.message1();
            byte[] signedWrong = message1.clone();
            // The last number of the signature: still strict DER.
            signedWrong[signedWrong.length - 1] ^= 1;
            byte[] refitted = dev.securesession.testkit.Mutations.repaired(signedWrong);
            assertThatExceptionOfType(HandshakeException.class)
                    .isThrownBy(() -> handshake.server().receive(refitted))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(HandshakeException.Reason.BAD_SIGNATURE));
            byte[] message3 = handshake.message3();
            message3[message3.length - 1] ^= 1;
            byte[] confirmedWrong = dev.securesession.testkit.Mutations.repaired(message3);
            assertThatExceptionOfType(HandshakeException.class)
                    .isThrownBy(() -> handshake.server().receive(confirmedWrong))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(HandshakeException.Reason.BAD_CONFIRMATION));
            handshake.finish().close();
        }
    }

    @Test
    void carriesMessagesOfEverySizeInEveryWay() throws Exception {
        Crafted ends = Crafted.with(crypto);
        SecureSession client = ends.client();
        SecureSession server = ends.server();
        for (int length : new int[] {1, 15, 16, 17, 31, 32, 33, 1000, 4095, 16_384, 65_536, 300_000}) {
            byte[] payload = Crafted.random(length);
            assertThat(server.unwrap(client.wrap(payload))).isEqualTo(payload);

            byte[] array = new byte[3 + length + SecureSession.OVERHEAD];
            System.arraycopy(payload, 0, array, 3 + SecureSession.PAYLOAD_OFFSET, length);
            ByteBuffer inPlace = ByteBuffer.wrap(array).position(3);
            client.wrapInPlace(inPlace);
            assertThat(server.unwrapInPlace(inPlace)).isEqualTo(ByteBuffer.wrap(payload));

            ByteBuffer direct = ByteBuffer.allocateDirect(length + SecureSession.OVERHEAD);
            client.wrap(ByteBuffer.wrap(payload), direct);
            ByteBuffer opened = ByteBuffer.allocateDirect(length);
            server.unwrap(direct.flip(), opened);
            assertThat(opened.flip()).isEqualTo(ByteBuffer.wrap(payload));

            ByteBuffer heap = ByteBuffer.allocate(length + SecureSession.OVERHEAD);
            client.wrap(ByteBuffer.wrap(payload), heap);
            ByteBuffer sameArray = heap.duplicate().clear();
            server.unwrap(heap.flip(), sameArray);
            assertThat(sameArray.flip()).isEqualTo(ByteBuffer.wrap(payload));
        }
    }

    @Test
    @Rule(value = "D-4", kind = REFUSES)
    void refusesForgeriesAndLeavesNothing() throws Exception {
        Crafted ends = Crafted.with(crypto);
        SecureSession server = ends.server();
        for (int length : new int[] {1, 16, 1000, 70_000}) {
            byte[] forged = ends.message(length, Crafted.random(length));
            forged[forged.length - 1] ^= 1;
            byte[] copy = forged.clone();
            assertThatExceptionOfType(MessageRejectedException.class)
                    .isThrownBy(() -> server.unwrap(forged))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(MessageRejectedException.Reason.NOT_AUTHENTIC));
            assertThatExceptionOfType(MessageRejectedException.class)
                    .isThrownBy(() -> server.unwrapInPlace(ByteBuffer.wrap(copy)));
            assertThat(copy).isEqualTo(forged);
            forged[forged.length - 1] ^= 1;
            assertThat(server.unwrap(forged)).hasSize(length);
        }
    }

    @Test
    void savesAndRestores() throws Exception {
        StateKey key = StateKey.of(Crafted.random(32));
        Crafted ends = Crafted.with(crypto);
        byte[] state = ends.client().saveCopy(key, Settings.BINDING);
        SessionConfig platform = ends.pair.client().withCrypto(CryptoProviders.platform());
        assertThat(ends.server()
                        .unwrap(SecureSession.restoreAcceptingAnyKnownPeer(state, key, Settings.BINDING, platform)
                                .wrap(new byte[] {1})))
                .containsExactly(1);
        assertThat(ends.server()
                        .unwrap(SecureSession.restoreAcceptingAnyKnownPeer(
                                        state, key, Settings.BINDING, ends.pair.client())
                                .wrap(new byte[] {2})))
                .containsExactly(2);
    }

    @Test
    void derivesWhatTheReferenceDerives() throws Exception {
        Vectors.Transcript transcript = Vectors.transcripts().get(0);
        SessionConfig config =
                Pair.create().client().withCrypto(crypto).withClock(Clock.fixed(transcript.time(), ZoneOffset.UTC));
        for (Role role : Role.values()) {
            SecureSession session = SecureSession.restoreUnsealedTssc(transcript.stateAfterHandshake(role), config);
            for (Vectors.Wrapped wrapped : transcript.wrapped(role.opposite())) {
                assertThat(session.unwrap(wrapped.message())).isEqualTo(wrapped.payload());
            }
        }
    }

    @Test
    void generatesAndTakesKeysOnEachCurve() throws Exception {
        for (Curve curve : Curve.values()) {
            IdentityKeyPair generated = IdentityKeyPair.generate(curve, crypto);
            assertThat(IdentityPrivateKey.decode(generated.privateKey().encodeSecret())
                            .publicKey())
                    .isEqualTo(generated.publicKey());
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", crypto.ec());
            generator.initialize(new ECGenParameterSpec(Suites.nameOf(curve)));
            KeyPair pair = generator.generateKeyPair();
            IdentityPublicKey publicKey = IdentityPublicKey.ofJca(pair.getPublic());
            IdentityPrivateKey privateKey = IdentityPrivateKey.ofJca(pair.getPrivate());
            assertThat(privateKey.publicKey()).isEqualTo(publicKey);
            assertThat(IdentityPublicKey.ofX509(pair.getPublic().getEncoded())).isEqualTo(publicKey);
            assertThat(IdentityPrivateKey.ofPkcs8(pair.getPrivate().getEncoded())
                            .encodeSecret())
                    .isEqualTo(privateKey.encodeSecret());
            byte[] secret = TestKeys.pair(curve, 1).privateKey().encodeSecret();
            dev.securesession.internal.crypto.Secret scalar =
                    dev.securesession.internal.crypto.Secret.owning(Arrays.copyOfRange(secret, 13, secret.length));
            assertThat(PublicKeyOfScalar.compute(crypto.suite(), curve, scalar))
                    .isEqualTo(TestKeys.pair(curve, 1).publicKey().key());
            assertThat(scalar.length()).isEqualTo(EcDomain.of(curve).fieldLength());
        }
    }

    /** A sealer uses what the platform prefers, so here the platform prefers the provider under test. */
    @Test
    void sealsData() throws Exception {
        byte[] key = Crafted.random(32);
        byte[] data = Crafted.random(1000);
        byte[] ofPlatform = Sealer.withKey(key).seal(data, new byte[] {1});
        boolean installed = Security.getProvider(crypto.aead().getName()) != null;
        if (!installed) {
            Security.insertProviderAt(crypto.aead(), 1);
        }
        byte[] ours;
        try {
            assertThat(CryptoProviders.platform().aead().getName())
                    .isEqualTo(crypto.aead().getName());
            Sealer sealer = Sealer.withKey(key);
            assertThat(sealer.unseal(ofPlatform, new byte[] {1})).isEqualTo(data);
            ours = sealer.seal(data);
            byte[] forged = ours.clone();
            forged[60] ^= 1;
            assertThatExceptionOfType(SealedDataException.class).isThrownBy(() -> sealer.unseal(forged));
            Vectors.SealedData vector = Vectors.sealedWithKey().get(0);
            assertThat(Sealer.withKey(vector.secret()).unseal(vector.sealed())).isEqualTo(vector.plaintext());
        } finally {
            if (!installed) {
                Security.removeProvider(crypto.aead().getName());
            }
        }
        assertThat(Sealer.withKey(key).unseal(ours)).isEqualTo(data);
        assertThat(choice.providers().toString()).contains(crypto.ec().getName());
    }
}
