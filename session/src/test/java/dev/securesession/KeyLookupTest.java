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
import java.util.Optional;
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
        try (Handshake client = Handshake.client(asking.client());
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
        try (Handshake client = Handshake.client(asking.client());
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
        try (Handshake client = Handshake.client(asking.client());
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
        try (Handshake first = Handshake.client(asMallory);
                Handshake second = Handshake.client(asTheClient);
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
    void takesNoMessageWhileItWaitsForAKey() throws Exception {
        try (Handshake client = Handshake.client(asking.client());
                Handshake server = Handshake.server(asking.server())) {
            byte[] message1 = client.start();
            server.receive(message1);

            assertThatThrownBy(() -> server.receive(message1)).isInstanceOf(IllegalStateException.class);

            assertThat(server.resolve(Pair.CLIENT_ID, CLIENT_KEY)).isInstanceOf(HandshakeStep.Reply.class);
        }
    }

    @Test
    void takesKeysThatAreNotOnTheCurveOfTheSignatureAsWrong() throws Exception {
        try (Handshake client = Handshake.client(asking.client());
                Handshake server = Handshake.server(asking.server())) {
            server.receive(client.start());

            assertRefused(
                    () -> server.resolve(
                            Pair.CLIENT_ID, TestKeys.pair(Curve.P521, 1).publicKey()),
                    Reason.BAD_SIGNATURE);
        }
    }

    @Test
    @Rule(value = "H-4", kind = ACCEPTS)
    void asksOnceForEachMessageFromAnUnknownPeer() {
        SessionConfig config = pair.server();
        PeerDirectory nobody = peer -> {
            asked.add(peer);
            return Optional.empty();
        };
        try (Handshake client = Handshake.client(pair.client());
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
            return Optional.of(asked.size() == 1 ? CLIENT_KEY : WRONG_KEY);
        };
        HostilePeer forger = HostilePeer.client(Pair.CLIENT_ID, TestKeys.pair(3), Pair.SERVER_ID);
        try (Handshake client = Handshake.client(pair.client());
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
            return Optional.of(CLIENT_KEY);
        };
        server[0] = Handshake.server(SessionConfig.of(pair.server().identity(), curious));
        try (Handshake client = Handshake.client(pair.client())) {
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
            return Optional.of(peer.equals(Pair.CLIENT_ID) ? CLIENT_KEY : SERVER_KEY);
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
            return Optional.of(SERVER_KEY);
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
            return Optional.of(CLIENT_KEY);
        };
        server[0] = Handshake.server(SessionConfig.of(pair.server().identity(), closing));
        try (Handshake client = Handshake.client(pair.client())) {
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
