package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.StateRejectedException.Reason;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Mutations;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Established sessions that are saved in our own form and taken up again. */
class SessionStateTest {
    private final StateKey key = StateKey.of(new byte[StateKey.LENGTH]);
    private final Pair pair = Pair.create();

    @Test
    @Rule(value = "S-1", kind = ACCEPTS)
    void goesOnWhereItStood() throws Exception {
        try (Pair.Sessions sessions = pair.establish()) {
            sessions.toServer(new byte[] {1});
            sessions.toClient(new byte[] {2});

            SecureSession client = restored(sessions.client(), pair.client());
            SecureSession server = restored(sessions.server(), pair.server());

            assertThat(server.unwrap(client.wrap(new byte[] {3}))).containsExactly(3);
            assertThat(client.unwrap(server.wrap(new byte[] {4}))).containsExactly(4);
            assertThat(client.remainingMessages()).isEqualTo(sessions.client().remainingMessages() - 1);
        }
    }

    @Test
    @Rule(value = "S-1", kind = ACCEPTS)
    void remembersWhoThePeerIs() throws Exception {
        try (Pair.Sessions sessions = pair.establish()) {
            SecureSession client = restored(sessions.client(), pair.client());

            assertThat(client.isPeerKnown()).isTrue();
            assertThat(client.peer()).isEqualTo(Pair.SERVER_ID);
            assertThat(client.peerFingerprint()).isEqualTo(sessions.client().peerFingerprint());
            assertThat(client.transcriptHash()).isEqualTo(sessions.server().transcriptHash());
            assertThat(client.sessionId()).isEqualTo(sessions.client().sessionId());
            assertThat(client.role()).isEqualTo(Role.CLIENT);
        }
    }

    @Test
    @Rule(value = "S-1", kind = REFUSES)
    void remembersTheWholeReceiveWindow() throws Exception {
        try (Pair.Sessions sessions = pair.establish()) {
            List<byte[]> messages = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                messages.add(sessions.client().wrap(new byte[] {(byte) i}));
            }
            Set<Integer> seen = new HashSet<>();
            for (int i = 0; i < 20; i += 3) {
                sessions.server().unwrap(messages.get(i));
                seen.add(i);
            }

            SecureSession server = restored(sessions.server(), pair.server());

            for (int i = 0; i < 20; i++) {
                byte[] message = messages.get(i);
                if (seen.contains(i)) {
                    assertThatThrownBy(() -> server.unwrap(message))
                            .isInstanceOfSatisfying(
                                    MessageRejectedException.class,
                                    refusal -> assertThat(refusal.reason())
                                            .isEqualTo(MessageRejectedException.Reason.REPLAYED));
                } else {
                    assertThat(server.unwrap(message)).containsExactly(i);
                }
            }
        }
    }

    @Test
    @Rule(value = "S-1", kind = REFUSES)
    void refusesStatesOfAnother() throws Exception {
        StateKey own = key.withOwner("session 1").withGeneration(4);
        byte[] otherKey = new byte[StateKey.LENGTH];
        otherKey[0] = 1;
        try (Pair.Sessions sessions = pair.establish()) {
            byte[] state = sessions.client().save(own);

            assertRefused(state, StateKey.of(otherKey).withOwner("session 1").withGeneration(4), Reason.NOT_AUTHENTIC);
            assertRefused(state, key.withOwner("session 2").withGeneration(4), Reason.NOT_AUTHENTIC);
            assertRefused(state, key.withOwner("session 1").withGeneration(3), Reason.NOT_AUTHENTIC);
            assertThatThrownBy(() -> SecureSession.restore(state, own, pair.server()))
                    .isInstanceOfSatisfying(
                            StateRejectedException.class,
                            refusal -> assertThat(refusal.reason()).isEqualTo(Reason.WRONG_IDENTITY));
            SessionConfig sameName = SessionConfig.askingForKeys(
                    LocalIdentity.of(Pair.CLIENT_ID, TestKeys.pair(3).privateKey()));
            assertThatThrownBy(() -> SecureSession.restore(state, own, sameName))
                    .isInstanceOfSatisfying(
                            StateRejectedException.class,
                            refusal -> assertThat(refusal.reason()).isEqualTo(Reason.WRONG_IDENTITY));
            assertThatThrownBy(() -> Handshake.restore(state, own, pair.client()))
                    .isInstanceOfSatisfying(
                            StateRejectedException.class,
                            refusal -> assertThat(refusal.reason()).isEqualTo(Reason.WRONG_KIND));

            assertThat(SecureSession.restore(state, own, pair.client()).peer()).isEqualTo(Pair.SERVER_ID);
        }
    }

    @Test
    @Rule(value = "H-5", kind = REFUSES)
    void refusesASessionWithAnotherPeerThanTheExpectedOne() throws Exception {
        Pair pair = Pair.create();
        StateKey stateKey = StateKey.of(new byte[StateKey.LENGTH]);
        byte[] state = pair.establish().client().save(stateKey);
        SessionConfig other = pair.client().withExpectedPeer(PeerId.ofUtf8("somebody else"));

        assertThatThrownBy(() -> SecureSession.restore(state, stateKey, other))
                .isInstanceOfSatisfying(
                        StateRejectedException.class,
                        refusal -> assertThat(refusal.reason()).isEqualTo(Reason.UNEXPECTED_PEER));

        SessionConfig expecting = pair.client().withExpectedPeer(Pair.SERVER_ID);
        assertThat(SecureSession.restore(state, stateKey, expecting).peer()).isEqualTo(Pair.SERVER_ID);
    }

    @Test
    @Rule(value = "S-1", kind = REFUSES)
    void refusesEveryDamagedState() throws Exception {
        try (Pair.Sessions sessions =
                pair.withOptions(SessionOptions.defaults().withReplayWindow(64)).establish()) {
            byte[] state = sessions.client().save(key);

            for (Mutations.Mutation mutation : Mutations.of(state)) {
                assertThatThrownBy(() -> SecureSession.restore(mutation.bytes(), key, pair.client()))
                        .as(mutation.name())
                        .isInstanceOf(StateRejectedException.class);
            }
        }
    }

    @Test
    void refusesToSaveWhenClosed() throws Exception {
        Pair.Sessions sessions = pair.establish();
        sessions.close();

        assertThatThrownBy(() -> sessions.client().save(key)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void destroyedKeysSealAndOpenNothing() throws Exception {
        StateKey destroyed = key.withOwner("short-lived");
        try (Pair.Sessions sessions = pair.establish()) {
            byte[] state = sessions.client().save(destroyed);
            destroyed.destroy();

            assertThatThrownBy(() -> sessions.client().save(destroyed)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> SecureSession.restore(state, destroyed, pair.client()))
                    .isInstanceOf(IllegalStateException.class);
            assertThat(SecureSession.restore(state, key.withOwner("short-lived"), pair.client())
                            .peer())
                    .isEqualTo(Pair.SERVER_ID);
        }
    }

    private SecureSession restored(SecureSession session, SessionConfig config) throws StateRejectedException {
        return SecureSession.restore(session.save(key), key, config);
    }

    private void assertRefused(byte[] state, StateKey stateKey, Reason reason) {
        assertThatThrownBy(() -> SecureSession.restore(state, stateKey, pair.client()))
                .isInstanceOfSatisfying(
                        StateRejectedException.class,
                        refusal -> assertThat(refusal.reason()).isEqualTo(reason));
    }
}
