package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.internal.crypto.AeadKey;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.message.EstablishedSession;
import dev.securesession.internal.message.MessageOpener;
import dev.securesession.internal.message.MessageSealer;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several threads on one session. Each test is bounded by work and by a time limit; none sleeps. */
@Timeout(60)
class SessionThreadsTest {
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void stop() throws Exception {
        threads.shutdownNow();
        assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    @Rule(value = "D-7", kind = ACCEPTS)
    void wrapsAndUnwrapsInManyThreadsAtOnce() throws Exception {
        int wrappers = 4;
        int unwrappers = 3;
        int each = 1000;
        Crafted ends = Crafted.with(config -> config.withReplayWindow(65_536));
        SecureSession client = ends.client();
        SecureSession server = ends.server();
        LinkedBlockingQueue<byte[]> network = new LinkedBlockingQueue<>();
        CyclicBarrier start = new CyclicBarrier(wrappers + unwrappers);
        List<Callable<List<byte[]>>> work = new ArrayList<>();
        for (int thread = 0; thread < wrappers; thread++) {
            int number = thread;
            work.add(() -> {
                start.await();
                List<byte[]> sent = new ArrayList<>();
                for (int i = 0; i < each; i++) {
                    byte[] payload =
                            ByteBuffer.allocate(8).putInt(number).putInt(i).array();
                    byte[] message = wrapIn(i % 3, client, payload);
                    sent.add(message);
                    network.add(message);
                }
                return sent;
            });
        }
        AtomicInteger left = new AtomicInteger(wrappers * each);
        for (int thread = 0; thread < unwrappers; thread++) {
            work.add(() -> {
                start.await();
                List<byte[]> received = new ArrayList<>();
                while (left.getAndDecrement() > 0) {
                    received.add(server.unwrap(network.take()));
                }
                return received;
            });
        }
        List<Future<List<byte[]>>> results = threads.invokeAll(work);

        Set<Integer> sequences = new HashSet<>();
        Set<ByteBuffer> nonces = new HashSet<>();
        for (Future<List<byte[]>> sent : results.subList(0, wrappers)) {
            for (byte[] message : sent.get()) {
                sequences.add(ends.plaintext(message).getInt(4));
                nonces.add(ByteBuffer.wrap(Arrays.copyOfRange(message, 4, 16)));
                assertThatExceptionOfType(MessageRejectedException.class).isThrownBy(() -> server.unwrap(message));
            }
        }
        assertThat(sequences).hasSize(wrappers * each);
        assertThat(nonces).hasSize(wrappers * each);
        Set<ByteBuffer> payloads = new HashSet<>();
        for (Future<List<byte[]>> received : results.subList(wrappers, work.size())) {
            received.get()
                    .forEach(payload ->
                            assertThat(payloads.add(ByteBuffer.wrap(payload))).isTrue());
        }
        assertThat(payloads).hasSize(wrappers * each);
    }

    @Test
    @Rule(value = "D-7", kind = ACCEPTS)
    void tellsEveryThreadTheNumberOfItsOwnMessage() throws Exception {
        Crafted ends = Crafted.create();
        SecureSession client = ends.client();
        CyclicBarrier start = new CyclicBarrier(4);
        List<Callable<List<NumberedMessage>>> work = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
            work.add(() -> {
                start.await();
                List<NumberedMessage> made = new ArrayList<>();
                for (int i = 0; i < 250; i++) {
                    made.add(client.wrapNumbered(new byte[] {1}));
                }
                return made;
            });
        }
        Set<Long> numbers = new HashSet<>();
        for (Future<List<NumberedMessage>> made : threads.invokeAll(work)) {
            for (NumberedMessage message : made.get()) {
                assertThat(ends.plaintext(message.message()).getInt(4) - ends.initialSequence)
                        .isEqualTo((int) message.number());
                numbers.add(message.number());
            }
        }
        assertThat(numbers).hasSize(1000);
    }

    @Test
    @Rule(value = "D-7", kind = REFUSES)
    void acceptsAMessageInOneOfTheThreadsThatTryIt() throws Exception {
        int tryers = 4;
        Crafted ends = Crafted.create();
        SecureSession server = ends.server();
        CyclicBarrier round = new CyclicBarrier(tryers);
        List<byte[]> messages = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            messages.add(ends.message(i, (byte) i));
        }
        List<Callable<Integer>> work = new ArrayList<>();
        for (int thread = 0; thread < tryers; thread++) {
            work.add(() -> {
                int accepted = 0;
                for (byte[] message : messages) {
                    round.await();
                    try {
                        server.unwrap(message);
                        accepted++;
                    } catch (MessageRejectedException e) {
                        assertThat(e.reason()).isEqualTo(MessageRejectedException.Reason.REPLAYED);
                    }
                }
                return accepted;
            });
        }
        int accepted = 0;
        for (Future<Integer> result : threads.invokeAll(work)) {
            accepted += result.get();
        }
        assertThat(accepted).isEqualTo(300);
    }

    @Test
    @Rule(value = "M-1", kind = ACCEPTS)
    void closesWhileOthersAreAtWork() throws Exception {
        for (int round = 0; round < 10; round++) {
            Crafted ends = Crafted.create();
            SecureSession client = ends.client();
            int workers = 4;
            CyclicBarrier start = new CyclicBarrier(workers + 1);
            List<Future<List<byte[]>>> wrapped = new ArrayList<>();
            for (int thread = 0; thread < workers; thread++) {
                int way = thread % 3;
                wrapped.add(threads.submit(() -> {
                    List<byte[]> messages = new ArrayList<>();
                    start.await();
                    while (messages.size() < 1_000_000) {
                        try {
                            messages.add(wrapIn(way, client, new byte[] {1, 2, 3}));
                        } catch (IllegalStateException e) {
                            assertThat(e).hasMessageContaining("closed");
                            return messages;
                        }
                    }
                    throw new AssertionError("the session was never closed");
                }));
            }
            start.await();
            client.close();
            client.close();
            Set<Integer> sequences = new HashSet<>();
            for (Future<List<byte[]>> messages : wrapped) {
                for (byte[] message : messages.get()) {
                    // Authentic, hence made with the key and not with what is left after it was wiped.
                    ByteBuffer plaintext = ends.plaintext(message);
                    assertThat(sequences.add(plaintext.getInt(4))).isTrue();
                    assertThat(plaintext.remaining()).isEqualTo(16 + 3);
                }
            }
        }
    }

    @Test
    @Rule(value = "M-1", kind = REFUSES)
    void savesTheWholeStateOrNoneWhileItIsClosed() throws Exception {
        UnaryOperator<SessionConfig> options = config -> config.withTsscExport();
        Pair pair = Pair.create().with(options);
        StateKey key = StateKey.of(new byte[StateKey.LENGTH]);
        byte[] original;
        try (Pair.Sessions sessions = pair.establish()) {
            original = sessions.client().saveUnsealedTsscCopy();
        }
        for (int round = 0; round < 100; round++) {
            SecureSession session = SecureSession.restoreUnsealedTssc(original, pair.client());
            CyclicBarrier start = new CyclicBarrier(3);
            Future<byte[]> tssc = threads.submit(() -> {
                start.await();
                try {
                    return session.saveUnsealedTsscCopy();
                } catch (IllegalStateException e) {
                    return original;
                }
            });
            Future<byte[]> state = threads.submit(() -> {
                start.await();
                try {
                    return session.saveCopy(key, Settings.BINDING);
                } catch (IllegalStateException e) {
                    return new byte[0];
                }
            });
            start.await();
            session.close();
            assertThat(tssc.get()).isEqualTo(original);
            if (state.get().length > 0) {
                assertThat(SecureSession.restoreAssumingPeer(
                                        state.get(), key, Settings.BINDING, pair.client(), Pair.SERVER_ID)
                                .saveUnsealedTsscCopy())
                        .isEqualTo(original);
            }
        }
    }

    @Test
    @Rule(value = "M-1", kind = REFUSES)
    void usesTheWholeKeyOrNoneWhileItIsDestroyed() throws Exception {
        byte[] bytes = Crafted.random(32);
        SecureSession session = Crafted.create().client();
        byte[] identity = TestKeys.pair(1).privateKey().encodeSecret();
        for (int round = 0; round < 200; round++) {
            Sealer sealer = Sealer.withKey(bytes);
            StateKey stateKey = StateKey.of(bytes);
            IdentityPrivateKey privateKey = round % 10 == 0
                    ? IdentityPrivateKey.decode(identity)
                    : TestKeys.pair(1).privateKey();
            CyclicBarrier start = new CyclicBarrier(2);
            Future<List<byte[]>> used = threads.submit(() -> {
                start.await();
                List<byte[]> made = new ArrayList<>();
                made.add(unlessDestroyed(() -> sealer.seal(new byte[] {5})));
                made.add(unlessDestroyed(() -> session.saveCopy(stateKey, Settings.BINDING)));
                made.add(unlessDestroyed(privateKey::encodeSecret));
                return made;
            });
            start.await();
            sealer.destroy();
            stateKey.destroy();
            if (round % 10 == 0) {
                privateKey.destroy();
            }
            List<byte[]> made = used.get();
            if (made.get(0).length > 0) {
                assertThat(Sealer.withKey(bytes).unseal(made.get(0))).containsExactly(5);
            }
            if (made.get(1).length > 0) {
                SecureSession.restoreAcceptingAnyKnownPeer(
                        made.get(1),
                        StateKey.of(bytes),
                        Settings.BINDING,
                        Pair.create().client());
            }
            if (made.get(2).length > 0) {
                assertThat(made.get(2)).isEqualTo(identity);
            }
        }
    }

    private static byte[] unlessDestroyed(java.util.function.Supplier<byte[]> use) {
        try {
            return use.get();
        } catch (IllegalStateException e) {
            assertThat(e).hasMessageContaining("destroyed");
            return new byte[0];
        }
    }

    @Test
    void tellsItsListenerOnceThatItWasClosed() throws Exception {
        for (int round = 0; round < 20; round++) {
            AtomicInteger closed = new AtomicInteger();
            Crafted ends = Crafted.create();
            SecureSession client = ends.client(ends.pair.client().withListener(new SessionListener() {
                @Override
                public void closed(SecureSession session) {
                    closed.incrementAndGet();
                    throw new IllegalStateException("a listener with a bug");
                }
            }));
            CyclicBarrier start = new CyclicBarrier(3);
            List<Callable<Void>> work = new ArrayList<>();
            for (int thread = 0; thread < 3; thread++) {
                work.add(() -> {
                    start.await();
                    client.close();
                    return null;
                });
            }
            for (Future<Void> done : threads.invokeAll(work)) {
                done.get();
            }
            assertThat(closed).hasValue(1);
        }
    }

    /** What an idle session owns: a few numbers and keys, nothing that costs kilobytes or a thread. */
    @Test
    @Rule(value = "M-3", kind = ACCEPTS)
    void ownsNoCipherThreadOrLargeBuffer() {
        for (Class<?> part : new Class<?>[] {
            SecureSession.class,
            EstablishedSession.class,
            MessageSealer.class,
            MessageOpener.class,
            AeadKey.class,
            Secret.class
        }) {
            for (Field field : part.getDeclaredFields()) {
                String type = field.getType().getName();
                assertThat(type)
                        .as("%s.%s", part.getSimpleName(), field.getName())
                        .doesNotStartWith("javax.crypto")
                        .doesNotStartWith("java.security")
                        .doesNotStartWith("java.nio")
                        .doesNotStartWith("java.util.Timer")
                        .doesNotStartWith("java.lang.Thread");
            }
        }
    }

    private static byte[] wrapIn(int way, SecureSession session, byte[] payload) {
        int length = payload.length + SecureSession.OVERHEAD;
        switch (way) {
            case 0 -> {
                return session.wrap(payload);
            }
            case 1 -> {
                ByteBuffer message = ByteBuffer.allocate(length);
                session.wrap(ByteBuffer.wrap(payload), message);
                return message.array();
            }
            default -> {
                ByteBuffer message = ByteBuffer.allocateDirect(length);
                message.duplicate().position(SecureSession.PAYLOAD_OFFSET).put(payload);
                session.wrapInPlace(message);
                byte[] bytes = new byte[length];
                message.get(bytes);
                return bytes;
            }
        }
    }
}
