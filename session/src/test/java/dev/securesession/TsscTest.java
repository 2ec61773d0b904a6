package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.rules.Rule;
import dev.securesession.testkit.HostilePeer;
import dev.securesession.testkit.Mutations;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.Vectors;
import dev.securesession.testkit.Vectors.Transcript;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Sessions in the 60-byte form that is exchanged with other implementations. */
class TsscTest {
    private final Pair pair = Pair.create().with(config -> config.withTsscExport());

    static List<Transcript> transcripts() {
        return Vectors.transcripts();
    }

    @ParameterizedTest
    @EnumSource
    @Rule(value = "S-2", kind = ACCEPTS)
    void goesOnWithBothEnds(Role restored) throws Exception {
        try (Pair.Sessions sessions = pair.establish()) {
            sessions.toServer(new byte[] {1});
            sessions.toServer(new byte[] {2});
            sessions.toClient(new byte[] {3});
            SecureSession client = restored == Role.CLIENT ? restored(sessions.client()) : sessions.client();
            SecureSession server = restored == Role.SERVER ? restored(sessions.server()) : sessions.server();

            assertThat(server.unwrap(client.wrap(new byte[] {4}))).containsExactly(4);
            assertThat(client.unwrap(server.wrap(new byte[] {5}))).containsExactly(5);
        }
    }

    @ParameterizedTest
    @MethodSource("transcripts")
    @Rule(value = "S-2", kind = ACCEPTS)
    void recordedStatesAreReadAndWrittenAlike(Transcript transcript) throws Exception {
        for (Role role : Role.values()) {
            for (byte[] state : List.of(transcript.stateAfterHandshake(role), transcript.stateAtEnd(role))) {
                try (SecureSession session = SecureSession.restoreUnsealedTssc(state, pair.client())) {
                    assertThat(session.saveUnsealedTsscCopy()).isEqualTo(state);
                    assertThat(session.role()).isEqualTo(role);
                    assertThat(session.sessionId()).isEqualTo(transcript.sessionId());
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("transcripts")
    @Rule(value = "S-2", kind = ACCEPTS)
    void opensWhatWasRecordedAfterTheState(Transcript transcript) throws Exception {
        pair.clock().moveTo(transcript.time());
        for (Role role : Role.values()) {
            try (SecureSession session =
                    SecureSession.restoreUnsealedTssc(transcript.stateAfterHandshake(role), pair.client())) {
                for (Vectors.Wrapped wrapped : transcript.wrapped(role.opposite())) {
                    assertThat(session.unwrap(wrapped.message())).isEqualTo(wrapped.payload());
                }
                for (Vectors.Wrapped wrapped : transcript.wrapped(role)) {
                    session.wrap(wrapped.payload());
                }
                assertThat(session.saveUnsealedTsscCopy()).isEqualTo(transcript.stateAtEnd(role));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("transcripts")
    @Rule(value = "S-2", kind = REFUSES)
    void takesNothingTwiceThatWasReceivedBeforeTheState(Transcript transcript) throws Exception {
        pair.clock().moveTo(transcript.time());
        for (Role role : Role.values()) {
            try (SecureSession session =
                    SecureSession.restoreUnsealedTssc(transcript.stateAtEnd(role), pair.client())) {
                for (Vectors.Wrapped wrapped : transcript.wrapped(role.opposite())) {
                    assertReplayed(session, wrapped.message());
                }
            }
        }
    }

    @Test
    @Rule(value = "S-2", kind = REFUSES)
    void countsEverythingUpToTheLastNumberAsReceived() throws Exception {
        try (Pair.Sessions sessions = pair.establish()) {
            List<byte[]> messages = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                messages.add(sessions.client().wrap(new byte[] {(byte) i}));
            }
            sessions.server().unwrap(messages.get(3));

            SecureSession server = restored(sessions.server());

            for (int i = 0; i <= 3; i++) {
                assertReplayed(server, messages.get(i));
            }
            assertThat(server.unwrap(messages.get(4))).containsExactly(4);
        }
    }

    @Test
    @Rule(value = "S-2", kind = ACCEPTS)
    @Rule(value = "S-2", kind = REFUSES)
    void letsTheFirstMessageInOnceWhenItMayHaveArrivedOrNot() throws Exception {
        try (Pair.Sessions sessions = pair.establish()) {
            byte[] first = sessions.client().wrap(new byte[] {1});
            byte[] second = sessions.client().wrap(new byte[] {2});
            SecureSession server = restored(sessions.server());

            assertThat(server.unwrap(first)).containsExactly(1);
            assertReplayed(server, first);
            assertThat(server.unwrap(second)).containsExactly(2);
            assertReplayed(server, first);
        }
    }

    @Test
    @Rule(value = "S-2", kind = REFUSES)
    void refusesDamagedStates() throws Exception {
        try (Pair.Sessions sessions = pair.establish()) {
            byte[] state = sessions.client().saveUnsealedTsscCopy();
            for (Mutations.Mutation mutation : Mutations.of(state)) {
                assertRefused(mutation.bytes(), mutation.name());
            }
        }
    }

    @Test
    @Rule(value = "S-2", kind = REFUSES)
    void refusesOtherRolesTagsAndSizes() throws Exception {
        try (Pair.Sessions sessions = pair.establish()) {
            byte[] state = sessions.client().saveUnsealedTsscCopy();
            byte[] fields = Arrays.copyOfRange(state, 12, state.length);

            for (int role : new int[] {2, 256, 0x0100_0000, 0x8000_0000, -1}) {
                byte[] changed = fields.clone();
                ByteBuffer.wrap(changed).putInt(4, role);
                assertRefused(HostilePeer.container("TSSC", changed), "role " + role);
            }
            assertRefused(HostilePeer.container("TSPM", fields), "tag");
            assertRefused(HostilePeer.container("TSSC", Arrays.copyOf(fields, 47)), "short");
            assertRefused(HostilePeer.container("TSSC", Arrays.copyOf(fields, 49)), "long");
            assertRefused(HostilePeer.container("TSSC"), "empty");
            assertRefused(HostilePeer.containerOfSize("TSSC", 59, fields), "size too small");
            assertRefused(HostilePeer.containerOfSize("TSSC", -1, fields), "size too large");
            assertThat(HostilePeer.container("TSSC", fields)).isEqualTo(state);
        }
    }

    @Test
    void doesNotKnowWhoThePeerIs() throws Exception {
        try (Pair.Sessions sessions = pair.establish()) {
            SecureSession session = restored(sessions.client());

            assertThat(session.isPeerKnown()).isFalse();
            assertThatThrownBy(session::peer).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(session::peerFingerprint).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(session::transcriptHash).isInstanceOf(IllegalStateException.class);
            assertThat(session.toString()).contains("unknown peer");
        }
    }

    @Test
    void keepsWhatItKnowsInOurOwnForm() throws Exception {
        StateKey key = StateKey.of(new byte[StateKey.LENGTH]);
        try (Pair.Sessions sessions = pair.establish()) {
            byte[] first = sessions.client().wrap(new byte[] {1});
            SecureSession server = restored(sessions.server());

            SecureSession again = SecureSession.restoreAssumingPeer(
                    server.saveCopy(key, Settings.BINDING), key, Settings.BINDING, pair.server(), Pair.CLIENT_ID);

            assertThat(again.isPeerKnown()).isFalse();
            assertThat(again.unwrap(first)).containsExactly(1);
            assertReplayed(again, first);
        }
    }

    private SecureSession restored(SecureSession session) throws StateRejectedException {
        byte[] state = session.saveUnsealedTsscCopy();
        assertThat(state).hasSize(60);
        return SecureSession.restoreUnsealedTssc(state, session.role() == Role.CLIENT ? pair.client() : pair.server());
    }

    private void assertRefused(byte[] state, String name) {
        assertThatThrownBy(() -> SecureSession.restoreUnsealedTssc(state, pair.client()))
                .as(name)
                .isInstanceOfSatisfying(
                        StateRejectedException.class,
                        refusal -> assertThat(refusal.reason()).isEqualTo(StateRejectedException.Reason.MALFORMED));
    }

    private static void assertReplayed(SecureSession session, byte[] message) {
        assertThatThrownBy(() -> session.unwrap(message))
                .isInstanceOfSatisfying(
                        MessageRejectedException.class,
                        refusal -> assertThat(refusal.reason()).isEqualTo(MessageRejectedException.Reason.REPLAYED));
    }
}
