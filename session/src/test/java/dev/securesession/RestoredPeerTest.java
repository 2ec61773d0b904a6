package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.securesession.StateRejectedException.Reason;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** With which peer a saved session may continue. */
class RestoredPeerTest {
    private static final PeerId OTHER = PeerId.ofUtf8("somebody else");

    private final StateKey key = StateKey.of(new byte[StateKey.LENGTH]);
    private final StateBinding binding = StateBinding.of("session 1", 1);
    private final Pair pair = Pair.create().with(SessionConfig::withTsscExport);

    @Test
    @Rule(value = "H-5", kind = ACCEPTS)
    void restoresASessionWithTheExpectedPeer() throws Exception {
        byte[] state = knownState();

        assertThat(SecureSession.restore(state, key, binding, pair.client(), Pair.SERVER_ID)
                        .peer())
                .isEqualTo(Pair.SERVER_ID);
        assertThat(SecureSession.restoreAcceptingAnyKnownPeer(state, key, binding, pair.client())
                        .peer())
                .isEqualTo(Pair.SERVER_ID);
    }

    @Test
    @Rule(value = "H-5", kind = REFUSES)
    void refusesASessionWithAnotherPeer() throws Exception {
        byte[] state = knownState();
        SessionConfig knowsBoth =
                pair.client().withDirectory(peer -> List.of(TestKeys.pair(2).publicKey()));

        assertRefused(
                () -> SecureSession.restore(state, key, binding, knowsBoth, OTHER),
                Reason.UNEXPECTED_PEER,
                "with \"server\"; expected \"somebody else\"");
        assertRefused(
                () -> SecureSession.restoreAssumingPeer(state, key, binding, knowsBoth, OTHER),
                Reason.UNEXPECTED_PEER,
                "with \"server\"; expected \"somebody else\"");
    }

    /** The 60-byte form does not hold the peer, and neither does our own form that is made from it. */
    @Test
    @Rule(value = "H-5", kind = REFUSES)
    void refusesASessionWithAnUnknownPeerHoweverOftenItIsSaved() throws Exception {
        byte[] first = SecureSession.restoreUnsealedTssc(tssc(), pair.client()).suspend(key, binding);
        SecureSession assumed = SecureSession.restoreAssumingPeer(first, key, binding, pair.client(), Pair.SERVER_ID);
        byte[] second = assumed.suspend(key, binding);
        byte[] third = SecureSession.restoreUnsealedTsscAssumingPeer(tssc(), pair.client(), Pair.SERVER_ID)
                .suspend(key, binding);

        for (byte[] state : List.of(first, second, third)) {
            assertRefused(
                    () -> SecureSession.restore(state, key, binding, pair.client(), Pair.SERVER_ID),
                    Reason.UNKNOWN_PEER,
                    "unknown peer");
            assertRefused(
                    () -> SecureSession.restoreAcceptingAnyKnownPeer(state, key, binding, pair.client()),
                    Reason.UNKNOWN_PEER,
                    "unknown peer");
        }
    }

    @Test
    @Rule(value = "S-2", kind = ACCEPTS)
    void letsTheCallerVouchForAPeerThatStaysAssumed() throws Exception {
        SecureSession session = SecureSession.restoreUnsealedTsscAssumingPeer(tssc(), pair.client(), Pair.SERVER_ID);
        for (int saved = 0; saved < 3; saved++) {
            assertThat(session.assumedPeer()).contains(Pair.SERVER_ID);
            assertThat(session.isPeerKnown()).isFalse();
            assertThatIllegalStateException().isThrownBy(session::peer);
            assertThatIllegalStateException().isThrownBy(session::peerFingerprint);
            assertThatIllegalStateException().isThrownBy(session::transcriptHash);
            assertThat(session.toString()).endsWith("with an unknown peer, assumed to be \"server\"");
            session = SecureSession.restoreAssumingPeer(
                    session.suspend(key, binding), key, binding, pair.client(), Pair.SERVER_ID);
        }
        assertThat(session.wrap(new byte[] {1})).isNotEmpty();
    }

    @Test
    @Rule(value = "S-2", kind = REFUSES)
    void doesNotLetTheCallerVouchForAnotherPeerLater() throws Exception {
        byte[] state = SecureSession.restoreUnsealedTsscAssumingPeer(tssc(), pair.client(), Pair.SERVER_ID)
                .suspend(key, binding);

        assertRefused(
                () -> SecureSession.restoreAssumingPeer(
                        state, key, binding, pair.client().withoutDirectory(), OTHER),
                Reason.UNEXPECTED_PEER,
                "with \"server\"");
    }

    @Test
    void aKnownPeerIsNotAssumed() throws Exception {
        SecureSession session =
                SecureSession.restoreAssumingPeer(knownState(), key, binding, pair.client(), Pair.SERVER_ID);

        assertThat(session.isPeerKnown()).isTrue();
        assertThat(session.peer()).isEqualTo(Pair.SERVER_ID);
        assertThat(session.assumedPeer()).isEmpty();
        assertThat(SecureSession.restoreUnsealedTssc(tssc(), pair.client()).assumedPeer())
                .isEmpty();
    }

    /** A key is removed from the directory because it was lost; whoever has it may have made the session. */
    @Test
    @Rule(value = "H-5", kind = REFUSES)
    void refusesAPeerThatIsNoLongerInTheDirectory() throws Exception {
        byte[] state = knownState();
        SessionConfig withoutPeer = pair.client().withDirectory(peer -> List.of());
        SessionConfig withNewKey =
                pair.client().withDirectory(peer -> List.of(TestKeys.pair(3).publicKey()));

        for (SessionConfig config : List.of(withoutPeer, withNewKey)) {
            assertRefused(
                    () -> SecureSession.restore(state, key, binding, config, Pair.SERVER_ID),
                    Reason.UNKNOWN_PEER,
                    "in the directory");
            assertRefused(
                    () -> SecureSession.restoreAcceptingAnyKnownPeer(state, key, binding, config),
                    Reason.UNKNOWN_PEER,
                    "in the directory");
            assertRefused(
                    () -> SecureSession.restoreAssumingPeer(state, key, binding, config, Pair.SERVER_ID),
                    Reason.UNKNOWN_PEER,
                    "in the directory");
        }
        assertRefused(
                () -> SecureSession.restoreUnsealedTsscAssumingPeer(tssc(), withoutPeer, Pair.SERVER_ID),
                Reason.UNKNOWN_PEER,
                "in the directory");
    }

    @Test
    @Rule(value = "H-5", kind = ACCEPTS)
    void restoresASessionWhileTheKeyOfThePeerIsBeingReplaced() throws Exception {
        SessionConfig withBothKeys = pair.client()
                .withDirectory(peer ->
                        List.of(TestKeys.pair(3).publicKey(), TestKeys.pair(2).publicKey()));

        assertThat(SecureSession.restore(knownState(), key, binding, withBothKeys, Pair.SERVER_ID)
                        .peer())
                .isEqualTo(Pair.SERVER_ID);
    }

    @Test
    @Rule(value = "H-5", kind = ACCEPTS)
    void leavesTheKeyToTheCallerWithoutADirectory() throws Exception {
        SecureSession session =
                SecureSession.restore(knownState(), key, binding, pair.client().withoutDirectory(), Pair.SERVER_ID);

        assertThat(session.peerFingerprint())
                .isEqualTo(TestKeys.pair(2).publicKey().fingerprintBytes());
    }

    @Test
    @Rule(value = "H-5", kind = REFUSES)
    void refusesAHandshakeWhosePeerIsNoLongerInTheDirectory() throws Exception {
        try (Pair.Exchange handshake = pair.begin()) {
            handshake.message2();
            byte[] atServer = handshake.server().saveCopy(key, binding);
            byte[] before = handshake.client().saveCopy(key, binding);
            handshake.message3();
            byte[] atClient = handshake.client().saveCopy(key, binding);
            SessionConfig client =
                    pair.client().withDirectory(peer -> List.of(TestKeys.pair(3).publicKey()));
            SessionConfig server = pair.server().withDirectory(peer -> List.of());

            assertRefused(
                    () -> Handshake.restore(atClient, key, binding, client), Reason.UNKNOWN_PEER, "in the directory");
            assertRefused(
                    () -> Handshake.restore(atServer, key, binding, server), Reason.UNKNOWN_PEER, "in the directory");

            // No key was accepted yet: the directory is asked when message 2 arrives.
            Handshake.restore(before, key, binding, client).close();
            Handshake.restore(atServer, key, binding, pair.server()).close();
            Handshake.restore(atServer, key, binding, pair.server().withoutDirectory())
                    .close();
            assertThat(Handshake.restore(atClient, key, binding, pair.client()).receive(handshake.message4()))
                    .isInstanceOf(HandshakeStep.Established.class);
        }
    }

    private byte[] knownState() throws HandshakeException {
        try (Pair.Sessions sessions = pair.establish()) {
            return sessions.client().suspend(key, binding);
        }
    }

    private byte[] tssc() throws HandshakeException {
        try (Pair.Sessions sessions = pair.establish()) {
            return sessions.client().suspendUnsealedTssc();
        }
    }

    private static void assertRefused(ThrowingCallable restore, Reason reason, String message) {
        assertThatExceptionOfType(StateRejectedException.class)
                .isThrownBy(restore)
                .satisfies(e -> assertThat(e.reason()).as(e.getMessage()).isEqualTo(reason))
                .withMessageContaining(message);
    }
}
