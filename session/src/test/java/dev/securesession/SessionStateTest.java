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
        StateBinding own = StateBinding.of("session 1", 4);
        byte[] otherKey = new byte[StateKey.LENGTH];
        otherKey[0] = 1;
        try (Pair.Sessions sessions = pair.establish()) {
            byte[] state = sessions.client().saveCopy(key, own);

            assertRefused(state, StateKey.of(otherKey), own, Reason.NOT_AUTHENTIC);
            assertRefused(state, key, StateBinding.of("session 2", 4), Reason.NOT_AUTHENTIC);
            assertRefused(state, key, StateBinding.of("session 1", 3), Reason.NOT_AUTHENTIC);
            assertThatThrownBy(() -> SecureSession.restoreAcceptingAnyKnownPeer(state, key, own, pair.server()))
                    .isInstanceOfSatisfying(
                            StateRejectedException.class,
                            refusal -> assertThat(refusal.reason()).isEqualTo(Reason.WRONG_IDENTITY));
            SessionConfig sameName = SessionConfig.askingForKeys(
                    LocalIdentity.of(Pair.CLIENT_ID, TestKeys.pair(3).privateKey()));
            assertThatThrownBy(() -> SecureSession.restoreAcceptingAnyKnownPeer(state, key, own, sameName))
                    .isInstanceOfSatisfying(
                            StateRejectedException.class,
                            refusal -> assertThat(refusal.reason()).isEqualTo(Reason.WRONG_IDENTITY));
            assertThatThrownBy(() -> Handshake.restore(state, key, own, pair.client()))
                    .isInstanceOfSatisfying(
                            StateRejectedException.class,
                            refusal -> assertThat(refusal.reason()).isEqualTo(Reason.WRONG_KIND));

            assertThat(SecureSession.restoreAcceptingAnyKnownPeer(state, key, own, pair.client())
                            .peer())
                    .isEqualTo(Pair.SERVER_ID);
        }
    }

    @Test
    @Rule(value = "H-5", kind = REFUSES)
    void refusesASessionWithAnotherPeerThanTheExpectedOne() throws Exception {
        Pair pair = Pair.create();
        StateKey stateKey = StateKey.of(new byte[StateKey.LENGTH]);
        byte[] state = pair.establish().client().saveCopy(stateKey, Settings.BINDING);
        PeerId other = PeerId.ofUtf8("somebody else");

        assertThatThrownBy(() -> SecureSession.restore(state, stateKey, Settings.BINDING, pair.client(), other))
                .isInstanceOfSatisfying(
                        StateRejectedException.class,
                        refusal -> assertThat(refusal.reason()).isEqualTo(Reason.UNEXPECTED_PEER));

        assertThat(SecureSession.restore(state, stateKey, Settings.BINDING, pair.client(), Pair.SERVER_ID)
                        .peer())
                .isEqualTo(Pair.SERVER_ID);
    }

    @Test
    @Rule(value = "S-6", kind = ACCEPTS)
    void suspendingSavesAndClosesInOneStep() throws Exception {
        try (Pair.Sessions sessions = pair.establish()) {
            byte[] first = sessions.client().wrap(new byte[] {1});
            byte[] state = sessions.client().suspend(key, Settings.BINDING);

            assertThat(sessions.client().isClosed()).isTrue();
            SecureSession restored = SecureSession.restore(state, key, Settings.BINDING, pair.client(), Pair.SERVER_ID);
            sessions.server().unwrap(first);
            assertThat(sessions.server().unwrap(restored.wrap(new byte[] {2}))).containsExactly(2);
        }
    }

    @Test
    @Rule(value = "S-6", kind = REFUSES)
    void aSuspendedSessionDoesNothingMore() throws Exception {
        try (Pair.Sessions sessions = pair.establish()) {
            byte[] message = sessions.server().wrap(new byte[] {1});
            sessions.client().suspend(key, Settings.BINDING);

            assertThatThrownBy(() -> sessions.client().wrap(new byte[] {1})).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> sessions.client().unwrap(message)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> sessions.client().suspend(key, Settings.BINDING))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    @Rule(value = "S-1", kind = REFUSES)
    void refusesEveryDamagedState() throws Exception {
        try (Pair.Sessions sessions =
                pair.with(config -> config.withReplayWindow(64)).establish()) {
            byte[] state = sessions.client().saveCopy(key, Settings.BINDING);

            for (Mutations.Mutation mutation : Mutations.of(state)) {
                assertThatThrownBy(() -> SecureSession.restoreAcceptingAnyKnownPeer(
                                mutation.bytes(), key, Settings.BINDING, pair.client()))
                        .as(mutation.name())
                        .isInstanceOf(StateRejectedException.class);
            }
        }
    }

    @Test
    void refusesToSaveWhenClosed() throws Exception {
        Pair.Sessions sessions = pair.establish();
        sessions.close();

        assertThatThrownBy(() -> sessions.client().saveCopy(key, Settings.BINDING))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void destroyedKeysSealAndOpenNothing() throws Exception {
        StateKey destroyed = StateKey.of(new byte[StateKey.LENGTH]);
        try (Pair.Sessions sessions = pair.establish()) {
            byte[] state = sessions.client().saveCopy(destroyed, Settings.BINDING);
            destroyed.destroy();

            assertThatThrownBy(() -> sessions.client().saveCopy(destroyed, Settings.BINDING))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> SecureSession.restoreAcceptingAnyKnownPeer(
                            state, destroyed, Settings.BINDING, pair.client()))
                    .isInstanceOf(IllegalStateException.class);
            assertThat(SecureSession.restoreAcceptingAnyKnownPeer(state, key, Settings.BINDING, pair.client())
                            .peer())
                    .isEqualTo(Pair.SERVER_ID);
        }
    }

    private SecureSession restored(SecureSession session, SessionConfig config) throws StateRejectedException {
        return SecureSession.restoreAcceptingAnyKnownPeer(
                session.saveCopy(key, Settings.BINDING), key, Settings.BINDING, config);
    }

    private void assertRefused(byte[] state, StateKey stateKey, StateBinding binding, Reason reason) {
        assertThatThrownBy(() -> SecureSession.restoreAcceptingAnyKnownPeer(state, stateKey, binding, pair.client()))
                .isInstanceOfSatisfying(
                        StateRejectedException.class,
                        refusal -> assertThat(refusal.reason()).isEqualTo(reason));
    }
}
