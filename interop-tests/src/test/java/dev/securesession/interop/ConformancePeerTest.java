package dev.securesession.interop;

import static dev.securesession.interop.Refusals.assertRefused;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Sends thousands of random requests to {@code secure-session peer}, a process of its own, and to the foreign peer, for
 * several sessions at a time, and compares the answers with a small model. {@code -Dsecuresession.seed=...} repeats a run,
 * {@code -Dsecuresession.steps=...} sets its length.
 */
@ExtendWith(ReferencePeer.class)
class ConformancePeerTest {
    private static final int STEPS = Integer.getInteger("securesession.steps", 12_000);
    private static final int LIVE = 8;
    private static final int MAX_PAYLOAD_LENGTH = 5000;
    private static final long DAY = 86_400;
    private static final long START = 1_700_000_000;

    private final ForeignPeer theirs;
    private ForeignPeer ours;
    private Random random;
    private List<ForeignPeer.Keys> keys;
    private int ids;
    private int established;
    private int delivered;
    private int moves;
    private int imports;

    ConformancePeerTest(ForeignPeer peer) {
        this.theirs = peer;
    }

    @Test
    void answersRandomRequestsAsTheModelSays() throws Exception {
        long seed = Long.getLong("securesession.seed", new Random().nextLong());
        System.out.println("answersRandomRequestsAsTheModelSays: -Dsecuresession.seed=" + seed);
        random = new Random(seed);
        try (ForeignPeer peer = new ForeignPeer(ChildJvm.command("dev.securesession.cli.Main", "peer"))) {
            ours = peer;
            keys = List.of(
                    ours.generate(),
                    ours.generate("2"),
                    ours.generate("3"),
                    ours.generate("5"),
                    theirs.generate(),
                    theirs.generate());
            setClocks();
            List<Pair> pairs = new ArrayList<>();
            for (int step = 0; step < STEPS; step++) {
                try {
                    step(pairs);
                } catch (Exception | AssertionError e) {
                    throw new AssertionError("step " + step + " of seed " + seed, e);
                }
            }
            System.out.printf(
                    "%d requests to ours; %d sessions established, %d payloads delivered, %d moves, %d imports%n",
                    peer.requestCount(), established, delivered, moves, imports);
            assertThat(peer.requestCount()).isGreaterThan(STEPS / 2);
            assertThat(List.of(established, delivered / 10, moves / 2, imports / 2))
                    .allMatch(count -> count > 10);
        } finally {
            theirs.releaseClock();
        }
    }

    private void step(List<Pair> pairs) throws Exception {
        if (pairs.size() < LIVE) {
            pairs.add(new Pair());
        }
        Pair pair = pairs.get(random.nextInt(pairs.size()));
        switch (random.nextInt(20)) {
            case 0, 1, 2 -> pair.advanceHandshake();
            case 3 -> pair.refuseDamagedHandshake();
            case 4, 5, 6 -> pair.direction().send();
            case 7, 8, 9 -> pair.direction().deliver();
            case 10 -> pair.direction().lose();
            case 11 -> pair.direction().refuseDamage();
            case 12 -> pair.refuseOutOfTurn();
            case 13 -> pair.move();
            case 14 -> pair.exportAndImport();
            case 15 -> pair.checkStates();
            case 16 -> sealedData();
            case 17 -> nonsense();
            case 18 -> setClocks();
            default -> {
                if (random.nextInt(16) == 0) {
                    pair.close();
                    pairs.remove(pair);
                }
            }
        }
    }

    /** Sets both clocks to times within one day, so that both ends accept all timestamps. */
    private void setClocks() {
        ours.setClock(START + random.nextInt((int) DAY + 1));
        theirs.setClock(START + random.nextInt((int) DAY + 1));
    }

    private void sealedData() {
        byte[] key = Damage.random(random, 1 + random.nextInt(64));
        byte[] plaintext = Damage.random(random, 1 + random.nextInt(MAX_PAYLOAD_LENGTH));
        byte[] context = Damage.random(random, random.nextInt(20));
        ForeignPeer writer = random.nextBoolean() ? ours : theirs;
        ForeignPeer reader = random.nextBoolean() ? ours : theirs;
        byte[] sealed = writer.seal(key, plaintext, context);
        assertThat(reader.unseal(key, sealed, context)).isEqualTo(plaintext);
        byte[] damaged = Damage.flipped(sealed, sealed.length - 1);
        assertRefused("damaged", () -> reader.unseal(key, damaged, context), "NOT_AUTHENTIC", "FAIL");
    }

    /** Sends a line without meaning, which must be answered with a refusal. */
    private void nonsense() {
        StringBuilder line = new StringBuilder();
        String[] words = {
            "wrap", "reply", "load", "import", "key", "new", "s1", "-", "YQ==", "YQ", "%", "\u00E9", "=", "\t"
        };
        for (int i = 0; i < random.nextInt(6); i++) {
            line.append(words[random.nextInt(words.length)]).append(' ');
        }
        String last = "x".repeat(1 + random.nextInt(3));
        assertThatExceptionOfType(ForeignPeerException.class).isThrownBy(() -> ours.ask(line + last));
    }

    private byte[] id() {
        ids++;
        byte[] unique = (ids + " ").getBytes(UTF_8);
        byte[] id = Damage.random(random, unique.length + random.nextInt(100));
        System.arraycopy(unique, 0, id, 0, unique.length);
        return id;
    }

    /** A client, a server, and the messages in transit between them. */
    private final class Pair {
        static final int ESTABLISHED = 5;

        private final boolean ourClient = random.nextBoolean();
        private final boolean bothMayBeOurs = random.nextInt(8) == 0;
        private ForeignPeer.Session client;
        private ForeignPeer.Session server;
        private boolean clientIsOurs;
        private boolean serverIsOurs;
        private boolean moved;

        /** The number of finished steps: message 1 made, then messages 1, 2, 3 and 4 accepted. */
        private int stage;

        private byte[] inTransit;
        private final Direction up = new Direction(true);
        private final Direction down = new Direction(false);

        Pair() {
            clientIsOurs = ourClient;
            serverIsOurs = !ourClient || bothMayBeOurs;
            client = open(clientIsOurs);
            server = open(serverIsOurs);
        }

        private ForeignPeer.Session open(boolean isOurs) {
            byte[] id = id();
            ForeignPeer.Keys pair = keys.get(random.nextInt(keys.size()));
            ours.know(id, pair.publicKey);
            theirs.know(id, pair.publicKey);
            return (isOurs ? ours : theirs).open(id, pair.privateKey);
        }

        void advanceHandshake() throws Exception {
            if (stage == 0) {
                inTransit = client.request();
            } else if (stage < ESTABLISHED) {
                inTransit = receiver().reply(Damage.withZeros(inTransit, random.nextInt(4)));
            } else {
                return;
            }
            stage++;
            if (stage == ESTABLISHED) {
                established++;
            }
            assertThat(inTransit.length == 0).isEqualTo(stage == ESTABLISHED);
        }

        void refuseDamagedHandshake() {
            if (stage == 0 || stage == ESTABLISHED) {
                return;
            }
            byte[] damaged = random.nextBoolean()
                    ? Damage.flipped(inTransit, random.nextInt(inTransit.length))
                    : Arrays.copyOf(inTransit, random.nextInt(inTransit.length));
            assertRefused("damaged", () -> receiver().reply(damaged), "MALFORMED", "INVALID_PARAMETER");
            byte[] altered = Damage.withChecksum(Damage.flipped(inTransit, inTransit.length - 1));
            assertRefused(
                    "altered",
                    () -> receiver().reply(altered),
                    "BAD_SIGNATURE",
                    "BAD_CONFIRMATION",
                    "INVALID_SIGNATURE",
                    "INVALID_PARAMETER");
            checkStates();
        }

        private ForeignPeer.Session receiver() {
            return stage % 2 == 1 ? server : client;
        }

        /** Sends requests that the state of an end does not allow, which must change nothing. */
        void refuseOutOfTurn() {
            byte[] invalid = Damage.random(random, 60);
            for (boolean atClient : new boolean[] {true, false}) {
                ForeignPeer.Session end = atClient ? client : server;
                if (direction(!atClient).canDeliver()) {
                    assertThatRefused(() -> end.reply(invalid));
                    assertThatRefused(end::request);
                } else {
                    assertThatRefused(() -> end.unwrap(invalid));
                }
                if (!direction(atClient).canSend()) {
                    assertThatRefused(() -> end.wrap(invalid));
                }
                assertThatRefused(() -> end.wrap(new byte[0]));
            }
            checkStates();
        }

        void checkStates() {
            assertThat(client.state())
                    .isEqualTo(stage == 0 ? "idle" : stage == ESTABLISHED ? "established" : "negotiating");
            assertThat(server.state()).isEqualTo(stage < 2 ? "idle" : stage >= 4 ? "established" : "negotiating");
        }

        /** Moves one end to a random implementation. */
        void move() {
            moved |= stage >= 4;
            boolean toOurs = random.nextBoolean();
            if (stage == ESTABLISHED && random.nextBoolean()) {
                client = moved(client, toOurs);
                clientIsOurs = toOurs;
            } else if (stage >= 4) {
                server = moved(server, toOurs);
                serverIsOurs = toOurs;
            }
        }

        private ForeignPeer.Session moved(ForeignPeer.Session end, boolean toOurs) {
            byte[] state = end.save();
            assertThat(state).hasSize(60);
            end.close();
            moves++;
            ForeignPeer.Session loaded = (toOurs ? ours : theirs).load(state);
            assertThat(loaded.save()).isEqualTo(state);
            return loaded;
        }

        /** Exports and imports our own saved form, which exists from the first message on; the reference has no such form. */
        void exportAndImport() {
            if (clientIsOurs && stage >= 1) {
                restore(client, stage == ESTABLISHED);
            }
            if (serverIsOurs && stage >= 2) {
                restore(server, stage >= 4);
            }
            checkStates();
        }

        private void restore(ForeignPeer.Session end, boolean isEstablished) {
            byte[] hash = isEstablished && !moved ? end.transcriptHash() : new byte[32];
            end.restore(end.export());
            imports++;
            if (isEstablished && !moved) {
                assertThat(end.transcriptHash()).isEqualTo(hash).hasSize(32);
                if (clientIsOurs && serverIsOurs && stage == ESTABLISHED) {
                    assertThat(client.transcriptHash()).isEqualTo(server.transcriptHash());
                }
            }
        }

        Direction direction() {
            return direction(random.nextBoolean());
        }

        private Direction direction(boolean fromClient) {
            return fromClient ? up : down;
        }

        void close() {
            client.close();
            server.close();
            assertThat(client.state()).isEqualTo("closed");
            assertThatRefused(() -> client.wrap(new byte[1]));
            assertThatRefused(() -> server.unwrap(new byte[60]));
        }

        /** The messages of one direction, in the order of sending, with at most 7 consecutive losses. */
        private final class Direction {
            private final boolean fromClient;
            private final Deque<byte[]> messages = new ArrayDeque<>();
            private final Deque<byte[]> payloads = new ArrayDeque<>();
            private int lost;

            Direction(boolean fromClient) {
                this.fromClient = fromClient;
            }

            boolean canSend() {
                return fromClient ? stage == ESTABLISHED || (clientIsOurs && stage >= 3) : stage >= 4;
            }

            boolean canDeliver() {
                return stage >= (fromClient ? 4 : ESTABLISHED);
            }

            void send() {
                if (canSend() && messages.size() < 10) {
                    byte[] payload = Damage.random(random, 1 + random.nextInt(MAX_PAYLOAD_LENGTH));
                    messages.add((fromClient ? client : server).wrap(payload));
                    payloads.add(payload);
                }
            }

            void deliver() {
                if (!canDeliver() || messages.isEmpty()) {
                    return;
                }
                byte[] message = messages.remove();
                assertThat(receiver().unwrap(message)).isEqualTo(payloads.remove());
                lost = 0;
                delivered++;
                if (receiverIsOurs()) {
                    assertRefused("replay", () -> receiver().unwrap(message), "REPLAYED");
                }
            }

            void lose() {
                if (!messages.isEmpty() && lost < 7) {
                    messages.remove();
                    payloads.remove();
                    lost++;
                }
            }

            void refuseDamage() {
                if (!canDeliver() || messages.isEmpty()) {
                    return;
                }
                byte[] message = messages.element();
                byte[] damaged = Damage.flipped(message, 20 + random.nextInt(message.length - 20));
                assertRefused(
                        "damaged", () -> receiver().unwrap(damaged), "NOT_AUTHENTIC", "FAIL", "INVALID_PARAMETER");
                byte[] elsewhere = Damage.flipped(message, random.nextInt(4));
                assertRefused("elsewhere", () -> receiver().unwrap(elsewhere), "WRONG_SESSION", "INVALID_PARAMETER");
            }

            private ForeignPeer.Session receiver() {
                return fromClient ? server : client;
            }

            private boolean receiverIsOurs() {
                return fromClient ? serverIsOurs : clientIsOurs;
            }
        }
    }

    private static void assertThatRefused(ThrowingCallable call) {
        assertThatExceptionOfType(ForeignPeerException.class).isThrownBy(call);
    }
}
