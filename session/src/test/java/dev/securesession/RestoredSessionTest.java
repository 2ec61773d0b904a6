package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.securesession.StateRejectedException.Reason;
import dev.securesession.internal.state.SavedSession;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Mutations;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import dev.securesession.testkit.Vectors;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RestoredSessionTest {
    private final StateKey key = StateKey.of(Crafted.random(StateKey.LENGTH));

    @Test
    @Rule(value = "S-1", kind = ACCEPTS)
    void goesOnWhereItStood() throws Exception {
        Pair pair = Pair.create();
        try (Pair.Sessions sessions = pair.establish()) {
            byte[] old = sessions.client().wrap(new byte[] {1});
            byte[] onTheWay = sessions.client().wrap(new byte[] {2});
            sessions.server().unwrap(old);

            SecureSession client = SecureSession.restoreAcceptingAnyKnownPeer(
                    sessions.client().saveCopy(key, Settings.BINDING), key, Settings.BINDING, pair.client());
            SecureSession server = SecureSession.restoreAcceptingAnyKnownPeer(
                    sessions.server().saveCopy(key, Settings.BINDING), key, Settings.BINDING, pair.server());

            assertThat(client.role()).isEqualTo(Role.CLIENT);
            assertThat(client.peer()).isEqualTo(Pair.SERVER_ID);
            assertThat(client.isPeerKnown()).isTrue();
            assertThat(client.sessionId()).isEqualTo(sessions.client().sessionId());
            assertThat(client.transcriptHash()).isEqualTo(sessions.client().transcriptHash());
            assertThat(client.peerFingerprint()).isEqualTo(sessions.client().peerFingerprint());
            assertThat(client.remainingMessages()).isEqualTo(sessions.client().remainingMessages());
            assertThat(server.unwrap(onTheWay)).containsExactly(2);
            assertThatExceptionOfType(MessageRejectedException.class).isThrownBy(() -> server.unwrap(old));
            assertThat(server.unwrap(client.wrap(new byte[] {3}))).containsExactly(3);
            assertThat(client.unwrap(server.wrap(new byte[] {4}))).containsExactly(4);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 9, 64, 65, 1000, 1024, 4096})
    @Rule(value = "S-1", kind = ACCEPTS)
    void remembersGapsWhateverTheWindowIsAfterwards(int window) throws Exception {
        long seed = new Random().nextLong();
        System.out.println("RestoredSessionTest with window " + window + ": seed " + seed);
        Random random = new Random(seed);
        Crafted ends = Crafted.with(config -> config.withReplayWindow(1000));
        SecureSession server = ends.server();
        boolean[] accepted = new boolean[3000];
        for (int i = 0; i < accepted.length; i++) {
            if (random.nextInt(3) > 0 || i == accepted.length - 1) {
                server.unwrap(ends.message(i, (byte) 1));
                accepted[i] = true;
            }
        }
        SessionConfig config = ends.pair.server().withReplayWindow(window);
        SecureSession restored = SecureSession.restoreAcceptingAnyKnownPeer(
                server.saveCopy(key, Settings.BINDING), key, Settings.BINDING, config);

        for (int i = 0; i < accepted.length; i++) {
            boolean expected = !accepted[i] && i >= accepted.length - Math.min(window, 1000);
            assertThat(accepts(restored, ends.message(i, (byte) 1)))
                    .as("seed %d, index %d", seed, i)
                    .isEqualTo(expected);
        }
        assertThat(accepts(restored, ends.message(accepted.length, (byte) 1))).isTrue();
    }

    @Test
    @Rule(value = "S-1", kind = REFUSES)
    void opensForTheSameKeyOwnerAndGenerationOnly() throws Exception {
        Crafted ends = Crafted.create();
        StateBinding own = StateBinding.of("alice", 7);
        byte[] state = ends.client().saveCopy(key, own);
        SessionConfig config = ends.pair.client();

        SecureSession.restoreAcceptingAnyKnownPeer(state, key, StateBinding.of("alice", 7), config);
        for (StateBinding other : List.of(
                StateBinding.of("bob", 7),
                StateBinding.of("alic", 7),
                StateBinding.of("alice", 6),
                own.next(),
                StateBinding.of("alice", 0))) {
            assertRefused(state, key, other, config, Reason.NOT_AUTHENTIC);
        }
        assertRefused(state, StateKey.of(Crafted.random(32)), own, config, Reason.NOT_AUTHENTIC);
    }

    @Test
    @Rule(value = "S-1", kind = REFUSES)
    void belongsToTheIdentityThatSavedIt() {
        Crafted ends = Crafted.create();
        byte[] state = ends.client().saveCopy(key, Settings.BINDING);
        assertRefused(state, key, ends.pair.server(), Reason.WRONG_IDENTITY);
        LocalIdentity otherKey =
                LocalIdentity.of(Pair.CLIENT_ID, TestKeys.pair(3).privateKey());
        assertRefused(state, key, SessionConfig.askingForKeys(otherKey), Reason.WRONG_IDENTITY);
        LocalIdentity otherId =
                LocalIdentity.of(PeerId.ofUtf8("klient"), TestKeys.pair(1).privateKey());
        assertRefused(state, key, SessionConfig.askingForKeys(otherId), Reason.WRONG_IDENTITY);
    }

    @Test
    @Rule(value = "S-1", kind = REFUSES)
    void refusesEveryDamage() {
        Crafted ends = Crafted.create();
        byte[] state = ends.client().saveCopy(key, Settings.BINDING);
        for (Mutations.Mutation mutation : Mutations.of(state)) {
            assertThatExceptionOfType(StateRejectedException.class)
                    .as(mutation.name())
                    .isThrownBy(() -> SecureSession.restoreAcceptingAnyKnownPeer(
                            mutation.bytes(), key, Settings.BINDING, ends.pair.client()));
        }
    }

    @Test
    void isNoHandshake() throws Exception {
        Pair pair = Pair.create();
        try (Pair.Exchange handshake = pair.begin()) {
            handshake.message1();
            byte[] state = handshake.client().saveCopy(key, Settings.BINDING);
            assertRefused(state, key, pair.client(), Reason.WRONG_KIND);
        }
        byte[] session = Crafted.create().client().saveCopy(key, Settings.BINDING);
        assertThatExceptionOfType(StateRejectedException.class)
                .isThrownBy(() -> Handshake.restore(session, key, Settings.BINDING, pair.client()))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.WRONG_KIND));
    }

    @Test
    void refusesStatesThatMakeNoSense() throws Exception {
        Crafted ends = Crafted.create();
        SavedSession good = sensible();
        for (int i = 0; i < 6; i++) {
            SavedSession saved = sensible();
            switch (i) {
                case 0 -> saved.sendingKey = new byte[31];
                case 1 -> saved.receivingKey = new byte[0];
                case 2 -> saved.receivingHighest = -2;
                case 3 -> saved.sendingNextIndex = -1;
                case 4 -> saved.receivingFailures = -1;
                default -> saved.receivingKey = new byte[33];
            }
            assertSenseless(saved.write(), ends.pair.client());
        }
        byte[] whole = good.write();
        for (int length = 0; length < whole.length; length++) {
            assertSenseless(java.util.Arrays.copyOf(whole, length), ends.pair.client());
        }
        assertSenseless(java.util.Arrays.copyOf(whole, whole.length + 1), ends.pair.client());
        Crafted.restore(good, ends.pair.client());
    }

    @Test
    @Rule(value = "M-1", kind = REFUSES)
    void neverShowsItsKeys() throws Exception {
        Crafted ends = Crafted.create();
        String digits = HexFormat.of().formatHex(ends.clientKey);
        byte[] state = ends.client().saveCopy(key, Settings.BINDING);
        assertThat(HexFormat.of().formatHex(state)).doesNotContain(digits.substring(0, 16));
        assertThat(ends.client().toString()).doesNotContain(digits.substring(0, 8));
        assertThat(key.toString()).isEqualTo("state key");
        assertThat(StateBinding.of("alice", 3).toString()).isEqualTo("\"alice\", generation 3");
    }

    @Test
    @Rule(value = "M-1", kind = ACCEPTS)
    void destroysStateKeys() {
        SecureSession session = Crafted.create().client();
        key.destroy();
        key.destroy();

        assertThat(key.isDestroyed()).isTrue();
        assertThatIllegalStateException().isThrownBy(() -> session.saveCopy(key, Settings.BINDING));
        assertThatIllegalStateException().isThrownBy(() -> session.suspend(key, Settings.BINDING));
        assertThat(session.isClosed()).isFalse();
        assertThat(session.wrap(new byte[] {1})).isNotEmpty();
        for (int length : new int[] {0, 16, 31, 33}) {
            assertThatIllegalArgumentException().isThrownBy(() -> StateKey.of(new byte[length]));
        }
    }

    @Test
    @Rule(value = "S-2", kind = ACCEPTS)
    void takesUpWhatTheReferenceSaved() throws Exception {
        for (Vectors.Transcript transcript : Vectors.transcripts()) {
            for (Role role : Role.values()) {
                SessionConfig config = Pair.create()
                        .client()
                        .withTsscExport()
                        .withClock(java.time.Clock.fixed(transcript.time(), java.time.ZoneOffset.UTC));
                SecureSession session = SecureSession.restoreUnsealedTssc(transcript.stateAfterHandshake(role), config);
                assertThat(session.role()).isEqualTo(role);
                assertThat(session.isPeerKnown()).isFalse();
                assertThat(session.sessionId())
                        .isEqualTo(java.util.Arrays.copyOfRange(transcript.stateAfterHandshake(role), 12, 16));
                assertThat(session.saveUnsealedTsscCopy()).isEqualTo(transcript.stateAfterHandshake(role));
                int sent = 0;
                for (Vectors.Wrapped wrapped : transcript.wrapped(role.opposite())) {
                    assertThat(session.unwrap(wrapped.message())).isEqualTo(wrapped.payload());
                    assertThatExceptionOfType(MessageRejectedException.class)
                            .isThrownBy(() -> session.unwrap(wrapped.message()));
                    session.wrap(new byte[1]);
                    sent++;
                }
                assertThat(sent).isEqualTo(5);
                assertThat(session.saveUnsealedTsscCopy())
                        .as("%s, %s", transcript, role)
                        .isEqualTo(transcript.stateAtEnd(role));
            }
        }
    }

    @Test
    @Rule(value = "S-2", kind = ACCEPTS)
    void letsTheFirstMessageInOnceWhenTheStateDoesNotTell() throws Exception {
        Vectors.Transcript transcript = Vectors.transcripts().get(0);
        SessionConfig config =
                Pair.create().client().withClock(java.time.Clock.fixed(transcript.time(), java.time.ZoneOffset.UTC));
        List<byte[]> messages = new ArrayList<>();
        transcript.wrapped(Role.CLIENT).forEach(wrapped -> messages.add(wrapped.message()));
        byte[] state = transcript.stateAfterHandshake(Role.SERVER);

        SecureSession lateFirst = SecureSession.restoreUnsealedTssc(state, config);
        assertThat(accepts(lateFirst, messages.get(1))).isTrue();
        assertThat(accepts(lateFirst, messages.get(0))).isTrue();
        assertThat(accepts(lateFirst, messages.get(0))).isFalse();

        SessionConfig ordered = config.withDelivery(Delivery.ORDERED);
        SecureSession without = SecureSession.restoreUnsealedTssc(state, ordered);
        assertThat(accepts(without, messages.get(2))).isFalse();
        assertThat(accepts(without, messages.get(1))).isTrue();
        assertThat(accepts(without, messages.get(0))).isFalse();
        SecureSession again = SecureSession.restoreAssumingPeer(
                without.saveCopy(key, Settings.BINDING), key, Settings.BINDING, ordered, Pair.SERVER_ID);
        assertThat(accepts(again, messages.get(0))).isFalse();
        assertThat(accepts(again, messages.get(2))).isTrue();

        SecureSession unknown = SecureSession.restoreAssumingPeer(
                SecureSession.restoreUnsealedTssc(state, ordered).saveCopy(key, Settings.BINDING),
                key,
                Settings.BINDING,
                ordered,
                Pair.SERVER_ID);
        assertThat(unknown.isPeerKnown()).isFalse();
        assertThat(accepts(unknown, messages.get(1))).isTrue();

        SecureSession end = SecureSession.restoreUnsealedTssc(transcript.stateAtEnd(Role.SERVER), config);
        for (byte[] message : messages) {
            assertThat(accepts(end, message)).isFalse();
        }
    }

    @Test
    @Rule(value = "S-2", kind = REFUSES)
    void refusesStatesOfTheReferenceThatAreDamaged() {
        SessionConfig config = Pair.create().client();
        byte[] state = Vectors.transcripts().get(0).stateAfterHandshake(Role.CLIENT);
        for (Mutations.Mutation mutation : Mutations.of(state)) {
            assertThatExceptionOfType(StateRejectedException.class)
                    .as(mutation.name())
                    .isThrownBy(() -> SecureSession.restoreUnsealedTssc(mutation.bytes(), config));
        }
        for (int role : new int[] {2, -1, 0x0100_0000}) {
            byte[] changed = state.clone();
            ByteBuffer.wrap(changed).putInt(16, role);
            assertThatExceptionOfType(StateRejectedException.class)
                    .isThrownBy(() -> SecureSession.restoreUnsealedTssc(Mutations.repaired(changed), config))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.MALFORMED));
        }
        for (int length : new int[] {59, 61, 100}) {
            byte[] changed = Mutations.refitted(java.util.Arrays.copyOf(state, length));
            assertThatExceptionOfType(StateRejectedException.class)
                    .isThrownBy(() -> SecureSession.restoreUnsealedTssc(changed, config));
        }
    }

    @Test
    void saysWhatItDoesNotKnow() throws Exception {
        SecureSession session = SecureSession.restoreUnsealedTssc(
                Vectors.transcripts().get(0).stateAfterHandshake(Role.CLIENT),
                Pair.create().client());
        assertThatIllegalStateException().isThrownBy(session::peer);
        assertThatIllegalStateException().isThrownBy(session::peerFingerprint);
        assertThatIllegalStateException().isThrownBy(session::transcriptHash);
        assertThat(session.toString()).endsWith("with an unknown peer");
    }

    @Test
    @Rule(value = "M-2", kind = REFUSES)
    void hasNoMasterSecretToSaveUnlessToldToKeepIt() throws Exception {
        try (Pair.Sessions sessions = Pair.create().establish()) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> sessions.client().saveUnsealedTsscCopy())
                    .withMessageContaining("withTsscExport");
        }
    }

    @Test
    @Rule(value = "M-2", kind = ACCEPTS)
    void keepsTheMasterSecretAcrossOurOwnStateWhenToldTo() throws Exception {
        Pair pair = Pair.create().with(config -> config.withTsscExport());
        try (Pair.Sessions sessions = pair.establish()) {
            byte[] tssc = sessions.client().saveUnsealedTsscCopy();
            assertThat(tssc).hasSize(60);
            SecureSession restored = SecureSession.restoreAcceptingAnyKnownPeer(
                    sessions.client().saveCopy(key, Settings.BINDING), key, Settings.BINDING, pair.client());
            assertThat(restored.saveUnsealedTsscCopy()).isEqualTo(tssc);
            restored.close();
            assertThatIllegalStateException().isThrownBy(restored::saveUnsealedTsscCopy);
            SecureSession ofTssc = SecureSession.restoreUnsealedTssc(tssc, pair.client());
            assertThat(sessions.server().unwrap(ofTssc.wrap(new byte[] {6}))).containsExactly(6);
        }
    }

    private SavedSession sensible() {
        Pair pair = Pair.create();
        SavedSession saved = new SavedSession();
        saved.ownId = pair.client().identity().id().toBytes();
        saved.ownFingerprint = pair.client().identity().publicKey().fingerprintBytes();
        saved.peerId = Pair.SERVER_ID.toBytes();
        saved.peerFingerprint = pair.server().identity().publicKey().fingerprintBytes();
        saved.transcriptHash = new byte[32];
        saved.sendingKey = new byte[32];
        saved.receivingKey = new byte[32];
        saved.receivingHighest = -1;
        return saved;
    }

    private void assertSenseless(byte[] opened, SessionConfig config) {
        byte[] state = key.seal(config.suite(), StateKey.Kind.SESSION, Settings.BINDING, opened);
        assertRefused(state, key, config, Reason.MALFORMED);
    }

    private static void assertRefused(byte[] state, StateKey key, SessionConfig config, Reason reason) {
        assertRefused(state, key, Settings.BINDING, config, reason);
    }

    private static void assertRefused(
            byte[] state, StateKey key, StateBinding binding, SessionConfig config, Reason reason) {
        assertThatExceptionOfType(StateRejectedException.class)
                .isThrownBy(() -> SecureSession.restoreAcceptingAnyKnownPeer(state, key, binding, config))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
    }

    private static boolean accepts(SecureSession session, byte[] message) {
        try {
            session.unwrap(message);
            return true;
        } catch (MessageRejectedException e) {
            return false;
        }
    }
}
