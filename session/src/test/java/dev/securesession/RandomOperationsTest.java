package dev.securesession;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.testkit.Mutations;
import dev.securesession.testkit.Mutations.Mutation;
import dev.securesession.testkit.Pair;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Two peers over a network that loses, doubles, reorders, changes and mixes up what they say, while they are saved,
 * restored and closed. Whatever happens: only the exceptions that the API documents come out, both ends have the same
 * session or none, nothing is received that was not sent, or twice, and once the network is quiet the handshake ends
 * well.
 *
 * <p>A failure names its seed; run again with {@code -Dsecuresession.seed=...}.
 */
class RandomOperationsTest {
    private static final int RUNS = 60;
    private static final int OPERATIONS = 60;

    @Test
    void noSequenceOfOperationsBreaksAnything() {
        String given = System.getProperty("securesession.seed");
        long first = given == null ? new SecureRandom().nextLong() : Long.parseLong(given);
        int runs = given == null ? RUNS : 1;
        int early = 0;
        for (long seed = first; seed != first + runs; seed++) {
            try {
                Run run = new Run(new Random(seed));
                run.go();
                early += run.establishedEarly ? 1 : 0;
            } catch (Exception | AssertionError e) {
                throw new AssertionError("failed; run again with -Dsecuresession.seed=" + seed, e);
            }
        }
        if (given == null) {
            assertThat(early)
                    .as("runs in which the hostile network let a session through, from seed %d", first)
                    .isPositive();
        }
    }

    /** One sequence of operations. */
    private static final class Run {
        private final Random random;
        private final Side client;
        private final Side server;
        private boolean establishedEarly;

        Run(Random random) throws Exception {
            this.random = random;
            Pair plain = Pair.create();
            Pair pair = random.nextBoolean() ? plain.askingForKeys() : plain;
            this.client = new Side(
                    random, pair.client(), pair.server(), Handshake.clientAcceptingAnyKnownPeer(pair.client()));
            this.server = new Side(random, pair.server(), pair.client(), Handshake.server(pair.server()));
            // What the two have said in another handshake. Not its first message: a server would rightly answer it.
            try (Pair.Exchange other = plain.begin();
                    Pair.Sessions sessions = other.finish()) {
                client.said.add(other.message3());
                client.said.add(sessions.client().wrap(new byte[8]));
                server.said.add(other.message2());
                server.said.add(other.message4());
                server.said.add(sessions.server().wrap(new byte[8]));
            }
        }

        void go() throws Exception {
            for (int i = 0; i < OPERATIONS; i++) {
                boolean atClient = random.nextBoolean();
                operate(atClient ? client : server, atClient ? server : client);
                requireOneSession();
            }
            establishedEarly = client.session != null && server.session != null;
            if (!client.closed && !server.closed) {
                beQuiet();
            }
        }

        private void operate(Side side, Side peer) throws Exception {
            switch (random.nextInt(10)) {
                case 0 -> side.start();
                case 1, 2 -> side.hear(last(peer.said));
                case 3 -> side.hear(any(peer.said));
                case 4 -> side.hear(any(side.said));
                case 5 -> side.hear(damaged(any(peer.said)));
                case 6 -> side.hear(last(peer.said));
                case 7 -> side.answerForKey();
                case 8 -> side.saveAndRestore();
                default -> {
                    side.speak();
                    if (random.nextInt(50) == 0) {
                        side.close();
                    }
                }
            }
        }

        /** Delivers everything that was ever said, in order, until both have their session. */
        private void beQuiet() throws Exception {
            client.start();
            for (int round = 0; round < 4; round++) {
                deliver(client, server);
                deliver(server, client);
            }
            assertThat(client.session).as("session of the client").isNotNull();
            assertThat(server.session).as("session of the server").isNotNull();
            requireOneSession();
            assertThat(server.session.unwrap(client.session.wrap(new byte[] {1})))
                    .containsExactly(1);
            assertThat(client.session.unwrap(server.session.wrap(new byte[] {2})))
                    .containsExactly(2);
        }

        private static void deliver(Side from, Side to) throws Exception {
            to.answerRightly();
            for (byte[] message : List.copyOf(from.said)) {
                to.hear(message);
                to.answerRightly();
            }
        }

        private void requireOneSession() {
            if (client.session != null && server.session != null) {
                assertThat(client.session.transcriptHash()).isEqualTo(server.session.transcriptHash());
            }
            assertThat(server.spoken).containsAll(client.heard);
            assertThat(client.spoken).containsAll(server.heard);
        }

        private byte[] damaged(byte[] message) {
            if (message.length == 0) {
                return message;
            }
            List<Mutation> mutations = Mutations.of(message);
            byte[] damaged = mutations.get(random.nextInt(mutations.size())).bytes();
            return random.nextBoolean() ? Mutations.repaired(damaged) : damaged;
        }

        private byte[] any(List<byte[]> messages) {
            return messages.isEmpty() ? new byte[0] : messages.get(random.nextInt(messages.size()));
        }

        private static byte[] last(List<byte[]> messages) {
            return messages.isEmpty() ? new byte[0] : messages.get(messages.size() - 1);
        }
    }

    /** One end: first a handshake, then a session, which only documented exceptions may come out of. */
    private static final class Side {
        private final Random random;
        private final SessionConfig config;
        private final SessionConfig peer;
        private final StateKey key = StateKey.of(new byte[StateKey.LENGTH]);
        private final List<byte[]> said = new ArrayList<>();
        private final Set<Long> spoken = new HashSet<>();
        private final Set<Long> heard = new HashSet<>();
        private Handshake handshake;
        private SecureSession session;
        private boolean started;
        private boolean closed;

        Side(Random random, SessionConfig config, SessionConfig peer, Handshake handshake) {
            this.random = random;
            this.config = config;
            this.peer = peer;
            this.handshake = handshake;
        }

        void start() {
            try {
                said.add(handshake.start());
                started = true;
            } catch (IllegalStateException notNow) {
                assertThat(handshake.role() == Role.SERVER || started || closed).isTrue();
            }
        }

        void hear(byte[] message) {
            if (session != null) {
                unwrap(message);
                return;
            }
            boolean ready = handshake.awaitedPeer().isEmpty() && (handshake.role() == Role.SERVER || started);
            try {
                take(handshake.receive(message));
            } catch (HandshakeException refused) {
                // Any refusal is right: the message may be damaged, repeated or late.
            } catch (IllegalStateException notNow) {
                assertThat(closed || !ready).isTrue();
            }
        }

        /** Answers the question for a key, rightly or wrongly. */
        void answerForKey() {
            if (session != null || handshake.awaitedPeer().isEmpty()) {
                return;
            }
            switch (random.nextInt(4)) {
                case 0 -> handshake.refusePeer(handshake.awaitedPeer().get());
                case 1 -> resolve(config.identity().publicKey());
                default -> answerRightly();
            }
        }

        void answerRightly() {
            if (session != null || handshake.awaitedPeer().isEmpty()) {
                return;
            }
            if (handshake.awaitedPeer().get().equals(peer.identity().id())) {
                resolve(peer.identity().publicKey());
            } else {
                handshake.refusePeer(handshake.awaitedPeer().get());
            }
        }

        private void resolve(IdentityPublicKey answer) {
            try {
                take(handshake.resolve(handshake.awaitedPeer().get(), answer));
            } catch (HandshakeException refused) {
                assertThat(handshake.awaitedPeer()).isEmpty();
            }
        }

        private void take(HandshakeStep step) {
            step.message().ifPresent(said::add);
            if (step instanceof HandshakeStep.Established done) {
                session = done.session();
                assertThat(session.peer()).isEqualTo(peer.identity().id());
            }
        }

        private void unwrap(byte[] message) {
            try {
                long number = ByteBuffer.wrap(session.unwrap(message)).getLong();
                assertThat(heard.add(number))
                        .as("payload %d comes once", number)
                        .isTrue();
            } catch (MessageRejectedException refused) {
                // Any refusal is right: the message may be damaged, repeated or late.
            } catch (IllegalStateException notNow) {
                assertThat(closed).isTrue();
            }
        }

        /** Says something, if that is possible by now. */
        void speak() {
            long number = spoken.size();
            byte[] payload = ByteBuffer.allocate(8).putLong(number).array();
            try {
                if (session != null) {
                    said.add(session.wrap(payload));
                    spoken.add(number);
                } else if (handshake.earlyData().isPresent()) {
                    said.add(handshake.earlyData().get().wrap(payload));
                    spoken.add(number);
                }
            } catch (IllegalStateException notNow) {
                assertThat(closed).isTrue();
            }
        }

        void saveAndRestore() throws StateRejectedException {
            try {
                if (session != null) {
                    session = SecureSession.restoreAcceptingAnyKnownPeer(
                            session.saveCopy(key, Settings.BINDING), key, Settings.BINDING, config);
                } else {
                    handshake =
                            Handshake.restore(handshake.saveCopy(key, Settings.BINDING), key, Settings.BINDING, config);
                }
            } catch (IllegalStateException notNow) {
                assertThat(closed).isTrue();
            }
        }

        void close() {
            closed = true;
            handshake.close();
            if (session != null) {
                session.close();
            }
        }
    }
}
