package dev.securesession.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.CryptoProviders;
import dev.securesession.EarlyData;
import dev.securesession.Handshake;
import dev.securesession.HandshakeStep;
import dev.securesession.IdentityKeyPair;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.MessageRejectedException;
import dev.securesession.MessageSigner;
import dev.securesession.MessageVerifier;
import dev.securesession.NumberedMessage;
import dev.securesession.NumberedPayload;
import dev.securesession.PairwiseSealer;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.Sealer;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.StateBinding;
import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import dev.securesession.testkit.Pair;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionExamplesTest {
    private static final IdentityKeyPair ALICE = IdentityKeyPair.generate();
    private static final IdentityKeyPair BOB = IdentityKeyPair.generate();

    private static final PeerId ALICE_ID = PeerId.ofUtf8("alice");
    private static final PeerId BOB_ID = PeerId.ofUtf8("bob");

    private static final PeerDirectory PEERS =
            PeerDirectory.of(Map.of(ALICE_ID, ALICE.publicKey(), BOB_ID, BOB.publicKey()));

    private final SessionConfig aliceConfig = SessionConfig.of(LocalIdentity.of(ALICE_ID, ALICE.privateKey()), PEERS);
    private final SessionConfig bobConfig = SessionConfig.of(LocalIdentity.of(BOB_ID, BOB.privateKey()), PEERS);

    private SecureSession alice;
    private SecureSession bob;

    @BeforeEach
    void establish() throws Exception {
        Handshake client = Handshake.clientAcceptingAnyKnownPeer(aliceConfig);
        Handshake server = Handshake.server(bobConfig);
        byte[] reply = server.receive(client.start()).message().orElseThrow();
        byte[] confirmation = client.receive(reply).message().orElseThrow();
        HandshakeStep.Established bobs = (HandshakeStep.Established) server.receive(confirmation);
        HandshakeStep.Established alices =
                (HandshakeStep.Established) client.receive(bobs.message().orElseThrow());
        alice = alices.session();
        bob = bobs.session();
    }

    @Test
    void establishesASessionInOneProgram() throws Exception {
        // example: setup
        PeerId aliceId = PeerId.ofUtf8("alice");
        PeerId bobId = PeerId.ofUtf8("bob");
        IdentityKeyPair aliceKeys = IdentityKeyPair.generate();
        IdentityKeyPair bobKeys = IdentityKeyPair.generate();
        SessionConfig aliceConfig = SessionConfig.of(
                LocalIdentity.of(aliceId, aliceKeys.privateKey()), PeerDirectory.of(bobId, bobKeys.publicKey()));
        SessionConfig bobConfig = SessionConfig.of(
                LocalIdentity.of(bobId, bobKeys.privateKey()), PeerDirectory.of(aliceId, aliceKeys.publicKey()));

        Handshake client = Handshake.client(aliceConfig, bobId);
        Handshake server = Handshake.server(bobConfig);
        byte[] message2 = server.receive(client.start()).message().orElseThrow();
        byte[] message3 = client.receive(message2).message().orElseThrow();
        HandshakeStep.Established atBob = (HandshakeStep.Established) server.receive(message3);
        HandshakeStep.Established atAlice =
                (HandshakeStep.Established) client.receive(atBob.message().orElseThrow());
        SecureSession alice = atAlice.session();
        SecureSession bob = atBob.session();
        // end
        assertThat(bob.unwrap(alice.wrap(new byte[] {1}))).containsExactly(1);
        assertThat(alice.peer()).isEqualTo(bobId);
        assertThat(bob.peer()).isEqualTo(aliceId);
    }

    @Test
    void wrapsAndUnwraps() throws Exception {
        // example: wrap
        byte[] message = alice.wrap("attack at dawn".getBytes(UTF_8)); // send this by any means
        byte[] payload = bob.unwrap(message);
        // end
        assertThat(payload).isEqualTo("attack at dawn".getBytes(UTF_8));
        assertThat(bob.transcriptHash()).isEqualTo(alice.transcriptHash());
    }

    @Test
    void wrapsIntoBuffers() throws Exception {
        ByteBuffer source = ByteBuffer.wrap("attack at dawn".getBytes(UTF_8));
        // example: buffers
        ByteBuffer message = ByteBuffer.allocate(source.remaining() + SecureSession.OVERHEAD);
        alice.wrap(source, message);
        message.flip();

        ByteBuffer payload = bob.unwrapInPlace(message); // a view of the payload inside the message
        // end
        assertThat(UTF_8.decode(payload).toString()).isEqualTo("attack at dawn");
    }

    @Test
    void refusesReplayWithAReason() throws Exception {
        byte[] message = alice.wrap(new byte[] {1});
        bob.unwrap(message);
        String said = "";
        // example: refused
        try {
            bob.unwrap(message);
        } catch (MessageRejectedException e) {
            said = e.reason() + ": " + e.getMessage(); // REPLAYED: message number 0 came before
        }
        // end
        assertThat(said).isEqualTo("REPLAYED: message number 0 came before");
    }

    @Test
    void bindsAnAnswerToItsRequest() throws Exception {
        alice.wrap(new byte[] {1});
        // example: numbers
        NumberedMessage request = alice.wrapNumbered("how much is it?".getBytes(UTF_8)); // send request.message()

        NumberedPayload question = bob.unwrapNumbered(request.message());
        byte[] price = "42".getBytes(UTF_8);
        byte[] answer = bob.wrap(ByteBuffer.allocate(Long.BYTES + price.length)
                .putLong(question.number()) // says which request this is the answer to
                .put(price)
                .array());

        ByteBuffer received = ByteBuffer.wrap(alice.unwrap(answer));
        if (received.getLong() != request.number()) {
            throw new IOException("the answer to another request; close the connection");
        }
        String text = UTF_8.decode(received).toString();
        // end
        assertThat(text).isEqualTo("42");
        assertThat(request.number()).isEqualTo(1);
    }

    @Test
    void asksForKeysWithoutWaiting() throws Exception {
        Handshake client = Handshake.clientAcceptingAnyKnownPeer(aliceConfig);
        byte[] message = client.start();
        PeerId bobId = BOB_ID;
        IdentityKeyPair bobKeys = BOB;
        // example: asking-for-keys
        SessionConfig config = SessionConfig.askingForKeys(LocalIdentity.of(bobId, bobKeys.privateKey()));
        Handshake handshake = Handshake.server(config);
        HandshakeStep step = handshake.receive(message);
        if (step instanceof HandshakeStep.NeedPeerKey question) {
            step = handshake.resolve(question.peer(), keyOf(question.peer())); // whenever you have it
        }
        byte[] reply = step.message().orElseThrow();
        // end
        assertThat(client.receive(reply).message()).isPresent();
    }

    @Test
    void sendsEarly() throws Exception {
        Handshake client = Handshake.clientAcceptingAnyKnownPeer(aliceConfig);
        Handshake server = Handshake.server(bobConfig);
        byte[] reply = server.receive(client.start()).message().orElseThrow();
        Queue<byte[]> sent = new ArrayDeque<>();
        // example: early-data
        sent.add(client.receive(reply).message().orElseThrow()); // the client's last handshake message
        EarlyData early = client.earlyData().orElseThrow();
        sent.add(early.wrap("no need to wait".getBytes(UTF_8)));
        // end
        HandshakeStep.Established established = (HandshakeStep.Established) server.receive(sent.remove());
        assertThat(established.session().unwrap(sent.remove())).isEqualTo("no need to wait".getBytes(UTF_8));
    }

    @Test
    void savesAndRestores(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("state");
        // example: save
        byte[] secret = new byte[StateKey.LENGTH];
        new SecureRandom().nextBytes(secret); // keep it, but not where the states are
        StateKey key = StateKey.of(secret);
        StateBinding binding = StateBinding.of("alice with bob", 1); // which state, and how often it was saved
        Files.write(file, alice.suspend(key, binding)); // saves and closes

        byte[] state = Files.readAllBytes(file);
        SecureSession again = SecureSession.restore(state, key, binding, aliceConfig, PeerId.ofUtf8("bob"));
        // end
        assertThat(bob.unwrap(again.wrap(new byte[] {5}))).containsExactly(5);
        assertThat(alice.isClosed()).isTrue();
        assertThatThrownBy(() -> SecureSession.restore(state, key, binding.next(), aliceConfig, BOB_ID))
                .isInstanceOf(StateRejectedException.class);
    }

    @Test
    void makesAndKeepsKeys(@TempDir Path folder) throws Exception {
        char[] passphrase = "correct horse battery staple".toCharArray();
        Path file = folder.resolve("key");
        // example: keys
        IdentityKeyPair pair = IdentityKeyPair.generate();
        byte[] forPeers = pair.publicKey().encode(); // what every Themis peer reads
        String forPeople = pair.publicKey().fingerprint(); // SHA256:...

        Sealer sealer = Sealer.withPassphrase(passphrase);
        Files.write(file, sealer.seal(pair.privateKey().encodeSecret()));
        IdentityPrivateKey again = IdentityPrivateKey.read(Files.readAllBytes(file), sealer);
        // end
        assertThat(again.publicKey()).isEqualTo(IdentityPublicKey.decode(forPeers));
        assertThat(again.publicKey().fingerprint()).isEqualTo(forPeople);
    }

    @Test
    void readsKeysFromPem() throws Exception {
        byte[] pem = ALICE.privateKey().encodeSecretPem();
        // example: pem
        IdentityPrivateKey privateKey = IdentityPrivateKey.read(pem); // openssl genpkey -algorithm EC ...
        String publicPem = privateKey.publicKey().encodePem();
        // end
        assertThat(IdentityPublicKey.ofPem(publicPem)).isEqualTo(ALICE.publicKey());
    }

    @Test
    void choosesProviders() {
        // example: providers
        CryptoProviders crypto = CryptoProviders.platform().withEc(new BouncyCastleProvider());
        SessionConfig config = aliceConfig.withCrypto(crypto);
        // end
        assertThat(config.crypto().ec().getName()).isEqualTo("BC");
    }

    @Test
    void takesTheFastestProviders() {
        // example: fastest
        SessionConfig config = aliceConfig.withCrypto(CryptoProviders.fastest());
        System.out.println(config.crypto()); // EC AmazonCorrettoCryptoProvider version 2.5.0, AES-GCM ...
        // end
        assertThat(config.crypto().toString()).startsWith("EC ");
    }

    @Test
    void signsAndSeals() throws Exception {
        IdentityKeyPair alice = IdentityKeyPair.generate();
        IdentityKeyPair bob = IdentityKeyPair.generate();
        byte[] message = "transfer 5 to bob".getBytes(UTF_8);
        // example: sign-and-seal
        byte[] signed = MessageSigner.of(alice.privateKey()).sign(message);
        byte[] verified = MessageVerifier.of(alice.publicKey()).verify(signed); // or throws

        byte[] sealed = PairwiseSealer.of(alice.privateKey(), bob.publicKey()).seal(message);
        byte[] opened = PairwiseSealer.of(bob.privateKey(), alice.publicKey()).unseal(sealed); // or throws
        // end
        assertThat(verified).isEqualTo(message);
        assertThat(opened).isEqualTo(message);
    }

    @Test
    void warmsUp() throws Exception {
        // example: warm-up
        aliceConfig.crypto().warmUp(); // when the program starts, on a thread that has time
        // end
        byte[] large = new byte[1 << 20];
        assertThat(bob.unwrap(alice.wrap(large))).isEqualTo(large);
    }

    @Test
    void testsPrograms() throws Exception {
        // example: testkit
        Pair pair = Pair.create();
        Pair.Sessions sessions = pair.establish();
        byte[] message = sessions.client().wrap("hello".getBytes(UTF_8));
        byte[] payload = sessions.server().unwrap(message);
        // end
        assertThat(payload).isEqualTo("hello".getBytes(UTF_8));
    }

    @Test
    void tellsWhenToStartANewHandshake() {
        SecureSession session = alice;
        // example: exhaustion
        if (session.remainingMessages() < 1_000) {
            startNewHandshake();
        }
        // end
        assertThat(session.remainingMessages()).isPositive();
    }

    private static IdentityPublicKey keyOf(PeerId peer) {
        return PEERS.find(peer).get(0);
    }

    private static void startNewHandshake() {}
}
