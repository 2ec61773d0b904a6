package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Mutations;
import dev.securesession.testkit.Mutations.Mutation;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Handshake messages that were damaged on their way, with and without their checksums put right. */
class HandshakeDamageTest {
    private final CountingDirectory clients = new CountingDirectory();
    private final CountingDirectory servers = new CountingDirectory();
    private final Pair pair = counting(Pair.create());

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    @Rule(value = "P-1", kind = REFUSES)
    @Rule(value = "P-3", kind = REFUSES)
    @Rule(value = "H-3", kind = REFUSES)
    @Rule(value = "H-3", kind = ACCEPTS)
    void refusesEveryDamagedMessageAndThenAcceptsTheRightOne(int number) throws Exception {
        try (Pair.Exchange handshake = pair.begin()) {
            byte[] right = message(handshake, number);
            Handshake receiver = receiver(handshake, number);

            damaged(right)
                    .forEach((name, bad) -> assertThatThrownBy(() -> receiver.receive(bad))
                            .as("message %d: %s", number, name)
                            .isInstanceOf(HandshakeException.class));

            try (Pair.Sessions sessions = handshake.finish()) {
                assertThat(sessions.toServer(new byte[] {7})).containsExactly(7);
                assertThat(sessions.toClient(new byte[] {8})).containsExactly(8);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    @Rule(value = "H-4", kind = ACCEPTS)
    void asksTheDirectoryOnceHoweverManyMessagesClaimTheSameId(int number) throws Exception {
        try (Pair.Exchange handshake = pair.begin()) {
            byte[] right = message(handshake, number);
            Handshake receiver = receiver(handshake, number);
            CountingDirectory directory = number == 1 ? clients : servers;
            PeerId sender = number == 1 ? Pair.CLIENT_ID : Pair.SERVER_ID;

            Map<String, byte[]> damaged = damaged(right);
            damaged.keySet().removeIf(name -> !name.matches("bit .* flipped, repaired"));
            for (byte[] bad : damaged.values()) {
                int before = directory.total;
                assertThatThrownBy(() -> receiver.receive(bad)).isInstanceOf(HandshakeException.class);
                assertThat(directory.total - before).isBetween(0, 1);
            }
            handshake.finish().close();

            assertThat(directory.asked.get(sender)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    @Rule(value = "P-2", kind = ACCEPTS)
    void ignoresBytesBehindAMessage(int number) throws Exception {
        try (Pair.Exchange plain = pair.begin();
                Pair.Exchange handshake = pair.begin()) {
            byte[] right = message(handshake, number);
            byte[] padded = Arrays.copyOf(right, right.length + 3);

            HandshakeStep step = receiver(handshake, number).receive(padded);

            Class<?> expected = number < 3 ? HandshakeStep.Reply.class : HandshakeStep.Established.class;
            assertThat(step).isInstanceOf(expected);
            assertThat(message(plain, number)).isNotEqualTo(right);
        }
    }

    @Test
    @Rule(value = "P-2", kind = REFUSES)
    void bytesBehindAMessageEnterNothing() throws Exception {
        try (Handshake client = Handshake.clientAcceptingAnyKnownPeer(pair.client());
                Handshake server = Handshake.server(pair.server())) {
            byte[] message2 = reply(server.receive(padded(client.start())));
            byte[] message3 = reply(client.receive(padded(message2)));
            HandshakeStep.Established atServer = (HandshakeStep.Established) server.receive(padded(message3));
            HandshakeStep.Established atClient = (HandshakeStep.Established) client.receive(padded(reply(atServer)));

            assertThat(atClient.session().transcriptHash())
                    .isEqualTo(atServer.session().transcriptHash());
            assertThat(atServer.session().unwrap(atClient.session().wrap(new byte[] {1})))
                    .containsExactly(1);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, 4", "1, 16", "1, 34", "2, 4", "2, 16", "2, 34", "3, 4", "4, 4",
    })
    @Rule(value = "P-1", kind = REFUSES)
    void allocatesNothingForASizeThatIsNotThere(int number, int sizeOffset) throws Exception {
        try (Pair.Exchange handshake = pair.begin()) {
            byte[] right = message(handshake, number);
            Handshake receiver = receiver(handshake, number);
            for (int size : new int[] {0xFFFF_FFFF, 0x8000_0000, 0x7FFF_FFFF, 0x1000_0000}) {
                byte[] blown = right.clone();
                ByteBuffer.wrap(blown).putInt(sizeOffset, size);
                byte[] bad = Mutations.repaired(blown);

                long before = allocated();
                assertThatThrownBy(() -> receiver.receive(bad)).isInstanceOf(HandshakeException.class);

                assertThat(allocated() - before).isLessThan(1 << 20);
            }
        }
    }

    @Test
    @Rule(value = "P-1", kind = ACCEPTS)
    @Rule(value = "P-3", kind = ACCEPTS)
    void acceptsIdsOfAnyLengthAndContent() throws Exception {
        byte[] every = new byte[70_000];
        for (int i = 0; i < every.length; i++) {
            every[i] = (byte) i;
        }
        PeerId longId = PeerId.of(every);
        PeerId shortId = PeerId.of(new byte[1]);

        Pair unusual = Pair.of(longId, TestKeys.pair(1), shortId, TestKeys.pair(2));

        try (Pair.Sessions sessions = unusual.establish()) {
            assertThat(sessions.client().peer()).isEqualTo(shortId);
            assertThat(sessions.server().peer()).isEqualTo(longId);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    @Rule(value = "P-3", kind = REFUSES)
    void refusesEveryOtherMessageInItsPlace(int number) throws Exception {
        try (Pair.Exchange handshake = pair.begin();
                Pair.Exchange another = pair.begin()) {
            message(handshake, number);
            Handshake receiver = receiver(handshake, number);
            List<byte[]> others = new ArrayList<>();
            for (int i = 1; i <= 4; i++) {
                others.add(message(another, i));
            }
            // A client's first message stands for itself: any server may take it.
            if (number == 1) {
                others.remove(0);
            }

            for (byte[] other : others) {
                assertThatThrownBy(() -> receiver.receive(other)).isInstanceOf(HandshakeException.class);
            }
            handshake.finish().close();
        }
    }

    /** All damaged forms of a message, but not those that only have something behind the good message. */
    private static Map<String, byte[]> damaged(byte[] right) {
        Map<String, byte[]> damaged = new LinkedHashMap<>();
        for (Mutation mutation : Mutations.of(right)) {
            damaged.put(mutation.name(), mutation.bytes());
            damaged.put(mutation.name() + ", repaired", Mutations.repaired(mutation.bytes()));
            damaged.put(mutation.name() + ", refitted", Mutations.refitted(mutation.bytes()));
        }
        Set<byte[]> seen = new TreeSet<>(Arrays::compare);
        damaged.values().removeIf(bad -> startsWith(bad, right) || !seen.add(bad));
        assertThat(damaged).hasSizeGreaterThan(10 * right.length);
        return damaged;
    }

    private static boolean startsWith(byte[] bytes, byte[] beginning) {
        return bytes.length >= beginning.length
                && Arrays.equals(bytes, 0, beginning.length, beginning, 0, beginning.length);
    }

    private static byte[] message(Pair.Exchange handshake, int number) throws HandshakeException {
        return switch (number) {
            case 1 -> handshake.message1();
            case 2 -> handshake.message2();
            case 3 -> handshake.message3();
            default -> handshake.message4();
        };
    }

    private static Handshake receiver(Pair.Exchange handshake, int number) {
        return number % 2 == 1 ? handshake.server() : handshake.client();
    }

    private static byte[] padded(byte[] message) {
        byte[] padded = Arrays.copyOf(message, message.length + 2);
        padded[message.length] = 0x55;
        return padded;
    }

    private static byte[] reply(HandshakeStep step) {
        return step.message().orElseThrow();
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    private Pair counting(Pair plain) {
        clients.known.put(Pair.CLIENT_ID, plain.client().identity().publicKey());
        servers.known.put(Pair.SERVER_ID, plain.server().identity().publicKey());
        return plain.withClient(config -> SessionConfig.of(config.identity(), servers))
                .withServer(config -> SessionConfig.of(config.identity(), clients));
    }

    /** Counts how often it is asked for whom. */
    private static final class CountingDirectory implements PeerDirectory {
        final Map<PeerId, IdentityPublicKey> known = new HashMap<>();
        final Map<PeerId, Integer> asked = new HashMap<>();
        int total;

        @Override
        public List<IdentityPublicKey> find(PeerId peer) {
            asked.merge(peer, 1, Integer::sum);
            total++;
            IdentityPublicKey key = known.get(peer);
            return key == null ? List.of() : List.of(key);
        }
    }
}
