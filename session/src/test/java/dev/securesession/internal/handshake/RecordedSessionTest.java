package dev.securesession.internal.handshake;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.HandshakeException;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.Role;
import dev.securesession.SessionConfig;
import dev.securesession.Settings;
import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.EphemeralKey;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.message.EstablishedSession;
import dev.securesession.internal.state.SavedSession;
import dev.securesession.internal.wire.Introduction;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.MovableClock;
import dev.securesession.testkit.Vectors;
import dev.securesession.testkit.Vectors.Transcript;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Follows recorded sessions: with the same ephemeral keys, everything that is derived comes out byte for byte. */
class RecordedSessionTest {
    static List<Transcript> transcripts() {
        return Vectors.transcripts();
    }

    @ParameterizedTest
    @MethodSource("transcripts")
    @Rule(value = "P-3", kind = ACCEPTS)
    void clientFollowsTheRecording(Transcript transcript) throws Exception {
        HandshakeContext settings = Settings.of(config(transcript, Role.CLIENT, UnaryOperator.identity()));
        byte[] message1 = transcript.message(1);
        HandshakeState start = new ExpectConnectReply(settings, ephemeral(transcript, Role.CLIENT), message1);

        HandshakeState asked = start.onMessage(transcript.message(2));
        assertThat(asked.awaitsKeysOf()).isEqualTo(transcript.id(Role.SERVER));
        HandshakeState answered = asked.onPeerKeys(List.of(key(transcript, Role.SERVER)));
        assertThat(mac(answered.outgoing())).isEqualTo(mac(transcript.message(3)));

        HandshakeState finished = answered.onMessage(transcript.message(4));
        assertThat(finished.outgoing()).isNull();
        EstablishedSession session = finished.session();
        assertIsRecorded(session, transcript, Role.CLIENT);
    }

    @ParameterizedTest
    @MethodSource("transcripts")
    void serverFollowsTheRecording(Transcript transcript) throws Exception {
        HandshakeContext settings = Settings.of(config(transcript, Role.SERVER, UnaryOperator.identity()));
        byte[] message1 = transcript.message(1);
        HandshakeState waiting = new ExpectClientConfirm(
                settings,
                Introduction.parse(message1),
                key(transcript, Role.CLIENT),
                ephemeral(transcript, Role.SERVER),
                transcript.message(2));

        HandshakeState finished = waiting.onMessage(transcript.message(3));

        assertThat(finished.outgoing()).isEqualTo(transcript.message(4));
        EstablishedSession session = finished.session();
        assertIsRecorded(session, transcript, Role.SERVER);
    }

    @ParameterizedTest
    @MethodSource("transcripts")
    void serverAcceptsTheRecordedMessage1(Transcript transcript) throws Exception {
        HandshakeContext settings = Settings.of(config(transcript, Role.SERVER, UnaryOperator.identity()));

        HandshakeState asked = new ExpectConnectRequest(settings).onMessage(transcript.message(1));
        assertThat(asked.awaitsKeysOf()).isEqualTo(transcript.id(Role.CLIENT));
        HandshakeState answered = asked.onPeerKeys(List.of(key(transcript, Role.CLIENT)));

        assertThat(answered).isInstanceOf(ExpectClientConfirm.class);
    }

    @ParameterizedTest
    @MethodSource("transcripts")
    void opensTheRecordedMessages(Transcript transcript) throws Exception {
        for (Role role : Role.values()) {
            EstablishedSession session = established(transcript, role, UnaryOperator.identity());
            for (Vectors.Wrapped wrapped : transcript.wrapped(role.opposite())) {
                byte[] message = wrapped.message();
                assertThat(session.opener().open(message, 0, message.length)).isEqualTo(wrapped.payload());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("transcripts")
    void writesTheRecordedStates(Transcript transcript) throws Exception {
        for (Role role : Role.values()) {
            EstablishedSession session = established(transcript, role, config -> config.withTsscExport());
            assertThat(session.toTssc().write()).isEqualTo(transcript.stateAfterHandshake(role));

            for (Vectors.Wrapped wrapped : transcript.wrapped(role.opposite())) {
                byte[] message = wrapped.message();
                session.opener().open(message, 0, message.length);
                byte[] payload = wrapped.payload();
                session.sealer().seal(payload, 0, payload.length, new byte[payload.length + 52], 0);
            }
            assertThat(session.toTssc().write()).isEqualTo(transcript.stateAtEnd(role));
        }
    }

    @ParameterizedTest
    @MethodSource("transcripts")
    void refusesTheMessagesOfOtherRecordings(Transcript transcript) throws Exception {
        for (Transcript other : transcripts()) {
            if (Arrays.equals(other.message(1), transcript.message(1))) {
                continue;
            }
            HandshakeContext settings = Settings.of(config(transcript, Role.CLIENT, UnaryOperator.identity()));
            HandshakeState start =
                    new ExpectConnectReply(settings, ephemeral(transcript, Role.CLIENT), transcript.message(1));
            assertThatThrownBy(() -> start.onMessage(other.message(2)).onPeerKeys(List.of(key(other, Role.SERVER))))
                    .isInstanceOf(HandshakeException.class);
        }
    }

    /** The values at the end of PROTOCOL.md. */
    @Test
    @Rule(value = "H-10", kind = ACCEPTS)
    void transcriptHashAndFingerprintsAreThoseOfTheWorkedExample() throws Exception {
        Transcript example = transcripts().get(0);
        HexFormat hex = HexFormat.of();

        for (Role role : Role.values()) {
            EstablishedSession session = established(example, role, UnaryOperator.identity());
            assertThat(hex.formatHex(session.peer().transcriptHash()))
                    .isEqualTo("a9236f6279cfdbed7076c24f69a404d680e066368ec7f8a991bb119219e77c6f");
        }
        assertThat(hex.formatHex(example.publicKey(Role.CLIENT).fingerprintBytes()))
                .isEqualTo("452f72967ec3ec860626dfd2ee8b7c36b862c5f98bd3ffc64e9d57f096fdcbae");
        assertThat(hex.formatHex(example.publicKey(Role.SERVER).fingerprintBytes()))
                .isEqualTo("41c56475adb29fbc7e19c5f2b3c598f781cda874f7ac86084d8dac022f0fdec3");
    }

    @Test
    @Rule(value = "M-2", kind = REFUSES)
    void theMasterSecretIsGoneUnlessItIsToBeExported() throws Exception {
        for (Transcript transcript : transcripts()) {
            for (Role role : Role.values()) {
                EstablishedSession session = established(transcript, role, UnaryOperator.identity());

                assertThat(Reachable.bytes(session))
                        .noneMatch(bytes -> Arrays.equals(bytes.get(), transcript.master()));
                assertThat(session.toTssc()).isNull();
            }
        }
    }

    @Test
    @Rule(value = "M-2", kind = ACCEPTS)
    void theMasterSecretIsKeptIfItIsToBeExported() throws Exception {
        Transcript transcript = transcripts().get(0);
        EstablishedSession session = established(transcript, Role.CLIENT, config -> config.withTsscExport());

        assertThat(Reachable.bytes(session)).anyMatch(bytes -> Arrays.equals(bytes.get(), transcript.master()));
    }

    @Test
    @Rule(value = "M-1", kind = ACCEPTS)
    @Rule(value = "M-1", kind = REFUSES)
    void closingWipesEveryKey() throws Exception {
        Transcript transcript = transcripts().get(0);
        List<byte[]> secrets = List.of(
                transcript.master(),
                transcript.key(Role.CLIENT).orElseThrow(),
                transcript.key(Role.SERVER).orElseThrow());
        EstablishedSession session = established(transcript, Role.CLIENT, config -> config.withTsscExport());
        List<Supplier<byte[]>> before = Reachable.bytes(session);
        for (byte[] secret : secrets) {
            assertThat(before).anyMatch(bytes -> Arrays.equals(bytes.get(), secret));
        }

        session.close();
        session.close();

        // Those that could be reached before, too: let go is not wiped.
        for (byte[] secret : secrets) {
            assertThat(before).noneMatch(bytes -> Arrays.equals(bytes.get(), secret));
            assertThat(Reachable.bytes(session)).noneMatch(bytes -> Arrays.equals(bytes.get(), secret));
        }
    }

    private static void assertIsRecorded(EstablishedSession session, Transcript transcript, Role role) {
        assertThat(session.role()).isEqualTo(role);
        assertThat(session.peer().id()).isEqualTo(transcript.id(role.opposite()));
        SavedSession saved = session.save(transcript.id(role), new byte[0]);
        assertThat(Bytes.int32(saved.sessionId)).isEqualTo(transcript.sessionId());
        assertThat(Integer.toUnsignedLong(saved.sendingInitialSequence)).isEqualTo(transcript.initialSequence(role));
        assertThat(Integer.toUnsignedLong(saved.receivingInitialSequence))
                .isEqualTo(transcript.initialSequence(role.opposite()));
        transcript.key(role).ifPresent(key -> assertThat(saved.sendingKey).isEqualTo(key));
        transcript
                .key(role.opposite())
                .ifPresent(key -> assertThat(saved.receivingKey).isEqualTo(key));
    }

    private static EstablishedSession established(
            Transcript transcript, Role role, UnaryOperator<SessionConfig> options) throws Exception {
        HandshakeContext settings = Settings.of(config(transcript, role, options));
        byte[] message1 = transcript.message(1);
        HandshakeState last = role == Role.CLIENT
                ? new ExpectConnectReply(settings, ephemeral(transcript, role), message1)
                        .onMessage(transcript.message(2))
                        .onPeerKeys(List.of(key(transcript, Role.SERVER)))
                        .onMessage(transcript.message(4))
                : new ExpectClientConfirm(
                                settings,
                                Introduction.parse(message1),
                                key(transcript, Role.CLIENT),
                                ephemeral(transcript, role),
                                transcript.message(2))
                        .onMessage(transcript.message(3));
        return last.session();
    }

    private static SessionConfig config(Transcript transcript, Role role, UnaryOperator<SessionConfig> options) {
        Role other = role.opposite();
        IdentityPublicKey peerKey = transcript.publicKey(other);
        return options.apply(SessionConfig.of(
                        LocalIdentity.of(transcript.id(role), transcript.privateKey(role)),
                        PeerDirectory.of(transcript.id(other), peerKey))
                .withClock(MovableClock.at(transcript.time())));
    }

    private static EcPublicKey key(Transcript transcript, Role role) {
        return Settings.key(transcript.publicKey(role));
    }

    private static EphemeralKey ephemeral(Transcript transcript, Role role) throws Exception {
        byte[] introduction = transcript.message(role == Role.CLIENT ? 1 : 2);
        EcPublicKey publicKey = Introduction.parse(introduction).ephemeralKey();
        SessionConfig config = config(transcript, role, UnaryOperator.identity());
        return Settings.suite(config)
                .keys()
                .restoreEphemeral(Secret.owning(transcript.ephemeralScalar(role)), publicKey);
    }

    private static byte[] mac(byte[] message3) {
        int end = ByteBuffer.wrap(message3).getInt(4);
        return Arrays.copyOfRange(message3, end - 32, end);
    }
}
