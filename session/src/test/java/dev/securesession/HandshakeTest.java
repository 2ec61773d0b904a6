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
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a handshake does in which state, and whom it accepts. */
class HandshakeTest {
    private final Pair pair = Pair.create();

    @ParameterizedTest
    @CsvSource({"P256, P256", "P256, P384", "P384, P521", "P521, P256"})
    @Rule(value = "H-1", kind = ACCEPTS)
    void makesASessionOnEveryCurve(Curve clientCurve, Curve serverCurve) throws Exception {
        try (Pair.Sessions sessions = Pair.create(clientCurve, serverCurve).establish()) {
            assertThat(sessions.toServer(new byte[] {1})).containsExactly(1);
            assertThat(sessions.toClient(new byte[] {2})).containsExactly(2);
            assertThat(sessions.client().role()).isEqualTo(Role.CLIENT);
            assertThat(sessions.server().role()).isEqualTo(Role.SERVER);
            assertThat(sessions.client().sessionId())
                    .isEqualTo(sessions.server().sessionId());
        }
    }

    @Test
    void tellsWhoThePeerIs() throws Exception {
        try (Pair.Sessions sessions = pair.establish()) {
            assertThat(sessions.client().peer()).isEqualTo(Pair.SERVER_ID);
            assertThat(sessions.server().peer()).isEqualTo(Pair.CLIENT_ID);
            assertThat(sessions.client().peerFingerprint())
                    .isEqualTo(pair.server().identity().publicKey().fingerprintBytes());
            assertThat(sessions.server().peerFingerprint())
                    .isEqualTo(pair.client().identity().publicKey().fingerprintBytes());
        }
    }

    @Test
    @Rule(value = "H-1", kind = REFUSES)
    void refusesCallsThatDoNotFitItsState() throws Exception {
        try (Pair.Exchange handshake = pair.begin()) {
            Handshake client = handshake.client();
            Handshake server = handshake.server();

            assertThatThrownBy(() -> client.receive(new byte[44])).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(server::start).isInstanceOf(IllegalStateException.class);
            for (Handshake side : new Handshake[] {client, server}) {
                assertThatThrownBy(() ->
                                side.resolve(Pair.CLIENT_ID, TestKeys.pair(1).publicKey()))
                        .isInstanceOf(IllegalStateException.class);
                assertThatThrownBy(() -> side.refusePeer(Pair.CLIENT_ID)).isInstanceOf(IllegalStateException.class);
                assertThat(side.awaitedPeer()).isEmpty();
                assertThat(side.earlyData()).isEmpty();
            }

            handshake.message3();

            assertThatThrownBy(client::start).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(server::start).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    @Rule(value = "H-2", kind = REFUSES)
    void refusesASecondHandshake() throws Exception {
        Pair.Exchange handshake = pair.begin();
        try (handshake;
                Pair.Sessions sessions = handshake.finish()) {
            StateKey key = StateKey.of(new byte[32]);
            for (Handshake side : new Handshake[] {handshake.client(), handshake.server()}) {
                assertThatThrownBy(side::start).isInstanceOf(IllegalStateException.class);
                byte[] last = sessions.messages().get(side.role() == Role.CLIENT ? 3 : 2);
                for (byte[] message : sessions.messages()) {
                    if (message != last) {
                        assertRefused(side, message, Reason.MALFORMED);
                    }
                }
                assertThatThrownBy(() -> side.saveCopy(key, Settings.BINDING))
                        .isInstanceOf(IllegalStateException.class);
                assertThat(side.earlyData()).isEmpty();
            }
            assertThat(sessions.toServer(new byte[] {1})).containsExactly(1);
        }
    }

    /** The answer may have been lost; on a datagram transport the peer sends its message again. */
    @Test
    @Rule(value = "H-3", kind = ACCEPTS)
    void answersARepeatedMessageWithTheSameBytes() throws Exception {
        try (Pair.Exchange handshake = pair.begin()) {
            byte[] message2 = handshake.message2();
            assertThat(repeated(handshake.server(), handshake.message1())).isEqualTo(message2);
            byte[] message3 = handshake.message3();
            assertThat(repeated(handshake.client(), message2)).isEqualTo(message3);
            byte[] message4 = handshake.message4();
            assertThat(repeated(handshake.server(), message3)).isEqualTo(message4);
            assertThat(repeated(handshake.server(), Arrays.copyOf(message3, message3.length + 3)))
                    .as("with trailing bytes")
                    .isEqualTo(message4);

            try (Pair.Sessions sessions = handshake.finish()) {
                assertThat(handshake.client().receive(message4)).isInstanceOf(HandshakeStep.Ignored.class);
                assertThat(sessions.toServer(new byte[] {1})).containsExactly(1);
                assertThat(sessions.toClient(new byte[] {2})).containsExactly(2);
            }
        }
    }

    @Test
    void stepsDescribeThemselves() throws Exception {
        Pair asking = pair.askingForKeys();
        try (Handshake client = asking.beginAsClient();
                Handshake server = asking.beginAsServer()) {
            byte[] message1 = client.start();
            assertThat(server.receive(message1)).hasToString("question for the keys of " + Pair.CLIENT_ID);
            assertThat(server.receive(message1)).hasToString("ignored");
            HandshakeStep reply =
                    server.resolve(Pair.CLIENT_ID, pair.client().identity().publicKey());
            assertThat(reply).hasToString("reply of " + reply.message().orElseThrow().length + " bytes");
        }
        try (Pair.Exchange handshake = pair.begin()) {
            handshake.message4();
            assertThat(handshake.client().receive(handshake.message4()).toString())
                    .startsWith("established session");
        }
    }

    private static byte[] repeated(Handshake side, byte[] message) throws HandshakeException {
        HandshakeStep step = side.receive(message);
        assertThat(step).isInstanceOf(HandshakeStep.Reply.class);
        return step.message().orElseThrow();
    }

    /** Datagrams come late and twice; what the network does must never look like a mistake of the caller. */
    @Test
    @Rule(value = "H-3", kind = REFUSES)
    void lateCopiesOfEarlierMessagesAreRefusedAndChangeNothing() throws Exception {
        try (Pair.Exchange handshake = pair.begin()) {
            byte[] message1 = handshake.message1();
            byte[] message2 = handshake.message2();
            byte[] message3 = handshake.message3();
            byte[] message4 = handshake.message4();

            assertRefused(handshake.server(), message1, Reason.MALFORMED);
            assertRefused(handshake.server(), new byte[] {1}, Reason.MALFORMED);
            assertThat(repeated(handshake.server(), message3)).isEqualTo(message4);

            try (Pair.Sessions sessions = handshake.finish()) {
                assertRefused(handshake.client(), message2, Reason.MALFORMED);
                assertRefused(handshake.client(), sessions.server().wrap(new byte[] {1}), Reason.MALFORMED);
                assertThat(sessions.toServer(new byte[] {1})).containsExactly(1);
                assertThat(sessions.toClient(new byte[] {2})).containsExactly(2);
            }
        }
    }

    /** A message 1 that only resembles the accepted one is no repetition. */
    @Test
    @Rule(value = "H-3", kind = REFUSES)
    void takesNoOtherMessageForARepetition() throws Exception {
        try (Pair.Exchange handshake = pair.begin();
                Pair.Exchange other = pair.begin()) {
            handshake.message2();

            assertRefused(handshake.server(), other.message1(), Reason.BAD_SIGNATURE);
            handshake.finish().close();
        }
    }

    @Test
    @Rule(value = "H-2", kind = ACCEPTS)
    void takesANewEphemeralKeyForEveryHandshake() throws Exception {
        try (Pair.Exchange one = pair.begin();
                Pair.Exchange other = pair.begin()) {
            assertThat(HostilePeer.ephemeralIn(one.message1())).isNotEqualTo(HostilePeer.ephemeralIn(other.message1()));
            assertThat(HostilePeer.ephemeralIn(one.message2())).isNotEqualTo(HostilePeer.ephemeralIn(other.message2()));
        }
    }

    @Test
    void repeatsItsFirstMessageUntilItIsAnswered() throws Exception {
        try (Pair.Exchange handshake = pair.begin()) {
            byte[] first = handshake.client().start();
            first[0] = 0;

            byte[] second = handshake.client().start();

            assertThat(second).isEqualTo(handshake.client().start());
            assertThat(handshake.server().receive(second)).isInstanceOf(HandshakeStep.Reply.class);
        }
    }

    @Test
    @Rule(value = "H-2", kind = REFUSES)
    void refusesEverythingOnceClosed() throws Exception {
        Pair.Exchange handshake = pair.begin();
        byte[] message1 = handshake.message1();
        byte[] message2 = handshake.message2();
        handshake.close();
        handshake.close();
        StateKey key = StateKey.of(new byte[32]);

        assertThatThrownBy(handshake.client()::start).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> handshake.client().receive(message2)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> handshake.server().receive(message1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> handshake.server().saveCopy(key, Settings.BINDING))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> handshake.server().refusePeer(Pair.CLIENT_ID))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> handshake
                        .server()
                        .resolve(Pair.CLIENT_ID, TestKeys.pair(1).publicKey()))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void closingTheHandshakeLeavesItsSessionOpen() throws Exception {
        Pair.Exchange handshake = pair.begin();
        try (Pair.Sessions sessions = handshake.finish()) {
            handshake.close();

            assertThat(sessions.toServer(new byte[] {1})).containsExactly(1);
        }
    }

    @Test
    @Rule(value = "H-3", kind = ACCEPTS)
    void acceptsTheRightMessageAfterWrongOnes() throws Exception {
        try (Pair.Exchange handshake = pair.begin();
                Pair.Exchange other = pair.begin()) {
            byte[] foreign2 = other.message2();
            byte[] foreign3 = other.message3();
            byte[] foreign4 = other.message4();

            handshake.message1();
            assertRefused(handshake.client(), foreign2, Reason.BAD_SIGNATURE);
            handshake.message2();
            assertRefused(handshake.server(), foreign3, Reason.BAD_SIGNATURE);
            handshake.message3();
            assertRefused(handshake.client(), foreign4, Reason.BAD_CONFIRMATION);

            handshake.finish().close();
        }
    }

    @Test
    @Rule(value = "H-5", kind = ACCEPTS)
    void acceptsTheExpectedPeer() throws Exception {
        Pair expecting = pair.withServerExpecting(Pair.CLIENT_ID);

        try (Pair.Sessions sessions = expecting.establish()) {
            assertThat(sessions.client().peer()).isEqualTo(Pair.SERVER_ID);
        }
    }

    @Test
    @Rule(value = "H-5", kind = ACCEPTS)
    void acceptsAnyKnownPeerIfNoneIsExpected() throws Exception {
        try (Handshake client = Handshake.clientAcceptingAnyKnownPeer(pair.client());
                Handshake server = Handshake.server(pair.server())) {
            pair.resume(client, server).finish().close();
        }
    }

    @Test
    @Rule(value = "H-5", kind = REFUSES)
    void refusesAnotherPeerThanTheExpectedOne() throws Exception {
        PeerId wanted = PeerId.ofUtf8("another server");
        Pair expecting = pair.withClient(config -> SessionConfig.of(
                        config.identity(),
                        PeerDirectory.of(Map.of(
                                wanted,
                                TestKeys.pair(3).publicKey(),
                                Pair.SERVER_ID,
                                pair.server().identity().publicKey()))))
                .withClientExpecting(wanted);
        try (Pair.Exchange handshake = expecting.begin()) {
            byte[] message2 = handshake.message2();

            assertRefused(handshake.client(), message2, Reason.UNEXPECTED_PEER);
            assertThat(handshake.client().earlyData()).isEmpty();
        }
    }

    @Test
    @Rule(value = "H-5", kind = REFUSES)
    void serversMayExpectAPeerToo() {
        Pair expecting = pair.withServerExpecting(PeerId.ofUtf8("another client"));
        try (Pair.Exchange handshake = expecting.begin()) {
            assertRefused(handshake.server(), handshake.message1(), Reason.UNEXPECTED_PEER);
        }
    }

    @Test
    @Rule(value = "H-6", kind = REFUSES)
    void refusesOurselves() throws Exception {
        Pair self = Pair.of(Pair.CLIENT_ID, TestKeys.pair(1), Pair.CLIENT_ID, TestKeys.pair(1));
        try (Pair.Exchange handshake = self.begin()) {
            assertRefused(handshake.server(), handshake.message1(), Reason.SELF);
        }
        Pair serverAllows = self.withServer(SessionConfig::withSelfAllowed);
        try (Pair.Exchange handshake = serverAllows.begin()) {
            byte[] message2 = handshake.message2();
            assertRefused(handshake.client(), message2, Reason.SELF);
        }
    }

    @Test
    @Rule(value = "H-6", kind = ACCEPTS)
    void acceptsOurselvesIfAllowed() throws Exception {
        Pair.of(Pair.CLIENT_ID, TestKeys.pair(1), Pair.CLIENT_ID, TestKeys.pair(1))
                .with(SessionConfig::withSelfAllowed)
                .establish()
                .close();
    }

    @Test
    @Rule(value = "H-6", kind = ACCEPTS)
    void acceptsOurIdWithAnotherKeyAndOurKeyWithAnotherId() throws Exception {
        Pair.of(Pair.CLIENT_ID, TestKeys.pair(1), Pair.CLIENT_ID, TestKeys.pair(2))
                .establish()
                .close();
        Pair.of(Pair.CLIENT_ID, TestKeys.pair(1), Pair.SERVER_ID, TestKeys.pair(1))
                .establish()
                .close();
    }

    @Test
    @Rule(value = "H-8", kind = REFUSES)
    @Rule(value = "H-8", kind = ACCEPTS)
    void reportsASimultaneousOpenAndGoesOn() throws Exception {
        Pair swapped = Pair.of(
                /* clientId= */ Pair.SERVER_ID, TestKeys.pair(2), /* serverId= */ Pair.CLIENT_ID, TestKeys.pair(1));
        try (Pair.Exchange handshake = pair.begin();
                Handshake peer = Handshake.clientAcceptingAnyKnownPeer(swapped.client())) {
            handshake.message1();

            assertRefused(handshake.client(), peer.start(), Reason.SIMULTANEOUS_OPEN);

            handshake.finish().close();
        }
    }

    @Test
    @Rule(value = "H-8", kind = REFUSES)
    void reportsNoSimultaneousOpenForAForgedMessage() throws Exception {
        Pair impostor = Pair.of(
                /* clientId= */ Pair.SERVER_ID, TestKeys.pair(3), /* serverId= */ Pair.CLIENT_ID, TestKeys.pair(1));
        try (Handshake client = Handshake.clientAcceptingAnyKnownPeer(pair.client());
                Handshake peer = Handshake.clientAcceptingAnyKnownPeer(impostor.client())) {
            client.start();

            assertRefused(client, peer.start(), Reason.BAD_SIGNATURE);
        }
    }

    @Test
    @Rule(value = "H-9", kind = ACCEPTS)
    void clientMaySendBeforeItIsConfirmed() throws Exception {
        try (Pair.Exchange handshake = pair.begin()) {
            handshake.message3();
            EarlyData early = handshake.client().earlyData().orElseThrow();
            byte[] first = early.wrap(new byte[] {1});
            byte[] second = early.wrap(new byte[] {2});

            assertThat(handshake.serverSession().unwrap(first)).containsExactly(1);
            try (Pair.Sessions sessions = handshake.finish()) {
                assertThat(sessions.server().unwrap(second)).containsExactly(2);
                assertThat(sessions.toServer(new byte[] {3})).containsExactly(3);
                assertThat(sessions.toClient(new byte[] {4})).containsExactly(4);
            }
        }
    }

    @Test
    @Rule(value = "H-9", kind = REFUSES)
    void nobodyElseMaySendEarly() throws Exception {
        try (Pair.Exchange handshake = pair.begin()) {
            assertThat(handshake.client().earlyData()).isEmpty();
            handshake.message1();
            assertThat(handshake.client().earlyData()).isEmpty();
            handshake.message2();
            assertThat(handshake.client().earlyData()).isEmpty();
            assertThat(handshake.server().earlyData()).isEmpty();
            handshake.message3();
            assertThat(handshake.server().earlyData()).isEmpty();
            handshake.finish().close();
            assertThat(handshake.client().earlyData()).isEmpty();
        }
    }

    @Test
    @Rule(value = "H-9", kind = REFUSES)
    void earlyDataEndsWithTheHandshake() throws Exception {
        try (Pair.Exchange handshake = pair.begin()) {
            handshake.message3();
            EarlyData early = handshake.client().earlyData().orElseThrow();
            handshake.client().close();

            assertThatThrownBy(() -> early.wrap(new byte[] {1})).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    @Rule(value = "H-9", kind = REFUSES)
    void wrappedMessagesAreNoHandshakeMessages() throws Exception {
        try (Pair.Exchange handshake = pair.begin()) {
            byte[] wrapped = handshake.serverSession().wrap(new byte[] {1});

            assertRefused(handshake.client(), wrapped, Reason.MALFORMED);

            try (Pair.Sessions sessions = handshake.finish()) {
                assertThat(sessions.client().unwrap(wrapped)).containsExactly(1);
            }
        }
    }

    @Test
    @Rule(value = "H-10", kind = ACCEPTS)
    void bothEndsHaveTheTranscriptHashOfTheSpecification() throws Exception {
        try (Pair.Sessions sessions = pair.establish()) {
            byte[] expected = hashOf(
                    HostilePeer.ephemeralIn(sessions.messages().get(0)),
                    HostilePeer.ephemeralIn(sessions.messages().get(1)),
                    Pair.CLIENT_ID.toBytes(),
                    Pair.SERVER_ID.toBytes(),
                    pair.client().identity().publicKey().encode(),
                    pair.server().identity().publicKey().encode());

            assertThat(sessions.client().transcriptHash()).isEqualTo(expected);
            assertThat(sessions.server().transcriptHash()).isEqualTo(expected);
        }
    }

    @Test
    @Rule(value = "H-10", kind = ACCEPTS)
    void transcriptHashDoesNotDependOnTheFormOfAnIdentityKey() throws Exception {
        IdentityPublicKey uncompressed =
                IdentityPublicKey.decode(pair.server().identity().publicKey().encodeUncompressed());
        Pair spelledOut = pair.withClient(
                config -> SessionConfig.of(config.identity(), PeerDirectory.of(Pair.SERVER_ID, uncompressed)));

        try (Pair.Sessions sessions = spelledOut.establish()) {
            assertThat(sessions.client().transcriptHash())
                    .isEqualTo(sessions.server().transcriptHash());
        }
    }

    @Test
    @Rule(value = "H-10", kind = REFUSES)
    void noTwoSessionsHaveTheSameTranscriptHash() throws Exception {
        try (Pair.Sessions one = pair.establish();
                Pair.Sessions other = pair.establish()) {
            assertThat(one.client().transcriptHash())
                    .isNotEqualTo(other.client().transcriptHash());
        }
    }

    private static void assertRefused(Handshake side, byte[] message, Reason reason) {
        assertThatThrownBy(() -> side.receive(message))
                .isInstanceOfSatisfying(
                        HandshakeException.class,
                        refusal -> assertThat(refusal.reason()).isEqualTo(reason));
    }

    private static byte[] hashOf(byte[]... fields) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        for (byte[] field : fields) {
            out.writeInt(field.length);
            out.write(field);
        }
        return MessageDigest.getInstance("SHA-256").digest(bytes.toByteArray());
    }
}
