package dev.securesession.interop;

import static dev.securesession.interop.Refusals.assertRefused;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.securesession.Curve;
import dev.securesession.EarlyData;
import dev.securesession.HandshakeException.Reason;
import dev.securesession.IdentityKeyPair;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.PeerId;
import dev.securesession.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Handshakes with a foreign peer, in both roles. */
@ExtendWith(ReferencePeer.class)
class HandshakeTest {
    private static final byte[] PAYLOAD = "some payload".getBytes(UTF_8);

    private static final int HEADER = 12;

    private final ForeignPeer peer;

    HandshakeTest(ForeignPeer peer) {
        this.peer = peer;
    }

    static Stream<Arguments> ids() {
        byte[] everyByte = new byte[256];
        for (int i = 0; i < everyByte.length; i++) {
            everyByte[i] = (byte) i;
        }
        List<PeerId> ids = List.of(
                PeerId.of(new byte[] {0}),
                PeerId.of(new byte[] {(byte) 0xFF}),
                PeerId.ofUtf8("client"),
                PeerId.ofUtf8("Zoë \u2192 \uD83D\uDD11"),
                PeerId.ofUtf16WithMark("client"),
                PeerId.ofUtf16WithMark("Zoë \u2192 \uD83D\uDD11"),
                PeerId.of("TSPM".getBytes(UTF_8)),
                PeerId.of(everyByte),
                PeerId.of(Damage.random(new Random(1), 1021)),
                PeerId.of(Damage.random(new Random(2), 1 << 16)));
        return Stream.of(Role.values()).flatMap(role -> ids.stream().map(id -> arguments(role, id)));
    }

    @ParameterizedTest
    @MethodSource("ids")
    void acceptsEveryIdOfOurs(Role ourRole, PeerId id) throws Exception {
        PeerId other = PeerId.ofUtf8("the other end");
        try (Meeting meeting = Meeting.of(peer, ourRole).ids(id, other).establish()) {
            assertThat(meeting.theirs.remote()).isEqualTo(id.toBytes());
            assertThat(meeting.ours.session().peer()).isEqualTo(other);
            meeting.carries(PAYLOAD);
        }
    }

    @ParameterizedTest
    @MethodSource("ids")
    void acceptsEveryIdOfTheirs(Role ourRole, PeerId id) throws Exception {
        PeerId other = PeerId.ofUtf8("this end");
        try (Meeting meeting = Meeting.of(peer, ourRole).ids(other, id).establish()) {
            assertThat(meeting.theirs.remote()).isEqualTo(other.toBytes());
            assertThat(meeting.ours.session().peer()).isEqualTo(id);
            meeting.carries(PAYLOAD);
        }
    }

    static Stream<Arguments> curves() {
        List<Arguments> all = new ArrayList<>();
        for (Role role : Role.values()) {
            for (Curve ours : Curve.values()) {
                for (Curve theirs : Curve.values()) {
                    all.add(arguments(role, ours, theirs));
                }
            }
        }
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("curves")
    void acceptsOurKeysOnEveryCurveAtEitherEnd(Role ourRole, Curve ours, Curve theirs) throws Exception {
        try (Meeting meeting =
                Meeting.of(peer, ourRole).keys(key(ours), key(theirs)).establish()) {
            meeting.carries(PAYLOAD);
        }
    }

    @ParameterizedTest
    @MethodSource("curves")
    void acceptsUncompressedPublicKeysOnEveryCurve(Role ourRole, Curve ours, Curve theirs) throws Exception {
        try (Meeting meeting = Meeting.of(peer, ourRole)
                .keys(key(ours), key(theirs))
                .uncompressedKeys()
                .establish()) {
            meeting.carries(PAYLOAD);
        }
    }

    @ParameterizedTest
    @EnumSource
    void acceptsTheirKeysAtEitherEnd(Role ourRole) throws Exception {
        ForeignPeer.Keys forUs = peer.generate();
        ForeignPeer.Keys forThem = peer.generate();
        IdentityPrivateKey ours = IdentityPrivateKey.decode(forUs.privateKey);
        IdentityPrivateKey theirs = IdentityPrivateKey.decode(forThem.privateKey);
        assertThat(ours.publicKey().encode()).isEqualTo(forUs.publicKey);
        assertThat(theirs.publicKey().encode()).isEqualTo(forThem.publicKey);
        assertThat(ours.encodeSecret()).isEqualTo(forUs.privateKey);
        try (Meeting meeting = Meeting.of(peer, ourRole).keys(ours, theirs).establish()) {
            meeting.carries(PAYLOAD);
        }
    }

    static Stream<Arguments> zeros() {
        return Stream.of(Role.values()).flatMap(role -> Stream.of(1, 2, 3, 67).map(count -> arguments(role, count)));
    }

    /** P-2: trailing zeros, as peers over JNI send them. */
    @ParameterizedTest
    @MethodSource("zeros")
    void ignoresTrailingZerosOfHandshakeMessages(Role ourRole, int count) throws Exception {
        try (Meeting meeting = Meeting.of(peer, ourRole).open()) {
            meeting.handshake(message -> Damage.withZeros(message, count));
            meeting.carries(PAYLOAD);
        }
    }

    /** H-3: each end refuses every damaged message and then accepts the original one. */
    @ParameterizedTest
    @EnumSource
    void refusesDamageAndThenAcceptsTheOriginal(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.of(peer, ourRole).open()) {
            byte[] message1 = meeting.client.request();
            refusesDamaged(message1, meeting.server);
            byte[] message2 = meeting.server.reply(message1);
            refusesDamaged(message2, meeting.client);
            byte[] message3 = meeting.client.reply(message2);
            refusesDamaged(message3, meeting.server);
            byte[] message4 = meeting.server.reply(message3);
            refusesDamaged(message4, meeting.client);
            assertThat(meeting.client.reply(message4)).isEmpty();
            meeting.carries(PAYLOAD);
        }
    }

    private static void refusesDamaged(byte[] message, End receiver) {
        for (int i = 0; i < message.length; i++) {
            byte[] damaged = Damage.flipped(message, i);
            assertRefused("byte " + i, () -> receiver.reply(damaged), "MALFORMED", "INVALID_PARAMETER");
        }
        for (int length = 0; length < message.length; length++) {
            byte[] shortened = Arrays.copyOf(message, length);
            assertRefused("length " + length, () -> receiver.reply(shortened), "MALFORMED", "INVALID_PARAMETER");
        }
    }

    /** The same with correct checksums: changes to the last field, which is a signature, a confirmation or both. */
    @ParameterizedTest
    @EnumSource
    void refusesAlteredProofsAndThenAcceptsTheOriginal(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.of(peer, ourRole).open()) {
            byte[] message1 = meeting.client.request();
            refusesAltered(message1, signatureOffset(message1), meeting.server);
            byte[] message2 = meeting.server.reply(message1);
            refusesAltered(message2, signatureOffset(message2), meeting.client);
            byte[] message3 = meeting.client.reply(message2);
            refusesAltered(message3, HEADER, meeting.server);
            byte[] message4 = meeting.server.reply(message3);
            refusesAltered(message4, HEADER, meeting.client);
            assertThat(meeting.client.reply(message4)).isEmpty();
            meeting.carries(PAYLOAD);
        }
    }

    private static int signatureOffset(byte[] message) {
        int key = HEADER + Damage.number(message, HEADER + 4);
        return key + Damage.number(message, key + 4);
    }

    private static void refusesAltered(byte[] message, int from, End receiver) {
        for (int i = from; i < message.length; i++) {
            byte[] altered = Damage.withChecksum(Damage.flipped(message, i));
            assertRefused(
                    "byte " + i,
                    () -> receiver.reply(altered),
                    "BAD_SIGNATURE",
                    "BAD_CONFIRMATION",
                    "INVALID_PARAMETER",
                    "INVALID_SIGNATURE");
        }
    }

    /** P-1, P-3: our end refuses a change of any byte, even with a correct checksum. */
    @ParameterizedTest
    @EnumSource
    void oursRefusesEveryAlteredByte(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.of(peer, ourRole).open()) {
            byte[] message = meeting.client.request();
            for (End receiver : List.of(meeting.server, meeting.client, meeting.server, meeting.client)) {
                for (int i = HEADER; i < message.length && receiver == meeting.ours; i++) {
                    byte[] altered = Damage.withChecksum(Damage.flipped(message, i));
                    assertRefused(
                            "byte " + i,
                            () -> receiver.reply(altered),
                            "MALFORMED",
                            "BAD_SIGNATURE",
                            "BAD_CONFIRMATION");
                }
                message = receiver.reply(message);
            }
            meeting.carries(PAYLOAD);
        }
    }

    /** An unknown id with correct checksums. */
    @ParameterizedTest
    @EnumSource
    void refusesAnAlteredIdAndThenAcceptsTheOriginal(Role ourRole) throws Exception {
        String[] unknown = {"UNKNOWN_PEER", "SSESSION_GET_PUB_FOR_ID_CALLBACK_ERROR"};
        try (Meeting meeting = Meeting.of(peer, ourRole).open()) {
            byte[] message1 = meeting.client.request();
            byte[] altered1 = withAlteredId(message1);
            assertRefused("message 1", () -> meeting.server.reply(altered1), unknown);
            byte[] message2 = meeting.server.reply(message1);
            byte[] altered2 = withAlteredId(message2);
            assertRefused("message 2", () -> meeting.client.reply(altered2), unknown);
            byte[] message4 = meeting.server.reply(meeting.client.reply(message2));
            assertThat(meeting.client.reply(message4)).isEmpty();
            meeting.carries(PAYLOAD);
        }
    }

    private static byte[] withAlteredId(byte[] message) {
        int idContainerLength = Damage.number(message, HEADER + 4);
        byte[] altered = Damage.flipped(message, HEADER + idContainerLength - 1);
        return Damage.withChecksum(Damage.withChecksum(altered, HEADER, idContainerLength));
    }

    @ParameterizedTest
    @EnumSource
    void refusesAMessageOfAnotherHandshakeAndThenAcceptsTheRightOne(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.of(peer, ourRole).open();
                Meeting other = Meeting.of(peer, ourRole).open()) {
            byte[] message1 = meeting.client.request();
            byte[] other1 = other.client.request();
            byte[] message2 = meeting.server.reply(message1);
            byte[] other2 = other.server.reply(other1);
            assertRefused("message 2", () -> meeting.client.reply(other2), "BAD_SIGNATURE", "INVALID_SIGNATURE");
            byte[] message3 = meeting.client.reply(message2);
            byte[] other3 = other.client.reply(other2);
            assertRefused("message 3", () -> meeting.server.reply(other3), "BAD_SIGNATURE", "INVALID_SIGNATURE");
            byte[] message4 = meeting.server.reply(message3);
            byte[] other4 = other.server.reply(other3);
            assertRefused(
                    "message 4",
                    () -> meeting.client.reply(other4),
                    "BAD_CONFIRMATION",
                    "INVALID_PARAMETER",
                    "INVALID_SIGNATURE");
            assertThat(meeting.client.reply(message4)).isEmpty();
            assertThat(other.client.reply(other4)).isEmpty();
            meeting.carries(PAYLOAD);
            other.carries(PAYLOAD);
        }
    }

    @Test
    void theirServerRefusesUsUntilItKnowsUs() throws Exception {
        PeerId stranger = PeerId.ofUtf8("stranger");
        IdentityPrivateKey key = key(Curve.P256);
        try (Meeting meeting = Meeting.of(peer, Role.CLIENT)
                .ids(stranger, PeerId.ofUtf8("server"))
                .keys(key, key(Curve.P256))
                .withoutOurKey()
                .open()) {
            byte[] message1 = meeting.client.request();
            assertRefused("unknown", () -> meeting.server.reply(message1), "SSESSION_GET_PUB_FOR_ID_CALLBACK_ERROR");
            peer.know(stranger.toBytes(), key.publicKey().encode());
            meeting.handshake();
            meeting.carries(PAYLOAD);
        }
    }

    @Test
    void theirClientRefusesUsUntilItKnowsUs() throws Exception {
        PeerId stranger = PeerId.ofUtf8("another stranger");
        IdentityPrivateKey key = key(Curve.P256);
        try (Meeting meeting = Meeting.of(peer, Role.SERVER)
                .ids(stranger, PeerId.ofUtf8("client"))
                .keys(key, key(Curve.P256))
                .withoutOurKey()
                .open()) {
            byte[] message2 = meeting.server.reply(meeting.client.request());
            assertRefused("unknown", () -> meeting.client.reply(message2), "SSESSION_GET_PUB_FOR_ID_CALLBACK_ERROR");
            peer.know(stranger.toBytes(), key.publicKey().encode());
            byte[] message4 = meeting.server.reply(meeting.client.reply(message2));
            assertThat(meeting.client.reply(message4)).isEmpty();
            meeting.carries(PAYLOAD);
        }
    }

    @Test
    void ourServerRefusesAnUnknownClient() throws Exception {
        PeerId other = PeerId.ofUtf8("somebody else");
        ForeignPeer.Keys keys = peer.generate();
        try (Meeting meeting = Meeting.of(peer, Role.SERVER).open();
                ForeignPeer.Session stranger = peer.open(other.toBytes(), keys.privateKey)) {
            assertRefused(Reason.UNKNOWN_PEER, () -> meeting.server.reply(stranger.request()));
            meeting.handshake();
            meeting.carries(PAYLOAD);
        }
    }

    /** Peers with known ids, but with other keys than the directory has for them. */
    @ParameterizedTest
    @EnumSource
    void refusesImpostors(Role ourRole) throws Exception {
        try (Meeting falseClient =
                        Meeting.of(peer, ourRole).newKeyOf(Role.CLIENT).open();
                Meeting falseServer =
                        Meeting.of(peer, ourRole).newKeyOf(Role.SERVER).open();
                Meeting meeting = Meeting.of(peer, ourRole).open()) {
            byte[] message1 = meeting.client.request();
            byte[] altered1 = falseClient.client.request();
            assertRefused("message 1", () -> meeting.server.reply(altered1), "BAD_SIGNATURE", "INVALID_SIGNATURE");
            byte[] message2 = meeting.server.reply(message1);
            byte[] altered2 = falseServer.server.reply(message1);
            assertRefused("message 2", () -> meeting.client.reply(altered2), "BAD_SIGNATURE", "INVALID_SIGNATURE");
            byte[] message4 = meeting.server.reply(meeting.client.reply(message2));
            assertThat(meeting.client.reply(message4)).isEmpty();
            meeting.carries(PAYLOAD);
        }
    }

    /** H-5: our client refuses a server other than the expected one. */
    @Test
    void ourClientRefusesAnotherServerThanItExpects() throws Exception {
        try (Meeting meeting = Meeting.of(peer, Role.CLIENT)
                .expecting(PeerId.ofUtf8("somebody else"))
                .open()) {
            byte[] message2 = meeting.server.reply(meeting.client.request());
            assertRefused(Reason.UNEXPECTED_PEER, () -> meeting.client.reply(message2));
        }
        try (Meeting meeting =
                Meeting.of(peer, Role.CLIENT).expecting(PeerId.ofUtf8("theirs")).establish()) {
            meeting.carries(PAYLOAD);
        }
    }

    /** H-8: our client reports that the peer has also started a handshake as a client. */
    @Test
    void ourClientReportsASimultaneousOpen() throws Exception {
        try (Meeting meeting = Meeting.of(peer, Role.CLIENT).open();
                Meeting crossing = Meeting.of(peer, Role.SERVER).open()) {
            byte[] message1 = meeting.client.request();
            byte[] theirMessage1 = crossing.client.request();
            assertRefused(Reason.SIMULTANEOUS_OPEN, () -> meeting.client.reply(theirMessage1));
            byte[] message3 = meeting.client.reply(meeting.server.reply(message1));
            assertThat(meeting.client.reply(meeting.server.reply(message3))).isEmpty();
            meeting.carries(PAYLOAD);
        }
    }

    /** Asked a second time, their client sends the same ephemeral key with a new signature. */
    @Test
    void ourServerContinuesAfterASecondMessage1() throws Exception {
        try (Meeting meeting = Meeting.of(peer, Role.SERVER).open()) {
            byte[] message2 = meeting.server.reply(meeting.client.request());
            byte[] again = meeting.client.request();
            assertRefused(Reason.BAD_SIGNATURE, () -> meeting.server.reply(again));
            byte[] message4 = meeting.server.reply(meeting.client.reply(message2));
            assertThat(meeting.client.reply(message4)).isEmpty();
            meeting.carries(PAYLOAD);
        }
    }

    /** H-9: early data of our client, right after message 3. */
    @Test
    void theirServerAcceptsEarlyDataAfterMessage3() throws Exception {
        try (Meeting meeting = Meeting.of(peer, Role.CLIENT).open()) {
            byte[] message2 = meeting.server.reply(meeting.client.request());
            byte[] message3 = meeting.client.reply(message2);
            EarlyData earlyData = meeting.ours.earlyData();
            List<byte[]> early = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                early.add(earlyData.wrap(payload("early", i)));
            }
            assertRefused("before message 3", () -> meeting.server.unwrap(early.get(0)), "SSESSION_KA_NOT_FINISHED");
            byte[] message4 = meeting.server.reply(message3);
            for (int i = 0; i < 3; i++) {
                assertThat(meeting.server.unwrap(early.get(i))).isEqualTo(payload("early", i));
            }
            byte[] answer = meeting.server.wrap(PAYLOAD);
            assertThat(meeting.client.reply(message4)).isEmpty();
            assertThat(meeting.client.unwrap(answer)).isEqualTo(PAYLOAD);
            assertThat(meeting.ours.session().remainingMessages()).isLessThanOrEqualTo((1L << 31) - 3);
            meeting.carries(PAYLOAD);
        }
    }

    @ParameterizedTest
    @EnumSource
    void clientRefusesAMessageOfTheServerBeforeMessage4AndAcceptsItAfterwards(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.of(peer, ourRole).open()) {
            byte[] message2 = meeting.server.reply(meeting.client.request());
            byte[] message4 = meeting.server.reply(meeting.client.reply(message2));
            byte[] tooEarly = meeting.server.wrap(PAYLOAD);
            assertRefused(
                    "in place of message 4", () -> meeting.client.reply(tooEarly), "MALFORMED", "INVALID_PARAMETER");
            if (ourRole == Role.SERVER) {
                assertRefused("early", () -> meeting.client.unwrap(tooEarly), "SSESSION_KA_NOT_FINISHED");
            }
            assertThat(meeting.client.reply(message4)).isEmpty();
            assertThat(meeting.client.unwrap(tooEarly)).isEqualTo(PAYLOAD);
            meeting.carries(PAYLOAD);
        }
    }

    private static byte[] payload(String name, int number) {
        return (name + " " + number).getBytes(UTF_8);
    }

    private static IdentityPrivateKey key(Curve curve) {
        return IdentityKeyPair.generate(curve).privateKey();
    }
}
