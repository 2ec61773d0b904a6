package dev.securesession.transport.datagram;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.HandshakeException;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.rules.Rule;
import dev.securesession.rules.Rule.Kind;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import dev.securesession.transport.datagram.DatagramPeer.End;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The sessions and handshakes of a server for datagrams, and what strangers can do to them. */
class ServerTableTest {
    private static final InetSocketAddress CLIENT = Simulation.at(2, 5000);
    private static final InetSocketAddress ELSEWHERE = Simulation.at(3, 6000);
    private static final byte[] PAYLOAD = {1, 2, 3};

    private final Pair pair = Pair.create();
    private final Simulation simulation = Simulation.of(pair);

    @Test
    @Rule(value = "DG-4", kind = Kind.ACCEPTS)
    void answersOurClientsFirstDatagram() throws Exception {
        simulation.arrive(CLIENT, firstDatagram(pair));

        assertThat(simulation.sentByServer).hasSize(1);
    }

    /** Themis peers do not pad: if message 2 is longer, it takes their second message 1. */
    @Test
    @Rule(value = "DG-4", kind = Kind.REFUSES)
    void sendsNoMoreThanItHasReceived() throws Exception {
        PeerId longId = PeerId.of(new byte[200]);
        Pair uneven = Pair.of(Pair.CLIENT_ID, TestKeys.pair(1), longId, TestKeys.pair(2));
        Simulation server = Simulation.of(uneven);
        try (Pair.Exchange exchange = uneven.begin()) {
            byte[] message1 = exchange.message1();
            int length2 = 12 + 12 + 200 + 45 + 72;

            int count = 0;
            while (server.sentByServer.isEmpty()) {
                server.arrive(CLIENT, message1);
                count++;
            }

            assertThat(count).isEqualTo((length2 + message1.length - 1) / message1.length);
            assertThat(server.table.counters().halfOpen()).isEqualTo(1);
        }
    }

    /** Bytes that have paid for one answer do not pay for the next. */
    @Test
    @Rule(value = "DG-4", kind = Kind.REFUSES)
    void aShorterRepetitionDoesNotPayForAnotherAnswer() throws Exception {
        Pair uneven = Pair.of(Pair.CLIENT_ID, TestKeys.pair(1), PeerId.of(new byte[200]), TestKeys.pair(2));
        Simulation server = Simulation.of(uneven);
        try (Pair.Exchange exchange = uneven.begin()) {
            byte[] message1 = exchange.message1();
            server.arrive(CLIENT, Arrays.copyOf(message1, 12 + 12 + 200 + 45 + 72));
            assertThat(server.sentByServer).hasSize(1);

            server.arrive(CLIENT, message1);

            assertThat(server.sentByServer).hasSize(1);
        }
    }

    @Test
    @Rule(value = "DG-2", kind = Kind.REFUSES)
    void repeatsNothingByItself() throws Exception {
        simulation.arrive(CLIENT, firstDatagram(pair));
        simulation.run(29_000 * Simulation.MILLI);

        assertThat(simulation.sentByServer).hasSize(1);
    }

    @Test
    @Rule(value = "DG-2", kind = Kind.ACCEPTS)
    void answersRepetitionsWithTheSameBytes() throws Exception {
        byte[] message1 = firstDatagram(pair);
        simulation.arrive(CLIENT, message1);
        simulation.arrive(CLIENT, message1);
        assertThat(simulation.sentByServer.get(1)).isEqualTo(simulation.sentByServer.get(0));

        Simulation.Client client = simulation.connect(pair.client(), ELSEWHERE);
        client.send(PAYLOAD);
        simulation.run(100 * Simulation.MILLI);
        byte[] message4 = simulation.sentByServer.get(simulation.sentByServer.size() - 1);
        assertThat(message4).hasSize(44);
        simulation.sentByServer.clear();
        simulation.arrive(ELSEWHERE, client.lastHandshakeDatagram);
        assertThat(simulation.sentByServer).containsExactly(message4);
    }

    @Test
    void answersMessage1WithOtherTrailingBytesTheSame() throws Exception {
        byte[] message1 = firstDatagram(pair);
        simulation.arrive(CLIENT, message1);
        simulation.arrive(CLIENT, Arrays.copyOf(message1, message1.length + 3));

        assertThat(simulation.sentByServer).hasSize(2);
        assertThat(simulation.sentByServer.get(1)).isEqualTo(simulation.sentByServer.get(0));
        assertThat(simulation.table.counters().halfOpen()).isEqualTo(1);
    }

    @Test
    @Rule(value = "DG-3", kind = Kind.REFUSES)
    void dropsWhateverIsNoMessageOfAPeer() throws Exception {
        Simulation.Client client = simulation.connect(pair.client(), CLIENT);
        byte[] message = client.session.wrap(PAYLOAD);
        simulation.sentByServer.clear();
        List<byte[]> junk = List.of(
                new byte[0],
                new byte[1],
                new byte[16],
                new byte[1200],
                Arrays.copyOf(client.session.sessionId(), 100),
                Arrays.copyOf("TSPM".getBytes(java.nio.charset.StandardCharsets.US_ASCII), 100),
                Arrays.copyOf(message, message.length - 1));
        for (byte[] bytes : junk) {
            simulation.arrive(CLIENT, bytes);
            simulation.arrive(ELSEWHERE, bytes);
        }
        simulation.arrive(ELSEWHERE, message);

        assertThat(simulation.sentByServer).isEmpty();
        assertThat(simulation.received.get(simulation.established.get(0))).isEmpty();
        assertThat(simulation.table.counters().halfOpen()).isZero();

        simulation.arrive(CLIENT, message);
        simulation.arrive(CLIENT, message);
        assertThat(simulation.received.get(simulation.established.get(0))).containsExactly(PAYLOAD);
    }

    @Test
    @Rule(value = "DG-5", kind = Kind.ACCEPTS)
    void servesManyPeersAtOnce() throws Exception {
        DatagramOptions shared = DatagramOptions.defaults().withSessionLimitPerPeer(100);
        Simulation many = new Simulation(pair.server(), shared, 1);
        many.answer = ServerTableTest::echo;
        for (int i = 0; i < 50; i++) {
            Simulation.Client client = many.connect(pair.client(), Simulation.at(2, 5000 + i));
            client.send(Simulation.payload(i));
        }
        many.run(100 * Simulation.MILLI);

        assertThat(many.table.counters().open()).isEqualTo(50);
        for (int i = 0; i < 50; i++) {
            assertThat(many.received.get(many.established.get(i))).containsExactly(Simulation.payload(i));
        }
    }

    @Test
    @Rule(value = "DG-5", kind = Kind.REFUSES)
    void aNewSessionReplacesThatOfTheSamePeerAndThatAtTheSameAddress() throws Exception {
        simulation.connect(pair.client(), CLIENT);
        Simulation.Client second = simulation.connect(pair.client(), ELSEWHERE);

        DatagramPeer former = simulation.established.get(0);
        assertThat(simulation.ended).containsEntry(former, End.REPLACED);
        assertThat(former.session().isClosed()).isTrue();
        assertThatThrownBy(() -> former.send(PAYLOAD)).isInstanceOf(IllegalStateException.class);

        simulation.connect(pair.client(), ELSEWHERE);
        assertThat(simulation.ended).containsEntry(simulation.established.get(1), End.REPLACED);
        assertThat(simulation.table.counters().open()).isEqualTo(1);
        simulation.arrive(ELSEWHERE, second.session.wrap(PAYLOAD));
        assertThat(simulation.received.get(simulation.established.get(2))).isEmpty();
    }

    @Test
    void atTheLimitTheMostSilentSessionMakesRoom() throws Exception {
        DatagramOptions two = DatagramOptions.defaults().withSessionLimit(2).withSessionLimitPerPeer(9);
        Simulation small = new Simulation(pair.server(), two, 1);
        Simulation.Client first = small.connect(pair.client(), CLIENT);
        small.connect(pair.client(), ELSEWHERE);
        first.send(PAYLOAD);
        small.run(100 * Simulation.MILLI);
        small.connect(pair.client(), Simulation.at(4, 1));

        assertThat(small.ended).containsOnlyKeys(small.established.get(1)).containsValue(End.DISPLACED);
    }

    /** A stranger who knows the address of a client and an old message 1 must not keep the client out. */
    @Test
    void aReplayedMessage1FromTheSameAddressDoesNoHarm() throws Exception {
        simulation.arrive(CLIENT, firstDatagram(pair));
        simulation.arrive(CLIENT, firstDatagram(pair));

        simulation.connect(pair.client(), CLIENT);

        assertThat(simulation.established).hasSize(1);
        for (int i = 0; i < 10; i++) {
            simulation.arrive(CLIENT, firstDatagram(pair));
        }
        assertThat(simulation.table.counters().halfOpen()).isEqualTo(4);
    }

    @Test
    @Rule(value = "DG-6", kind = Kind.ACCEPTS)
    void atTheLimitTheMostSilentHandshakeMakesRoom() throws Exception {
        DatagramOptions three = DatagramOptions.defaults().withHalfOpenLimit(3);
        Simulation small = new Simulation(pair.server(), three, 1);
        byte[] silent = firstDatagram(pair);
        byte[] busy = firstDatagram(pair);
        small.arrive(Simulation.at(20, 1), busy);
        small.arrive(Simulation.at(21, 1), silent);
        small.arrive(Simulation.at(20, 1), busy);
        small.arrive(Simulation.at(22, 1), firstDatagram(pair));
        small.connect(pair.client(), CLIENT);

        DatagramCounters counters = small.table.counters();
        assertThat(counters.displaced()).isEqualTo(1);
        assertThat(counters.halfOpen()).isEqualTo(2);
        small.sentByServer.clear();
        small.arrive(Simulation.at(20, 1), busy);
        assertThat(small.table.counters().halfOpen())
                .as("the busy one is still there")
                .isEqualTo(2);
    }

    @Test
    @Rule(value = "DG-6", kind = Kind.REFUSES)
    void anAddressHasNoMoreThanItsShare() throws Exception {
        DatagramOptions two = DatagramOptions.defaults().withHalfOpenLimitPerAddress(2);
        Simulation small = new Simulation(pair.server(), two, 1);
        InetAddress loopback = InetAddress.getLoopbackAddress();
        for (int port = 1; port <= 5; port++) {
            small.arrive(Simulation.at(20, port), firstDatagram(pair));
            small.arrive(new InetSocketAddress(loopback, port), firstDatagram(pair));
        }

        assertThat(small.table.counters().displaced()).isEqualTo(3);
        assertThat(small.table.counters().halfOpen()).isEqualTo(2 + 5);
    }

    @Test
    void handshakesHoldNoMoreBytesThanTheirBudget() throws Exception {
        DatagramOptions tight = DatagramOptions.defaults().withHandshakeBytesLimit(1000);
        Simulation small = new Simulation(pair.server(), tight, 1);
        for (int host = 10; host < 30; host++) {
            small.arrive(Simulation.at(host, 1), firstDatagram(pair));
        }

        assertThat(small.table.counters().halfOpen()).isBetween(1, 3);
        assertThat(small.table.counters().displaced()).isGreaterThanOrEqualTo(17);
    }

    @Test
    void handshakesThatAreOverLeaveTheirBytesToOthers() throws Exception {
        DatagramOptions tight = DatagramOptions.defaults().withHandshakeBytesLimit(4000);
        Simulation small = new Simulation(pair.server(), tight, 1);
        for (int round = 0; round < 20; round++) {
            small.arrive(CLIENT, firstDatagram(pair));
            small.run(31_000 * Simulation.MILLI);
        }
        small.arrive(CLIENT, firstDatagram(pair));
        small.arrive(ELSEWHERE, firstDatagram(pair));

        assertThat(small.table.counters().displaced()).isZero();
        assertThat(small.table.counters().halfOpen()).isEqualTo(2);
    }

    @Test
    void aFloodOfFirstMessagesWaitsInABoundedQueueAndConfirmationsGoFirst() throws Exception {
        DatagramOptions one = DatagramOptions.defaults().withHandshakeThreads(1);
        Simulation busy = new Simulation(pair.server(), one, 1);
        Simulation.Client client = busy.client(pair.client(), CLIENT);
        client.repeat();
        busy.run(25 * Simulation.MILLI); // message 3 is on its way
        busy.holdsWork = true;
        byte[] message1 = firstDatagram(pair);
        for (int i = 0; i < 1000; i++) {
            busy.arrive(Simulation.at(10 + i, 1), message1);
        }
        busy.run(20 * Simulation.MILLI);
        assertThat(busy.heldWork).hasSize(1);
        assertThat(busy.table.counters().halfOpen()).isEqualTo(1 + 1 + 256);

        busy.doHeldWork();
        busy.doHeldWork();
        assertThat(busy.established).hasSize(1);
    }

    @Test
    @Rule(value = "DG-7", kind = Kind.ACCEPTS)
    void aSessionLivesAsLongAsMessagesCome() throws Exception {
        Simulation.Client client = simulation.connect(pair.client(), CLIENT);
        for (int i = 0; i < 10; i++) {
            simulation.run(Duration.ofMinutes(4).toNanos());
            client.send(PAYLOAD);
        }
        simulation.run(Duration.ofMinutes(4).toNanos());

        assertThat(simulation.ended).isEmpty();
    }

    @Test
    @Rule(value = "DG-7", kind = Kind.REFUSES)
    void aSessionWithoutAuthenticMessagesEnds() throws Exception {
        Simulation.Client client = simulation.connect(pair.client(), CLIENT);
        byte[] old = client.session.wrap(PAYLOAD);
        simulation.arrive(CLIENT, old);
        for (int i = 0; i < 6; i++) {
            simulation.run(Duration.ofMinutes(1).toNanos());
            simulation.arrive(CLIENT, old);
        }

        assertThat(simulation.ended).containsValue(End.IDLE);
        assertThat(simulation.table.nextDeadline()).isEqualTo(ServerTable.NEVER);
    }

    @Test
    void withoutAnIdleTimeoutASessionStays() throws Exception {
        DatagramOptions forever = DatagramOptions.defaults().withIdleTimeout(Duration.ZERO);
        Simulation patient = new Simulation(pair.server(), forever, 1);
        patient.connect(pair.client(), CLIENT);
        patient.run(Duration.ofDays(30).toNanos());

        assertThat(patient.ended).isEmpty();
    }

    @Test
    void aHandshakeThatIsNotFinishedIsForgotten() throws Exception {
        simulation.arrive(CLIENT, firstDatagram(pair));
        simulation.run(31_000 * Simulation.MILLI);

        assertThat(simulation.table.counters().halfOpen()).isZero();
        assertThat(simulation.table.counters().failed()).isEqualTo(1);
    }

    @Test
    @Rule(value = "DG-8", kind = Kind.ACCEPTS)
    void followsAPeerThatAnswersFromItsNewAddress() throws Exception {
        Simulation following =
                new Simulation(pair.server(), DatagramOptions.defaults().withAddressChanges(), 1);
        Simulation.Client client = following.connect(pair.client(), CLIENT);
        DatagramPeer peer = following.established.get(0);
        client.move(ELSEWHERE);
        client.send(PAYLOAD);
        following.run(100 * Simulation.MILLI);

        assertThat(following.received.get(peer)).containsExactly(PAYLOAD);
        assertThat(peer.address()).isEqualTo(ELSEWHERE);
        peer.send(PAYLOAD);
        client.send(PAYLOAD);
        following.run(100 * Simulation.MILLI);
        assertThat(client.received).containsExactly(PAYLOAD);
        assertThat(following.received.get(peer)).hasSize(2);
    }

    @Test
    @Rule(value = "DG-8", kind = Kind.REFUSES)
    void staysWhereItIsWithoutTheRightAnswer() throws Exception {
        Simulation following =
                new Simulation(pair.server(), DatagramOptions.defaults().withAddressChanges(), 1);
        Simulation.Client client = following.connect(pair.client(), CLIENT);
        DatagramPeer peer = following.established.get(0);
        byte[] older = client.session.wrap(PAYLOAD);
        byte[] newer = client.session.wrap(PAYLOAD);
        following.arrive(CLIENT, newer);
        following.sentByServer.clear();

        following.arrive(ELSEWHERE, older);
        assertThat(following.sentByServer).as("an older message moves nothing").isEmpty();

        following.arrive(ELSEWHERE, client.session.wrap(PAYLOAD));
        byte[] question = following.sentByServer.get(0);
        assertThat(question).hasSize(16);
        byte[] wrong = PathCheck.answer(question);
        wrong[15] ^= 1;
        following.arrive(ELSEWHERE, wrong);
        following.arrive(Simulation.at(9, 9), PathCheck.answer(question));
        assertThat(peer.address()).isEqualTo(CLIENT);

        following.arrive(ELSEWHERE, PathCheck.answer(question));
        assertThat(peer.address()).isEqualTo(ELSEWHERE);
    }

    @Test
    @Rule(value = "DG-8", kind = Kind.REFUSES)
    void asksAnAddressForNoMoreThanItHasSent() throws Exception {
        simulation.connect(pair.client(), CLIENT);
        DatagramPeer peer = simulation.established.get(0);
        byte[] number = new byte[PathCheck.NUMBER_LENGTH];
        assertThat(peer.questionTo(ELSEWHERE, 15, number)).isNull();
        assertThat(peer.questionTo(ELSEWHERE, 1, number)).hasSize(16);

        assertThat(peer.questionTo(ELSEWHERE, 15, number)).isNull();
        assertThat(peer.questionTo(ELSEWHERE, 1, number)).hasSize(16);
    }

    @Test
    void byDefaultMessagesFromElsewhereAreDropped() throws Exception {
        Simulation.Client client = simulation.connect(pair.client(), CLIENT);
        simulation.sentByServer.clear();
        simulation.arrive(ELSEWHERE, client.session.wrap(PAYLOAD));

        assertThat(simulation.received.get(simulation.established.get(0))).isEmpty();
        assertThat(simulation.sentByServer).isEmpty();
    }

    @Test
    void tellsWhyAHandshakeWasRefused() throws Exception {
        Pair stranger = pair.withServer(config -> config.withDirectory(peer -> List.of()));
        Simulation closed = Simulation.of(stranger);
        closed.arrive(CLIENT, firstDatagram(pair));

        assertThat(closed.failures).singleElement().isInstanceOfSatisfying(HandshakeException.class, refusal -> {
            assertThat(refusal.reason()).isEqualTo(HandshakeException.Reason.UNKNOWN_PEER);
        });
        assertThat(closed.table.counters().halfOpen()).isZero();
        assertThat(closed.sentByServer).isEmpty();
    }

    @Test
    void aDirectoryThatFailsHarmsOneHandshakeOnly() throws Exception {
        boolean[] fails = {true};
        PeerDirectory directory = peer -> {
            if (fails[0]) {
                throw new IllegalStateException("the database is away");
            }
            return List.of(pair.client().identity().publicKey());
        };
        Simulation shaky = Simulation.of(pair.withServer(config -> config.withDirectory(directory)));
        shaky.arrive(CLIENT, firstDatagram(pair));
        assertThat(shaky.failures).singleElement().isInstanceOf(IllegalStateException.class);

        fails[0] = false;
        shaky.connect(pair.client(), CLIENT);
        assertThat(shaky.established).hasSize(1);
    }

    @Test
    @Rule(value = "H-3", kind = Kind.REFUSES)
    void theSeventeenthCostlyRefusalEndsAHandshake() throws Exception {
        simulation.loss = 1;
        Simulation.Client client = simulation.client(pair.client(), CLIENT);
        simulation.arrive(CLIENT, client.handshake.due(0).orElseThrow());
        byte[] message2 = simulation.sentByServer.get(0);
        byte[] message3 = client.handshake.receive(message2, 0).orElseThrow();
        byte[] wrong;
        try (Pair.Exchange other = pair.begin()) {
            wrong = other.message3();
        }
        for (int i = 0; i < 16; i++) {
            simulation.arrive(CLIENT, wrong);
        }
        assertThat(simulation.table.counters().halfOpen()).isEqualTo(1);
        simulation.arrive(CLIENT, wrong);
        assertThat(simulation.table.counters().halfOpen()).isZero();
        simulation.arrive(CLIENT, message3);
        assertThat(simulation.established).isEmpty();
    }

    @Test
    void closingAPeerEndsItsSessionsAndItsHandshakes() throws Exception {
        simulation.connect(pair.client(), CLIENT);
        Simulation.Client under = simulation.client(pair.client(), ELSEWHERE);
        under.repeat();
        simulation.run(15 * Simulation.MILLI);
        assertThat(simulation.table.counters().halfOpen()).isEqualTo(1);

        simulation.table.endAll(Pair.CLIENT_ID);
        simulation.table.endAll(PeerId.ofUtf8("nobody"));
        simulation.run(1000 * Simulation.MILLI);

        assertThat(simulation.ended).containsValue(End.CLOSED);
        assertThat(simulation.table.counters().open()).isZero();
        assertThat(simulation.established).hasSize(1);

        simulation.connect(pair.client(), Simulation.at(7, 7));
        simulation.established.get(1).close();
        assertThat(simulation.table.counters().open()).isZero();
        simulation.table.endAll();
        assertThat(simulation.ended).hasSize(2);
    }

    @Test
    void aSessionThatWasClosedDirectlyEndsWithItsNextMessage() throws Exception {
        Simulation.Client client = simulation.connect(pair.client(), CLIENT);
        simulation.established.get(0).session().close();
        simulation.arrive(CLIENT, client.session.wrap(PAYLOAD));

        assertThat(simulation.ended).containsValue(End.CLOSED);
    }

    @Test
    void tooManyFailuresEndASession() throws Exception {
        Simulation strict = Simulation.of(pair.withServer(config -> config.withFailureLimit(2)));
        Simulation.Client client = strict.connect(pair.client(), CLIENT);
        for (int i = 0; i < 3; i++) {
            byte[] message = client.session.wrap(PAYLOAD);
            message[message.length - 1] ^= 1;
            strict.arrive(CLIENT, message);
        }

        assertThat(strict.ended).containsValue(End.TOO_MANY_FAILURES);
    }

    @Test
    void workThatEndsAfterItsHandshakeWasForgottenMakesNoSession() throws Exception {
        Simulation.Client client = simulation.client(pair.client(), CLIENT);
        client.repeat();
        simulation.run(25 * Simulation.MILLI);
        simulation.holdsWork = true;
        simulation.run(10 * Simulation.MILLI);
        assertThat(simulation.heldWork).hasSize(1);
        HandshakeWork work = simulation.heldWork.remove(0);
        work.run();
        SecureSession session = work.session();
        simulation.table.endAll();
        simulation.table.finished(work, simulation.now);

        assertThat(simulation.established).isEmpty();
        assertThat(session.isClosed()).isTrue();
    }

    @Test
    void refusesConfigurationsThatCannotServe() {
        SessionConfig asking = pair.server().withoutDirectory();
        assertThatIllegalArgumentException().isThrownBy(() -> Simulation.of(pair.withServer(config -> asking)));
        LocalIdentity longName =
                LocalIdentity.of(PeerId.of(new byte[1000]), TestKeys.pair(2).privateKey());
        IdentityPublicKey key = TestKeys.pair(1).publicKey();
        SessionConfig tooLong = SessionConfig.of(longName, PeerDirectory.of(Pair.CLIENT_ID, key));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Simulation.of(pair.withServer(config -> tooLong)))
                .withMessageContaining("an id of 1000 bytes");
    }

    private static byte[] firstDatagram(Pair pair) throws Exception {
        ClientHandshake handshake =
                new ClientHandshake(pair.client(), pair.server().identity().id(), DatagramOptions.defaults(), 0);
        byte[] datagram = handshake.due(0).orElseThrow();
        handshake.close();
        return datagram;
    }

    private static void echo(DatagramPeer peer, byte[] payload) {
        try {
            peer.send(payload);
        } catch (java.io.IOException e) {
            throw new AssertionError(e);
        }
    }
}
