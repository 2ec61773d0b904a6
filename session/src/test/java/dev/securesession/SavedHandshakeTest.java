package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.StateRejectedException.Reason;
import dev.securesession.internal.handshake.HandshakeContext;
import dev.securesession.internal.handshake.HandshakeState;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Mutations;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Handshakes that are saved before their end and taken up again. */
class SavedHandshakeTest {
    private static final IdentityPublicKey CLIENT_KEY = TestKeys.pair(1).publicKey();
    private static final IdentityPublicKey SERVER_KEY = TestKeys.pair(2).publicKey();

    private final StateKey key = StateKey.of(new byte[StateKey.LENGTH]);
    private final Pair asking = Pair.create().askingForKeys();

    /** Saves both sides after each step and goes on with what was restored. */
    @Test
    @Rule(value = "S-1", kind = ACCEPTS)
    void goesOnAfterEveryStep() throws Exception {
        Handshake client = restored(Handshake.clientAcceptingAnyKnownPeer(asking.client()), asking.client());
        Handshake server = restored(Handshake.server(asking.server()), asking.server());
        assertThat(client.role()).isEqualTo(Role.CLIENT);
        assertThat(server.role()).isEqualTo(Role.SERVER);

        byte[] message1 = client.start();
        client = restored(client, asking.client());
        assertThat(client.start()).isEqualTo(message1);

        server.receive(message1);
        server = restored(server, asking.server());
        assertThat(server.awaitedPeer()).contains(Pair.CLIENT_ID);
        byte[] message2 = reply(server.resolve(Pair.CLIENT_ID, CLIENT_KEY));
        server = restored(server, asking.server());

        client.receive(message2);
        client = restored(client, asking.client());
        assertThat(client.awaitedPeer()).contains(Pair.SERVER_ID);
        byte[] message3 = reply(client.resolve(Pair.SERVER_ID, SERVER_KEY));
        client = restored(client, asking.client());

        HandshakeStep.Established atServer = (HandshakeStep.Established) server.receive(message3);
        HandshakeStep.Established atClient = (HandshakeStep.Established) client.receive(reply(atServer));

        assertThat(atServer.session().unwrap(atClient.session().wrap(new byte[] {1})))
                .containsExactly(1);
        assertThat(atClient.session().unwrap(atServer.session().wrap(new byte[] {2})))
                .containsExactly(2);
        assertThat(atClient.session().transcriptHash())
                .isEqualTo(atServer.session().transcriptHash());
        assertThat(atClient.session().peer()).isEqualTo(Pair.SERVER_ID);
        assertThat(atServer.session().peer()).isEqualTo(Pair.CLIENT_ID);
    }

    @Test
    @Rule(value = "S-1", kind = ACCEPTS)
    void earlyDataIsCountedAcrossARestore() throws Exception {
        Pair pair = Pair.create();
        try (Pair.Exchange handshake = pair.begin()) {
            handshake.message3();
            byte[] first = handshake.client().earlyData().orElseThrow().wrap(new byte[] {1});
            byte[] state = handshake.client().saveCopy(key, Settings.BINDING);

            Handshake client = Handshake.restore(state, key, Settings.BINDING, pair.client());
            byte[] second = client.earlyData().orElseThrow().wrap(new byte[] {2});
            SecureSession server = handshake.serverSession();

            assertThat(server.unwrap(first)).containsExactly(1);
            assertThat(server.unwrap(second)).containsExactly(2);
            assertThatThrownBy(() -> server.unwrap(second)).isInstanceOf(MessageRejectedException.class);
            assertThat(client.receive(handshake.message4())).isInstanceOf(HandshakeStep.Established.class);
        }
    }

    @Test
    void refusesWrongMessagesAfterARestoreToo() throws Exception {
        Pair pair = Pair.create();
        try (Pair.Exchange handshake = pair.begin();
                Pair.Exchange other = pair.begin()) {
            handshake.message3();
            byte[] foreign3 = other.message3();
            byte[] foreign4 = other.message4();
            Handshake server = Handshake.restore(
                    handshake.server().saveCopy(key, Settings.BINDING), key, Settings.BINDING, pair.server());
            Handshake client = Handshake.restore(
                    handshake.client().saveCopy(key, Settings.BINDING), key, Settings.BINDING, pair.client());

            assertThatThrownBy(() -> server.receive(foreign3)).isInstanceOf(HandshakeException.class);
            assertThatThrownBy(() -> client.receive(foreign4)).isInstanceOf(HandshakeException.class);

            HandshakeStep step = server.receive(handshake.message3());
            assertThat(client.receive(reply(step))).isInstanceOf(HandshakeStep.Established.class);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    @Rule(value = "S-1", kind = REFUSES)
    void refusesStatesOfAnother(int messages) throws Exception {
        Pair pair = Pair.create();
        try (Pair.Exchange handshake = pair.begin()) {
            advance(handshake, messages);
            for (Handshake side : List.of(handshake.client(), handshake.server())) {
                SessionConfig own = side.role() == Role.CLIENT ? pair.client() : pair.server();
                byte[] state = side.saveCopy(key, Settings.BINDING);
                byte[] otherKey = new byte[StateKey.LENGTH];
                otherKey[31] = 1;

                assertRefused(state, StateKey.of(otherKey), own, Reason.NOT_AUTHENTIC);
                assertRefused(state, key, StateBinding.of("somebody", 0), own, Reason.NOT_AUTHENTIC);
                assertRefused(state, key, Settings.BINDING.next(), own, Reason.NOT_AUTHENTIC);
                assertRefused(state, key, withIdentity(PeerId.ofUtf8("other"), own), Reason.WRONG_IDENTITY);
                assertRefused(
                        state,
                        key,
                        SessionConfig.askingForKeys(LocalIdentity.of(
                                own.identity().id(), TestKeys.pair(3).privateKey())),
                        Reason.WRONG_IDENTITY);
                assertThatThrownBy(() -> SecureSession.restoreAcceptingAnyKnownPeer(state, key, Settings.BINDING, own))
                        .isInstanceOfSatisfying(
                                StateRejectedException.class,
                                refusal -> assertThat(refusal.reason()).isEqualTo(Reason.WRONG_KIND));

                assertThat(Handshake.restore(state, key, Settings.BINDING, own).role())
                        .isEqualTo(side.role());
            }
        }
    }

    @Test
    @Rule(value = "S-1", kind = REFUSES)
    void refusesAnOldGenerationAndAnotherOwner() throws Exception {
        Pair pair = Pair.create();
        StateBinding second = StateBinding.of("handshake 7", 2);
        try (Handshake client = Handshake.clientAcceptingAnyKnownPeer(pair.client())) {
            byte[] state = client.saveCopy(key, second);

            assertRefused(state, key, StateBinding.of("handshake 7", 3), pair.client(), Reason.NOT_AUTHENTIC);
            assertRefused(state, key, StateBinding.of("handshake 8", 2), pair.client(), Reason.NOT_AUTHENTIC);
            assertThat(Handshake.restore(state, key, second, pair.client()).role())
                    .isEqualTo(Role.CLIENT);
        }
    }

    @Test
    @Rule(value = "S-1", kind = REFUSES)
    void refusesEveryDamagedState() throws Exception {
        Pair pair = Pair.create();
        try (Pair.Exchange handshake = pair.begin()) {
            handshake.message2();
            byte[] state = handshake.client().saveCopy(key, Settings.BINDING);

            for (Mutations.Mutation mutation : Mutations.of(state)) {
                assertThatThrownBy(() -> Handshake.restore(mutation.bytes(), key, Settings.BINDING, pair.client()))
                        .as(mutation.name())
                        .isInstanceOf(StateRejectedException.class);
            }
        }
    }

    @Test
    void savedStatesShowNoSecret() throws Exception {
        Pair pair = Pair.create();
        try (Pair.Exchange handshake = pair.begin()) {
            handshake.message2();
            Handshake client = handshake.client();

            // Sealed anew each time: nothing of the plaintext shows, not even that it is the same.
            byte[] one = client.saveCopy(key, Settings.BINDING);
            byte[] other = client.saveCopy(key, Settings.BINDING);

            assertThat(one).hasSameSizeAs(other);
            int same = 0;
            for (int i = 0; i < one.length; i++) {
                same += one[i] == other[i] ? 1 : 0;
            }
            assertThat(same).isLessThan(one.length / 8);
        }
    }

    /** What is saved says all there is to a state: it is the same before and after a refusal. */
    @ParameterizedTest
    @EnumSource
    @Rule(value = "H-3", kind = REFUSES)
    void refusalsLeaveTheStateAsItWasToTheLastByte(Role role) throws Exception {
        Pair pair = Pair.create();
        SessionConfig config = role == Role.CLIENT ? asking.client() : asking.server();
        HandshakeContext context = Settings.of(config);
        HandshakeState state =
                role == Role.CLIENT ? HandshakeState.client(context).start() : HandshakeState.server(context);
        try (Pair.Exchange other = pair.begin()) {
            List<byte[]> wrong = new ArrayList<>(List.of(other.message3(), other.message4(), new byte[0]));

            for (byte[] message : wrong) {
                byte[] before = state.save().write();
                assertThatThrownBy(() -> state.onMessage(message)).isInstanceOf(HandshakeException.class);
                assertThat(state.save().write()).isEqualTo(before);
            }

            byte[] before = state.save().write();
            HandshakeState asking =
                    state.onMessage(role == Role.CLIENT ? other.message2() : damagedSignature(other.message1()));
            IdentityPublicKey peerKey = role == Role.CLIENT ? SERVER_KEY : CLIENT_KEY;
            assertThatThrownBy(() -> asking.onPeerKeys(List.of(peerKey.key()))).isInstanceOf(HandshakeException.class);
            assertThat(asking.afterRefusal().save().write()).isEqualTo(before);
        }
    }

    private static byte[] damagedSignature(byte[] message1) {
        byte[] damaged = message1.clone();
        damaged[damaged.length - 1] ^= 1;
        return Mutations.repaired(damaged);
    }

    @Test
    @Rule(value = "H-5", kind = REFUSES)
    void expectsTheSamePeerOnceRestored() throws Exception {
        PeerId other = PeerId.ofUtf8("somebody else");
        try (Handshake client = Handshake.client(asking.client(), other);
                Handshake server = Handshake.server(asking.server(), other);
                Pair.Exchange messages = Pair.create().begin()) {
            byte[] message1 = messages.message1();
            assertThatThrownBy(() -> restored(server, asking.server()).receive(message1))
                    .isInstanceOfSatisfying(
                            HandshakeException.class,
                            refusal ->
                                    assertThat(refusal.reason()).isEqualTo(HandshakeException.Reason.UNEXPECTED_PEER));

            client.start();
            byte[] message2 = messages.message2();
            assertThatThrownBy(() -> restored(client, asking.client()).receive(message2))
                    .isInstanceOfSatisfying(
                            HandshakeException.class,
                            refusal ->
                                    assertThat(refusal.reason()).isEqualTo(HandshakeException.Reason.UNEXPECTED_PEER));
        }
    }

    @Test
    void savesWhatItSentWhateverTheCallerDidWithIt() throws Exception {
        try (Handshake client = Handshake.clientAcceptingAnyKnownPeer(asking.client());
                Handshake server = Handshake.server(asking.server())) {
            server.receive(client.start());
            byte[] message2 = reply(server.resolve(Pair.CLIENT_ID, CLIENT_KEY));
            byte[] sent = message2.clone();
            Arrays.fill(message2, (byte) 0);

            Handshake restored = restored(server, asking.server());

            client.receive(sent);
            byte[] message3 = reply(client.resolve(Pair.SERVER_ID, SERVER_KEY));
            assertThat(restored.receive(message3)).isInstanceOf(HandshakeStep.Established.class);
        }
    }

    @Test
    @Rule(value = "P-2", kind = ACCEPTS)
    void savesNothingOfWhatCameBehindAMessage() throws Exception {
        try (Handshake client = Handshake.clientAcceptingAnyKnownPeer(asking.client());
                Handshake server = Handshake.server(asking.server());
                Handshake padded = Handshake.server(asking.server())) {
            byte[] message1 = client.start();
            server.receive(message1);
            padded.receive(Arrays.copyOf(message1, message1.length + 100_000));

            assertThat(padded.saveCopy(key, Settings.BINDING)).hasSameSizeAs(server.saveCopy(key, Settings.BINDING));
        }
    }

    private void advance(Pair.Exchange handshake, int messages) throws HandshakeException {
        if (messages >= 1) {
            handshake.message1();
        }
        if (messages >= 2) {
            handshake.message2();
        }
        if (messages >= 3) {
            handshake.message3();
        }
    }

    private Handshake restored(Handshake handshake, SessionConfig config) throws StateRejectedException {
        byte[] state = handshake.saveCopy(key, Settings.BINDING);
        handshake.close();
        return Handshake.restore(state, key, Settings.BINDING, config);
    }

    private static SessionConfig withIdentity(PeerId id, SessionConfig config) {
        IdentityPrivateKey privateKey = List.of(TestKeys.pair(1), TestKeys.pair(2)).stream()
                .filter(pair -> pair.publicKey().equals(config.identity().publicKey()))
                .findFirst()
                .orElseThrow()
                .privateKey();
        return SessionConfig.askingForKeys(LocalIdentity.of(id, privateKey));
    }

    private static void assertRefused(byte[] state, StateKey key, SessionConfig config, Reason reason) {
        assertRefused(state, key, Settings.BINDING, config, reason);
    }

    private static void assertRefused(
            byte[] state, StateKey key, StateBinding binding, SessionConfig config, Reason reason) {
        assertThatThrownBy(() -> Handshake.restore(state, key, binding, config))
                .isInstanceOfSatisfying(
                        StateRejectedException.class,
                        refusal -> assertThat(refusal.reason()).isEqualTo(reason));
    }

    private static byte[] reply(HandshakeStep step) {
        return step.message().orElseThrow();
    }
}
