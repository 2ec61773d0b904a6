package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.HandshakeException.Reason;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.HostilePeer;
import dev.securesession.testkit.HostilePeer.Part;
import dev.securesession.testkit.Mutations;
import dev.securesession.testkit.Mutations.Mutation;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A peer that holds a good key, and signs, derives and confirms what is wrong. */
class ForgedHandshakeTest {
    private final Pair pair = Pair.create();
    private final HostilePeer hostileClient = HostilePeer.client(Pair.CLIENT_ID, TestKeys.pair(1), Pair.SERVER_ID);
    private final HostilePeer hostileServer = HostilePeer.server(Pair.SERVER_ID, TestKeys.pair(2), Pair.CLIENT_ID);
    private final Handshake server = Handshake.server(pair.server());
    private final Handshake client = Handshake.clientAcceptingAnyKnownPeer(pair.client());

    @AfterEach
    void close() {
        server.close();
        client.close();
    }

    @Test
    @Rule(value = "C-1", kind = REFUSES)
    void refusesBadPointsOfAClientBeforeItAnswers() throws Exception {
        badPoints()
                .forEach((name, change) -> assertRefused(
                        server,
                        hostileClient.behaving().changing(Part.POINT, change).message1(),
                        Reason.MALFORMED,
                        name));

        assertServerGoesOn();
    }

    @Test
    @Rule(value = "C-1", kind = REFUSES)
    void refusesBadPointsOfAServerBeforeItAnswers() throws Exception {
        byte[] message1 = client.start();
        badPoints().forEach((name, change) -> {
            // It cannot derive anything from such a point; message 2 needs no derivation.
            byte[] good = hostileServer.behaving().message2(message1);
            byte[] container = HostilePeer.container("UEC2", change.apply(pointIn(good)));
            byte[] bad = hostileServer
                    .changing(Part.EPHEMERAL_CONTAINER, key -> container)
                    .message2(message1);
            assertRefused(client, bad, Reason.MALFORMED, name);
        });

        assertClientGoesOn(message1);
    }

    @Test
    @Rule(value = "C-1", kind = ACCEPTS)
    @Rule(value = "P-3", kind = ACCEPTS)
    void acceptsUncompressedPointsOfAClient() throws Exception {
        hostileClient.changing(Part.POINT, HostilePeer::uncompressed);

        byte[] message2 = reply(server.receive(hostileClient.message1()));
        HandshakeStep.Established step = established(server.receive(hostileClient.message3(message2)));

        assertThat(step.session()
                        .unwrap(hostileClient.wrap(new byte[] {1}, now()).seal()))
                .containsExactly(1);
    }

    @Test
    @Rule(value = "C-1", kind = ACCEPTS)
    void acceptsUncompressedPointsOfAServer() throws Exception {
        hostileServer.changing(Part.POINT, HostilePeer::uncompressed);

        client.receive(hostileServer.message2(client.start()));
        HandshakeStep.Established step = established(client.receive(hostileServer.message4()));

        assertThat(step.session()
                        .unwrap(hostileServer.wrap(new byte[] {1}, now()).seal()))
                .containsExactly(1);
    }

    @Test
    @Rule(value = "P-3", kind = REFUSES)
    void refusesOtherContainersInThePlaceOfAnEphemeralKey() throws Exception {
        Map<String, UnaryOperator<byte[]>> containers = new LinkedHashMap<>();
        containers.put("P-384 key", key -> HostilePeer.container("UEC3", HostilePeer.pointOnP384()));
        containers.put("P-256 point named P-384", key -> HostilePeer.container("UEC3", payload(key)));
        containers.put("P-521 tag", key -> HostilePeer.container("UEC5", payload(key)));
        containers.put("private key", key -> HostilePeer.container("REC2", payload(key)));
        containers.put("RSA key", key -> HostilePeer.container("URA1", payload(key)));
        containers.put("id", key -> HostilePeer.container("TSID", payload(key)));
        containers.put("unprintable tag", key -> HostilePeer.container("\u0000\u0001\u0002\u00ff", payload(key)));
        containers.put("empty", key -> HostilePeer.container("UEC2"));
        containers.put("size too small", key -> HostilePeer.containerOfSize("UEC2", 11, payload(key)));
        containers.put("size too large", key -> HostilePeer.containerOfSize("UEC2", 1 << 20, payload(key)));
        containers.put("size huge", key -> HostilePeer.containerOfSize("UEC2", -1, payload(key)));
        containers.put("nothing", key -> new byte[0]);
        byte[] message1 = client.start();

        containers.forEach((name, change) -> {
            hostileClient.behaving().changing(Part.EPHEMERAL_CONTAINER, change);
            hostileServer.behaving().changing(Part.EPHEMERAL_CONTAINER, change);
            assertRefused(server, hostileClient.message1(), Reason.MALFORMED, name);
            assertRefused(client, hostileServer.message2(message1), Reason.MALFORMED, name);
        });

        assertServerGoesOn();
        assertClientGoesOn(message1);
    }

    @Test
    @Rule(value = "P-3", kind = REFUSES)
    void refusesOtherContainersInThePlaceOfAnId() throws Exception {
        Map<String, UnaryOperator<byte[]>> containers = new LinkedHashMap<>();
        containers.put("empty id", id -> HostilePeer.container("TSID"));
        containers.put("bare id", ForgedHandshakeTest::payload);
        containers.put("another tag", id -> HostilePeer.container("TSIE", payload(id)));
        containers.put("message", id -> HostilePeer.container("TSPM", payload(id)));
        containers.put("size too small", id -> HostilePeer.containerOfSize("TSID", 0, payload(id)));
        containers.put("size huge", id -> HostilePeer.containerOfSize("TSID", 0x8000_0000, payload(id)));
        containers.put("nothing", id -> new byte[0]);
        byte[] message1 = client.start();

        containers.forEach((name, change) -> {
            hostileClient.behaving().changing(Part.ID_CONTAINER, change);
            hostileServer.behaving().changing(Part.ID_CONTAINER, change);
            assertRefused(server, hostileClient.message1(), Reason.MALFORMED, name);
            assertRefused(client, hostileServer.message2(message1), Reason.MALFORMED, name);
        });

        assertServerGoesOn();
        assertClientGoesOn(message1);
    }

    @Test
    @Rule(value = "P-6", kind = REFUSES)
    @Rule(value = "H-3", kind = REFUSES)
    void refusesBadSignaturesInEveryMessage() throws Exception {
        byte[] message1 = client.start();
        byte[] message2 = reply(server.receive(hostileClient.message1()));
        try (Handshake fresh = Handshake.server(pair.server())) {
            for (String name : badSignatures(SMALL_SIGNATURE).keySet()) {
                UnaryOperator<byte[]> change =
                        signature -> badSignatures(signature).get(name);
                hostileClient.changing(Part.SIGNATURE, change);
                hostileServer.behaving().changing(Part.SIGNATURE, change);

                assertRefused(fresh, hostileClient.message1(), Reason.BAD_SIGNATURE, name);
                assertRefused(client, hostileServer.message2(message1), Reason.BAD_SIGNATURE, name);
                assertRefused(server, hostileClient.message3(message2), null, name);
            }
        }

        hostileClient.behaving();
        assertThat(server.receive(hostileClient.message3(message2))).isInstanceOf(HandshakeStep.Established.class);
        assertClientGoesOn(message1);
    }

    @Test
    @Rule(value = "P-6", kind = ACCEPTS)
    void acceptsLowAndHighS() throws Exception {
        boolean[] seen = new boolean[2];
        for (int i = 0; i < 2; i++) {
            boolean high = i == 1;
            HostilePeer peer = HostilePeer.client(Pair.CLIENT_ID, TestKeys.pair(1), Pair.SERVER_ID)
                    .changing(
                            Part.SIGNATURE,
                            signature ->
                                    HostilePeer.isHighS(signature) == high ? signature : HostilePeer.otherS(signature));
            try (Handshake fresh = Handshake.server(pair.server())) {
                byte[] message2 = reply(fresh.receive(peer.message1()));
                seen[i] = fresh.receive(peer.message3(message2)) instanceof HandshakeStep.Established;
            }
        }

        assertThat(seen).containsExactly(true, true);
    }

    @Test
    @Rule(value = "H-3", kind = REFUSES)
    void refusesSignaturesOverAnythingElse() throws Exception {
        byte[] message1 = client.start();
        byte[] message2 = reply(server.receive(hostileClient.message1()));
        byte[] clientKey = HostilePeer.ephemeralIn(message1);
        Map<String, UnaryOperator<byte[]>> signed = new LinkedHashMap<>();
        signed.put("nothing", right -> new byte[0]);
        signed.put("one byte more", right -> Arrays.copyOf(right, right.length + 1));
        signed.put("one byte less", right -> Arrays.copyOf(right, right.length - 1));
        signed.put("the key of the other side", right -> clientKey);
        signed.put("ids swapped", right -> swappedTail(right, Pair.CLIENT_ID.length()));
        signed.put("keys swapped", right -> swappedKeys(right));

        signed.forEach((name, change) -> {
            hostileServer.behaving().changing(Part.SIGNED, change);
            hostileClient.behaving().changing(Part.SIGNED, change);
            assertRefused(client, hostileServer.message2(message1), Reason.BAD_SIGNATURE, name);
            assertRefused(server, hostileClient.message3(message2), Reason.BAD_SIGNATURE, name);
        });

        hostileClient.behaving();
        assertThat(server.receive(hostileClient.message3(message2))).isInstanceOf(HandshakeStep.Established.class);
        assertClientGoesOn(message1);
    }

    @Test
    @Rule(value = "C-4", kind = REFUSES)
    void refusesConfirmationsThatAreWrongAnywhere() throws Exception {
        byte[] message2 = reply(server.receive(hostileClient.message1()));
        client.receive(hostileServer.message2(client.start()));
        for (int bit = 0; bit < 256; bit++) {
            int at = bit;
            UnaryOperator<byte[]> flip = mac -> flipped(mac, at);
            hostileServer.behaving().changing(Part.MAC, flip);
            assertRefused(client, hostileServer.message4(), Reason.BAD_CONFIRMATION, "bit " + bit);
            if (bit % 8 == 0) {
                hostileClient.behaving().changing(Part.MAC, flip);
                assertRefused(server, hostileClient.message3(message2), Reason.BAD_CONFIRMATION, "bit " + bit);
            }
        }

        assertThat(client.receive(hostileServer.behaving().message4())).isInstanceOf(HandshakeStep.Established.class);
        assertThat(server.receive(hostileClient.behaving().message3(message2)))
                .isInstanceOf(HandshakeStep.Established.class);
    }

    @Test
    @Rule(value = "C-4", kind = REFUSES)
    @Rule(value = "P-3", kind = REFUSES)
    void refusesConfirmationsOfAnotherLength() throws Exception {
        byte[] message2 = reply(server.receive(hostileClient.message1()));
        client.receive(hostileServer.message2(client.start()));
        for (int length = 0; length <= 64; length++) {
            if (length == 32) {
                continue;
            }
            int cut = length;
            UnaryOperator<byte[]> change = mac -> Arrays.copyOf(mac, cut);
            hostileServer.behaving().changing(Part.MAC, change);
            hostileClient.behaving().changing(Part.MAC, change);
            assertRefused(client, hostileServer.message4(), Reason.MALFORMED, "mac of " + length);
            assertRefused(server, hostileClient.message3(message2), null, "mac of " + length);
        }
    }

    @Test
    @Rule(value = "C-4", kind = ACCEPTS)
    void acceptsTheRightConfirmations() throws Exception {
        byte[] message2 = reply(server.receive(hostileClient.message1()));
        client.receive(hostileServer.message2(client.start()));

        assertThat(server.receive(hostileClient.message3(message2))).isInstanceOf(HandshakeStep.Established.class);
        assertThat(client.receive(hostileServer.message4())).isInstanceOf(HandshakeStep.Established.class);
    }

    @Test
    @Rule(value = "C-4", kind = REFUSES)
    void refusesItsOwnConfirmationReflected() throws Exception {
        byte[] message3 = reply(client.receive(hostileServer.message2(client.start())));
        byte[] ownMac = Arrays.copyOfRange(message3, message3.length - 32, message3.length);

        hostileServer.changing(Part.MAC, mac -> ownMac);

        assertRefused(client, hostileServer.message4(), Reason.BAD_CONFIRMATION, "reflected");
    }

    @Test
    @Rule(value = "C-2", kind = REFUSES)
    void refusesItsOwnEphemeralKeyReflected() throws Exception {
        byte[] message1 = client.start();
        byte[] own = HostilePeer.ephemeralIn(message1);
        byte[] negated = own.clone();
        negated[12] ^= 1;
        byte[] spelledOut = HostilePeer.container("UEC2", HostilePeer.uncompressed(payload(own)));

        for (byte[] key : new byte[][] {own, HostilePeer.container("UEC2", payload(negated)), spelledOut}) {
            hostileServer.behaving().changing(Part.EPHEMERAL_CONTAINER, right -> key);
            assertRefused(client, hostileServer.message2(message1), Reason.REFLECTED_KEY, "reflected");
        }

        assertClientGoesOn(message1);
    }

    @Test
    @Rule(value = "C-2", kind = ACCEPTS)
    void acceptsAnEphemeralKeyThatIsNotItsOwn() throws Exception {
        byte[] message1 = client.start();

        assertThat(client.receive(hostileServer.message2(message1))).isInstanceOf(HandshakeStep.Reply.class);
    }

    @ParameterizedTest
    @EnumSource(
            value = Part.class,
            names = {"BODY", "MESSAGE"})
    @Rule(value = "P-3", kind = REFUSES)
    void refusesMessagesWithTooMuchOrTooLittleInThem(Part part) throws Exception {
        byte[] message1 = client.start();
        byte[] message2 = reply(server.receive(hostileClient.message1()));
        try (Handshake fresh = Handshake.server(pair.server())) {
            Map<String, UnaryOperator<byte[]>> changes = new LinkedHashMap<>();
            changes.put("cut by one", right -> Arrays.copyOf(right, right.length - 1));
            changes.put("cut to half", right -> Arrays.copyOf(right, right.length / 2));
            changes.put("nothing", right -> new byte[0]);
            changes.put("zeros", right -> new byte[right.length]);
            changes.put("a byte in front", right -> shifted(right));
            if (part == Part.BODY) {
                changes.put("a byte behind", right -> Arrays.copyOf(right, right.length + 1));
            }

            changes.forEach((name, change) -> {
                hostileClient.changing(part, change);
                hostileServer.behaving().changing(part, change);
                assertRefused(fresh, hostileClient.message1(), null, name);
                assertRefused(client, hostileServer.message2(message1), null, name);
                assertRefused(server, hostileClient.message3(message2), null, name);
            });
        }
    }

    private Map<String, UnaryOperator<byte[]>> badPoints() {
        Map<String, UnaryOperator<byte[]>> points = new LinkedHashMap<>();
        points.put("infinity", point -> HostilePeer.infinity());
        points.put("long infinity", point -> new byte[33]);
        points.put("off the curve", HostilePeer::offCurve);
        points.put("no point there", point -> HostilePeer.nowhere());
        points.put("x not reduced", point -> HostilePeer.unreduced());
        points.put("hybrid", HostilePeer::hybrid);
        points.put("on P-384", point -> HostilePeer.pointOnP384());
        points.put("nothing", point -> new byte[0]);
        points.put("form 05", point -> withForm(point, 5));
        points.put("form 00", point -> withForm(point, 0));
        points.put("form 04, short", point -> withForm(point, 4));
        points.put("form 02, long", point -> withForm(HostilePeer.uncompressed(point), 2));
        points.put("one byte short", point -> Arrays.copyOf(point, 32));
        points.put("one byte long", point -> Arrays.copyOf(point, 34));
        points.put("zeros", point -> withForm(new byte[65], 4));
        points.put("ones", point -> {
            byte[] ones = new byte[65];
            Arrays.fill(ones, (byte) 0xFF);
            return withForm(ones, 4);
        });
        return points;
    }

    private static Map<String, byte[]> badSignatures(byte[] right) {
        Map<String, byte[]> bad = new LinkedHashMap<>();
        for (Mutation mutation : Mutations.ofSignature(right, HostilePeer.order())) {
            bad.put(mutation.name(), mutation.bytes());
        }
        return bad;
    }

    private void assertServerGoesOn() throws HandshakeException {
        hostileClient.behaving();
        byte[] message2 = reply(server.receive(hostileClient.message1()));
        assertThat(server.receive(hostileClient.message3(message2))).isInstanceOf(HandshakeStep.Established.class);
    }

    private void assertClientGoesOn(byte[] message1) throws HandshakeException {
        hostileServer.behaving();
        client.receive(hostileServer.message2(message1));
        assertThat(client.receive(hostileServer.message4())).isInstanceOf(HandshakeStep.Established.class);
    }

    /** Refused, for this reason if there is only one. */
    private static void assertRefused(Handshake side, byte[] message, Reason reason, String name) {
        assertThatThrownBy(() -> side.receive(message))
                .as(name)
                .isInstanceOfSatisfying(HandshakeException.class, refusal -> {
                    if (reason != null) {
                        assertThat(refusal.reason()).as(name).isEqualTo(reason);
                    }
                });
    }

    private long now() {
        return pair.clock().instant().getEpochSecond();
    }

    private static HandshakeStep.Established established(HandshakeStep step) {
        return (HandshakeStep.Established) step;
    }

    private static byte[] reply(HandshakeStep step) {
        return step.message().orElseThrow();
    }

    private static byte[] pointIn(byte[] introduction) {
        return payload(HostilePeer.ephemeralIn(introduction));
    }

    private static byte[] payload(byte[] container) {
        return Arrays.copyOfRange(container, 12, container.length);
    }

    private static byte[] withForm(byte[] point, int form) {
        byte[] changed = point.clone();
        changed[0] = (byte) form;
        return changed;
    }

    private static byte[] flipped(byte[] bytes, int bit) {
        byte[] changed = bytes.clone();
        changed[bit / 8] ^= (byte) (1 << bit % 8);
        return changed;
    }

    private static byte[] shifted(byte[] bytes) {
        byte[] changed = new byte[bytes.length + 1];
        System.arraycopy(bytes, 0, changed, 1, bytes.length);
        return changed;
    }

    /** Swaps the two ids at the end of what is signed, which are equally long. */
    private static byte[] swappedTail(byte[] signed, int idLength) {
        byte[] changed = signed.clone();
        System.arraycopy(signed, signed.length - idLength, changed, signed.length - 2 * idLength, idLength);
        System.arraycopy(signed, signed.length - 2 * idLength, changed, signed.length - idLength, idLength);
        return changed;
    }

    /** Swaps the two keys in front of what is signed. */
    private static byte[] swappedKeys(byte[] signed) {
        byte[] changed = signed.clone();
        System.arraycopy(signed, 0, changed, KEY_LENGTH, KEY_LENGTH);
        System.arraycopy(signed, KEY_LENGTH, changed, 0, KEY_LENGTH);
        return changed;
    }

    private static final int KEY_LENGTH = 45;

    /** Well-formed: r is 2 and s is 3. */
    private static final byte[] SMALL_SIGNATURE = {0x30, 6, 2, 1, 2, 2, 1, 3};
}
