package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.HandshakeException.Reason;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.HostilePeer;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** How a handshake comes by the key of its peer: from a directory, or from its caller. */
class KeyLookupTest {
    private static final IdentityPublicKey CLIENT_KEY = TestKeys.pair(1).publicKey();
    private static final IdentityPublicKey SERVER_KEY = TestKeys.pair(2).publicKey();
    private static final IdentityPublicKey WRONG_KEY = TestKeys.pair(3).publicKey();

    private final Pair pair = Pair.create();
    private final Pair asking = pair.askingForKeys();
    private final List<PeerId> asked = new ArrayList<>();

    @Test
    @Rule(value = "H-4", kind = ACCEPTS)
    void callersMayAnswerLater() throws Exception {
        try (Handshake client = Handshake.clientAcceptingAnyKnownPeer(asking.client());
                Handshake server = Handshake.server(asking.server())) {
            HandshakeStep step = server.receive(client.start());
            assertThat(step)
                    .isInstanceOfSatisfying(
                            HandshakeStep.NeedPeerKey.class,
                            need -> assertThat(need.peer()).isEqualTo(Pair.CLIENT_ID));
            assertThat(step.message()).isEmpty();
            assertThat(server.awaitedPeer()).contains(Pair.CLIENT_ID);

            byte[] message2 = reply(server.resolve(Pair.CLIENT_ID, CLIENT_KEY));
            assertThat(server.awaitedPeer()).isEmpty();
            assertThat(client.receive(message2)).isInstanceOf(HandshakeStep.NeedPeerKey.class);
            assertThat(client.awaitedPeer()).contains(Pair.SERVER_ID);

            byte[] message3 = reply(client.resolve(Pair.SERVER_ID, SERVER_KEY));
            HandshakeStep atServer = server.receive(message3);
            assertThat(client.receive(reply(atServer))).isInstanceOf(HandshakeStep.Established.class);
        }
    }

    @Test
    @Rule(value = "H-4", kind = REFUSES)
    void refusesAMessageWhoseKeyIsTheWrongOneAndWaitsForAnother() throws Exception {
        try (Handshake client = Handshake.clientAcceptingAnyKnownPeer(asking.client());
                Handshake server = Handshake.server(asking.server())) {
            byte[] message1 = client.start();
            server.receive(message1);
            assertRefused(() -> server.resolve(Pair.CLIENT_ID, WRONG_KEY), Reason.BAD_SIGNATURE);
            assertThat(server.awaitedPeer()).isEmpty();
            server.receive(message1);
            byte[] message2 = reply(server.resolve(Pair.CLIENT_ID, CLIENT_KEY));

            client.receive(message2);
            assertRefused(() -> client.resolve(Pair.SERVER_ID, WRONG_KEY), Reason.BAD_SIGNATURE);
            assertThat(client.awaitedPeer()).isEmpty();
            client.receive(message2);
            byte[] message3 = reply(client.resolve(Pair.SERVER_ID, SERVER_KEY));

            assertThat(server.receive(message3)).isInstanceOf(HandshakeStep.Established.class);
        }
    }

    @Test
    void waitsForAnotherMessageWhenThePeerIsRefused() throws Exception {
        try (Handshake client = Handshake.clientAcceptingAnyKnownPeer(asking.client());
                Handshake server = Handshake.server(asking.server())) {
            byte[] message1 = client.start();
            server.receive(message1);
            server.refusePeer(Pair.CLIENT_ID);
            assertThat(server.awaitedPeer()).isEmpty();
            assertThatThrownBy(() -> server.refusePeer(Pair.CLIENT_ID)).isInstanceOf(IllegalStateException.class);
            server.receive(message1);
            byte[] message2 = reply(server.resolve(Pair.CLIENT_ID, CLIENT_KEY));

            client.receive(message2);
            client.refusePeer(Pair.SERVER_ID);
            client.receive(message2);

            assertThat(client.resolve(Pair.SERVER_ID, SERVER_KEY)).isInstanceOf(HandshakeStep.Reply.class);
        }
    }

    @Test
    @Rule(value = "H-4", kind = REFUSES)
    void takesALateAnswerAboutOnePeerForNoOther() throws Exception {
        PeerId mallory = PeerId.ofUtf8("mallory");
        IdentityKeyPair mallorysKey = TestKeys.pair(3);
        SessionConfig asMallory = SessionConfig.askingForKeys(LocalIdentity.of(mallory, mallorysKey.privateKey()));
        SessionConfig asTheClient =
                SessionConfig.askingForKeys(LocalIdentity.of(Pair.CLIENT_ID, mallorysKey.privateKey()));
        try (Handshake first = Handshake.clientAcceptingAnyKnownPeer(asMallory);
                Handshake second = Handshake.clientAcceptingAnyKnownPeer(asTheClient);
                Handshake server = Handshake.server(asking.server())) {
            server.receive(first.start());
            server.refusePeer(mallory);
            server.receive(second.start());

            assertThatThrownBy(() -> server.resolve(mallory, mallorysKey.publicKey()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("mallory");
            assertThatThrownBy(() -> server.refusePeer(mallory)).isInstanceOf(IllegalStateException.class);

            assertThat(server.awaitedPeer()).contains(Pair.CLIENT_ID);
            assertRefused(() -> server.resolve(Pair.CLIENT_ID, CLIENT_KEY), Reason.BAD_SIGNATURE);
        }
    }

    @Test
    @Rule(value = "H-3", kind = ACCEPTS)
    void ignoresMessagesWhileItWaitsForAKey() throws Exception {
        try (Handshake client = Handshake.clientAcceptingAnyKnownPeer(asking.client());
                Handshake server = Handshake.server(asking.server())) {
            byte[] message1 = client.start();
            server.receive(message1);

            assertThat(server.receive(message1)).isInstanceOf(HandshakeStep.Ignored.class);
            assertThat(server.receive(new byte[] {1})).isInstanceOf(HandshakeStep.Ignored.class);
            assertThat(server.awaitedPeer()).contains(Pair.CLIENT_ID);

            assertThat(server.resolve(Pair.CLIENT_ID, CLIENT_KEY)).isInstanceOf(HandshakeStep.Reply.class);
        }
    }

    @Test
    void takesKeysThatAreNotOnTheCurveOfTheSignatureAsWrong() throws Exception {
        try (Handshake client = Handshake.clientAcceptingAnyKnownPeer(asking.client());
                Handshake server = Handshake.server(asking.server())) {
            server.receive(client.start());

            assertRefused(
                    () -> server.resolve(
                            Pair.CLIENT_ID, TestKeys.pair(Curve.P521, 1).publicKey()),
                    Reason.BAD_SIGNATURE);
        }
    }

    /** While a peer replaces its key the directory knows both; the one that verified is recorded. */
    @Test
    @Rule(value = "H-4", kind = ACCEPTS)
    void acceptsEachOfTheKeysOfAPeerAndRecordsIt() throws Exception {
        List<IdentityPublicKey> keys = List.of(
                TestKeys.pair(4).publicKey(),
                WRONG_KEY,
                CLIENT_KEY,
                TestKeys.pair(5).publicKey());
        Pair rotating = pair.withServer(config -> config.withDirectory(peer -> keys));
        try (Pair.Sessions sessions = rotating.establish()) {
            assertThat(sessions.server().peerFingerprint()).isEqualTo(CLIENT_KEY.fingerprintBytes());
        }
        PeerDirectory several = PeerDirectory.of(Pair.CLIENT_ID, WRONG_KEY, CLIENT_KEY);
        assertThat(several.find(Pair.CLIENT_ID)).containsExactly(WRONG_KEY, CLIENT_KEY);
    }

    @Test
    @Rule(value = "H-4", kind = REFUSES)
    void refusesMoreKeysThanFourAndAnyOtherKey() throws Exception {
        List<IdentityPublicKey> five = List.of(CLIENT_KEY, WRONG_KEY, SERVER_KEY, CLIENT_KEY, WRONG_KEY);
        Pair tooMany = pair.withServer(config -> config.withDirectory(peer -> five));
        Pair others = pair.withServer(config -> config.withDirectory(peer -> List.of(WRONG_KEY, SERVER_KEY)));
        try (Pair.Exchange handshake = tooMany.begin();
                Pair.Exchange another = others.begin()) {
            byte[] message1 = handshake.message1();
            assertThatThrownBy(() -> handshake.server().receive(message1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("5 keys");
            byte[] other1 = another.message1();
            assertRefused(() -> another.server().receive(other1), Reason.BAD_SIGNATURE);
        }
        assertThatThrownBy(() -> PeerDirectory.of(Pair.CLIENT_ID)).isInstanceOf(IllegalArgumentException.class);
    }

    /**
     * What a refusal costs is what a stranger can measure. Operations are counted rather than timed: a machine under load
     * must not decide. The control shows that a missing verification would be noticed.
     */
    @Test
    @Rule(value = "H-4", kind = REFUSES)
    void anUnknownPeerCostsAsManyVerificationsAsAWrongKey() throws Exception {
        CountingProvider counting = new CountingProvider();
        CryptoProviders crypto = CryptoProviders.platform().withEc(counting);
        SessionConfig server = pair.server().withCrypto(crypto);
        SessionConfig client = pair.client().withCrypto(crypto);
        byte[] message1 = pair.beginAsClient().start();
        byte[] message2;
        try (Handshake peer = Handshake.client(client, Pair.SERVER_ID);
                Handshake honest = Handshake.server(pair.server())) {
            message2 = reply(honest.receive(peer.start()));
        }

        int wrongKey = counting.verificationsIn(() -> assertRefused(
                () -> Handshake.server(server.withDirectory(peer -> List.of(WRONG_KEY)))
                        .receive(message1),
                Reason.BAD_SIGNATURE));
        int unknown = counting.verificationsIn(() -> assertRefused(
                () -> Handshake.server(server.withDirectory(peer -> List.of())).receive(message1),
                Reason.UNKNOWN_PEER));
        int refused = counting.verificationsIn(() -> {
            Handshake asking = Handshake.server(server.withoutDirectory());
            asking.receive(message1);
            asking.refusePeer(Pair.CLIENT_ID);
        });
        int control = counting.verificationsIn(() -> assertRefused(
                () -> Handshake.server(server, PeerId.ofUtf8("somebody else")).receive(message1),
                Reason.UNEXPECTED_PEER));

        assertThat(wrongKey).isEqualTo(1);
        assertThat(unknown).isEqualTo(wrongKey);
        assertThat(refused).isEqualTo(wrongKey);
        assertThat(control).as("a refusal without a verification").isZero();

        int clientWrongKey = counting.verificationsIn(() -> refuseAtClient(client, message2, WRONG_KEY));
        int clientUnknown = counting.verificationsIn(() -> refuseAtClient(client, message2));
        assertThat(clientWrongKey).isPositive();
        assertThat(clientUnknown).isEqualTo(clientWrongKey);
    }

    /** An unknown peer is checked with the key of the server, so somebody who has that key could pass the check. */
    @Test
    @Rule(value = "H-4", kind = REFUSES)
    void anUnknownPeerIsRefusedEvenIfItsSignatureFitsOurOwnKey() throws Exception {
        PeerId mallory = PeerId.ofUtf8("mallory");
        SessionConfig unknown = SessionConfig.of(
                LocalIdentity.of(mallory, TestKeys.pair(2).privateKey()), PeerDirectory.of(Pair.SERVER_ID, SERVER_KEY));
        assertThat(pair.server().identity().publicKey()).isEqualTo(SERVER_KEY);

        try (Handshake client = Handshake.client(unknown, Pair.SERVER_ID);
                Handshake server = Handshake.server(pair.server())) {
            assertRefused(() -> server.receive(client.start()), Reason.UNKNOWN_PEER);
        }
    }

    /**
     * Counts cannot tell a fast verification from a slow one. The medians of many refusals can, however busy the machine is:
     * both kinds are measured in turn, and one quiet round is enough. The control must be noticed in each round.
     */
    @Test
    @Rule(value = "H-4", kind = REFUSES)
    void anUnknownPeerTakesAsLongAsAWrongKey() {
        byte[] message1 = pair.beginAsClient().start();
        SessionConfig wrongKey = pair.server().withDirectory(peer -> List.of(WRONG_KEY));
        SessionConfig unknown = pair.server().withDirectory(peer -> List.of());
        PeerId somebody = PeerId.ofUtf8("somebody else");

        List<Double> ratios = new ArrayList<>();
        List<Double> controls = new ArrayList<>();
        do {
            Medians medians = Medians.of(
                    () -> refusal(Handshake.server(wrongKey), message1),
                    () -> refusal(Handshake.server(unknown), message1),
                    () -> refusal(Handshake.server(unknown, somebody), message1));
            ratios.add(medians.ratio(1, 0));
            controls.add(medians.ratio(2, 0));
        } while (!isNearOne(ratios.get(ratios.size() - 1)) && ratios.size() < 5);

        assertThat(ratios).as("an unknown id in relation to a wrong key").anyMatch(KeyLookupTest::isNearOne);
        assertThat(controls).as("a refusal without a verification").noneMatch(KeyLookupTest::isNearOne);
    }

    private static boolean isNearOne(double ratio) {
        return ratio > 0.8 && ratio < 1.25;
    }

    private static void refusal(Handshake server, byte[] message1) {
        assertThatThrownBy(() -> server.receive(message1)).isInstanceOf(HandshakeException.class);
    }

    private static void refuseAtClient(SessionConfig config, byte[] message2, IdentityPublicKey... keys)
            throws Exception {
        Handshake client = Handshake.client(config.withoutDirectory(), Pair.SERVER_ID);
        client.start();
        client.receive(message2);
        assertThatThrownBy(() -> client.resolve(Pair.SERVER_ID, List.of(keys))).isInstanceOf(HandshakeException.class);
    }

    @Test
    @Rule(value = "H-4", kind = ACCEPTS)
    void asksOnceForEachMessageFromAnUnknownPeer() {
        SessionConfig config = pair.server();
        PeerDirectory nobody = peer -> {
            asked.add(peer);
            return List.of();
        };
        try (Handshake client = Handshake.clientAcceptingAnyKnownPeer(pair.client());
                Handshake server = Handshake.server(SessionConfig.of(config.identity(), nobody))) {
            byte[] message1 = client.start();

            assertRefused(() -> server.receive(message1), Reason.UNKNOWN_PEER);
            assertRefused(() -> server.receive(message1), Reason.UNKNOWN_PEER);

            assertThat(asked).containsExactly(Pair.CLIENT_ID, Pair.CLIENT_ID);
        }
    }

    @Test
    @Rule(value = "H-4", kind = REFUSES)
    void keepsTheAnswerOfTheDirectoryUntilTheEnd() throws Exception {
        PeerDirectory fickle = peer -> {
            asked.add(peer);
            return List.of(asked.size() == 1 ? CLIENT_KEY : WRONG_KEY);
        };
        HostilePeer forger = HostilePeer.client(Pair.CLIENT_ID, TestKeys.pair(3), Pair.SERVER_ID);
        try (Handshake client = Handshake.clientAcceptingAnyKnownPeer(pair.client());
                Handshake server =
                        Handshake.server(SessionConfig.of(pair.server().identity(), fickle))) {
            assertRefused(() -> server.receive(forger.message1()), Reason.BAD_SIGNATURE);
            assertRefused(() -> server.receive(forger.message1()), Reason.BAD_SIGNATURE);

            assertThat(server.receive(client.start())).isInstanceOf(HandshakeStep.Reply.class);
            assertThat(asked).containsExactly(Pair.CLIENT_ID);
        }
    }

    @Test
    @Rule(value = "H-4", kind = ACCEPTS)
    @Rule(value = "H-11", kind = ACCEPTS)
    void asksTheDirectoryWhileNoLockIsHeld() throws Exception {
        Handshake[] server = new Handshake[1];
        PeerDirectory curious = peer -> {
            // Another thread gets at the handshake meanwhile: a lock would keep it waiting for ever.
            assertThat(inAnotherThread(server[0]::awaitedPeer)).contains(peer);
            return List.of(CLIENT_KEY);
        };
        server[0] = Handshake.server(SessionConfig.of(pair.server().identity(), curious));
        try (Handshake client = Handshake.clientAcceptingAnyKnownPeer(pair.client())) {
            assertThat(server[0].receive(client.start())).isInstanceOf(HandshakeStep.Reply.class);
        } finally {
            server[0].close();
        }
    }

    @Test
    @Rule(value = "H-11", kind = REFUSES)
    void aDirectoryThatFailsLeavesTheHandshakeAsItWas() throws Exception {
        RuntimeException failure = new IllegalArgumentException("the directory is down");
        PeerDirectory failing = peer -> {
            asked.add(peer);
            if (asked.size() == 1) {
                throw failure;
            }
            return List.of(peer.equals(Pair.CLIENT_ID) ? CLIENT_KEY : SERVER_KEY);
        };
        Pair shaky = pair.withServer(config -> SessionConfig.of(config.identity(), failing));
        try (Pair.Exchange handshake = shaky.begin()) {
            byte[] message1 = handshake.message1();

            assertThatThrownBy(() -> handshake.server().receive(message1)).isSameAs(failure);

            assertThat(handshake.server().awaitedPeer()).isEmpty();
            handshake.finish().close();
        }
    }

    @Test
    @Rule(value = "H-11", kind = REFUSES)
    void aDirectoryThatFailsLeavesTheClientAsItWas() throws Exception {
        Error failure = new AssertionError("the directory is broken");
        PeerDirectory failing = peer -> {
            asked.add(peer);
            if (asked.size() == 1) {
                throw failure;
            }
            return List.of(SERVER_KEY);
        };
        Pair shaky = pair.withClient(config -> SessionConfig.of(config.identity(), failing));
        try (Pair.Exchange handshake = shaky.begin()) {
            byte[] message2 = handshake.message2();

            assertThatThrownBy(() -> handshake.client().receive(message2)).isSameAs(failure);

            handshake.finish().close();
        }
    }

    @Test
    void closingFromTheDirectoryEndsTheHandshake() {
        Handshake[] server = new Handshake[1];
        PeerDirectory closing = peer -> {
            inAnotherThread(() -> {
                server[0].close();
                return true;
            });
            return List.of(CLIENT_KEY);
        };
        server[0] = Handshake.server(SessionConfig.of(pair.server().identity(), closing));
        try (Handshake client = Handshake.clientAcceptingAnyKnownPeer(pair.client())) {
            byte[] message1 = client.start();

            assertThatThrownBy(() -> server[0].receive(message1)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void directoriesOfAMapAreCopies() {
        Map<PeerId, IdentityPublicKey> map = new HashMap<>();
        map.put(Pair.CLIENT_ID, CLIENT_KEY);
        PeerDirectory directory = PeerDirectory.of(map);
        map.clear();

        assertThat(directory.find(Pair.CLIENT_ID)).contains(CLIENT_KEY);
        assertThat(directory.find(Pair.SERVER_ID)).isEmpty();
        assertThat(PeerDirectory.of(Pair.SERVER_ID, SERVER_KEY).find(Pair.CLIENT_ID))
                .isEmpty();
    }

    private interface Action {
        Object run() throws Exception;
    }

    private static void assertRefused(Action action, Reason reason) {
        assertThatThrownBy(action::run)
                .isInstanceOfSatisfying(
                        HandshakeException.class,
                        refusal -> assertThat(refusal.reason()).isEqualTo(reason));
    }

    private static <T> T inAnotherThread(Supplier<T> action) {
        return CompletableFuture.supplyAsync(action, runnable -> new Thread(runnable).start())
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    private static byte[] reply(HandshakeStep step) {
        return step.message().orElseThrow();
    }
}
