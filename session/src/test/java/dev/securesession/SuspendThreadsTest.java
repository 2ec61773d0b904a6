package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.rules.Rule;
import dev.securesession.testkit.Pair;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Sessions and handshakes that are handed over while other threads use them. */
class SuspendThreadsTest {
    private static final int ROUNDS = 50;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final StateKey key = StateKey.of(new byte[StateKey.LENGTH]);
    private final StateBinding binding = StateBinding.of("session 1", 1);
    private final Pair pair = Pair.create();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    /** Every number that the first object used is in the state: the second one continues after it. */
    @Test
    @Rule(value = "S-6", kind = ACCEPTS)
    void usesNoNumberTwiceWhenItIsSuspendedWhileOthersWrap() throws Exception {
        Pair.Sessions sessions = pair.establish();
        SecureSession client = sessions.client();
        long next = 0;
        for (int round = 0; round < ROUNDS; round++) {
            SecureSession current = client;
            Future<Long> wrapped = lastNumberUntilClosed(() -> current.wrapNumbered(new byte[] {1}));

            byte[] state = current.suspend(key, binding);

            long last = wrapped.get();
            client = SecureSession.restore(state, key, binding, pair.client(), Pair.SERVER_ID);
            long first = client.wrapNumbered(new byte[] {2}).number();
            assertThat(first).isEqualTo(last + 1).isGreaterThan(next);
            next = first;
        }
    }

    /** Every message that the first object accepted is in the state: the second one refuses it. */
    @Test
    @Rule(value = "S-6", kind = REFUSES)
    void acceptsNoMessageTwiceWhenItIsSuspendedWhileOthersUnwrap() throws Exception {
        Pair.Sessions sessions = pair.establish();
        SecureSession client = sessions.client();
        for (int round = 0; round < ROUNDS; round++) {
            SecureSession current = client;
            CountDownLatch started = new CountDownLatch(1);
            Future<List<byte[]>> unwrapped = threads.submit(() -> {
                List<byte[]> accepted = new ArrayList<>();
                while (true) {
                    byte[] message = sessions.server().wrap(new byte[] {1});
                    try {
                        current.unwrap(message);
                    } catch (IllegalStateException closed) {
                        return accepted;
                    }
                    accepted.add(message);
                    started.countDown();
                }
            });
            started.await();

            byte[] state = current.suspend(key, binding);

            SecureSession restored = SecureSession.restore(state, key, binding, pair.client(), Pair.SERVER_ID);
            List<byte[]> accepted = unwrapped.get();
            for (byte[] message : accepted.subList(Math.max(0, accepted.size() - 1000), accepted.size())) {
                assertThatExceptionOfType(MessageRejectedException.class).isThrownBy(() -> restored.unwrap(message));
            }
            client = restored;
        }
    }

    @Test
    @Rule(value = "S-6", kind = ACCEPTS)
    void usesNoNumberTwiceWhenAHandshakeIsSuspendedWhileOthersSendEarlyData() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            try (Pair.Exchange handshake = pair.begin()) {
                handshake.message3();
                EarlyData early = handshake.client().earlyData().orElseThrow();
                Future<Long> wrapped = lastNumberUntilClosed(() -> early.wrapNumbered(new byte[] {1}));

                byte[] state = handshake.client().suspend(key, binding);

                Handshake restored = Handshake.restore(state, key, binding, pair.client());
                assertThat(restored.earlyData()
                                .orElseThrow()
                                .wrapNumbered(new byte[] {2})
                                .number())
                        .isEqualTo(wrapped.get() + 1);
                restored.close();
            }
        }
    }

    @Test
    @Rule(value = "S-6", kind = REFUSES)
    void staysAliveWhenItCannotBeSaved() throws Exception {
        StateKey destroyed = StateKey.of(new byte[StateKey.LENGTH]);
        destroyed.destroy();
        List<SecureSession> closed = new ArrayList<>();
        Pair listening = pair.withClient(config -> config.withListener(new SessionListener() {
            @Override
            public void closed(SecureSession session) {
                closed.add(session);
            }
        }));
        try (Pair.Sessions sessions = listening.establish()) {
            assertThatThrownBy(() -> sessions.client().suspend(destroyed, binding))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("destroyed");
            assertThatThrownBy(() -> sessions.client().suspendUnsealedTssc())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("withTsscExport");

            assertThat(sessions.client().isClosed()).isFalse();
            assertThat(closed).isEmpty();
            assertThat(sessions.toServer(new byte[] {1})).containsExactly(1);
            assertThat(sessions.toClient(new byte[] {2})).containsExactly(2);

            byte[] state = sessions.client().suspend(key, binding);
            assertThat(closed).containsExactly(sessions.client());
            SecureSession restored = SecureSession.restore(state, key, binding, listening.client(), Pair.SERVER_ID);
            assertThat(sessions.server().unwrap(restored.wrap(new byte[] {3}))).containsExactly(3);
        }
    }

    @Test
    @Rule(value = "S-6", kind = ACCEPTS)
    void handsOverInTheFormOfTheReferenceInOneStep() throws Exception {
        Pair exporting = pair.with(SessionConfig::withTsscExport);
        try (Pair.Sessions sessions = exporting.establish()) {
            byte[] copy = sessions.client().saveUnsealedTsscCopy();
            assertThat(sessions.client().isClosed()).isFalse();
            byte[] state = sessions.client().suspendUnsealedTssc();

            assertThat(state).isEqualTo(copy).hasSize(60);
            assertThat(sessions.client().isClosed()).isTrue();
            assertThatThrownBy(() -> sessions.client().wrap(new byte[] {1})).isInstanceOf(IllegalStateException.class);
            SecureSession restored = SecureSession.restoreUnsealedTssc(state, exporting.client());
            assertThat(sessions.server().unwrap(restored.wrap(new byte[] {3}))).containsExactly(3);
        }
    }

    /** Wraps in another thread until it is told that the session is closed; returns when the first message is made. */
    private Future<Long> lastNumberUntilClosed(Supplier<NumberedMessage> wrap) throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        Future<Long> last = threads.submit(() -> {
            long number = -1;
            while (true) {
                try {
                    number = wrap.get().number();
                } catch (IllegalStateException closed) {
                    return number;
                }
                started.countDown();
            }
        });
        started.await();
        return last;
    }
}
