package dev.securesession.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** The operator of a server learns why clients get no answers. */
class RefusalsTest extends ServedPeers {
    private static final PeerId MALLORY = PeerId.ofUtf8("mallory\r\n\u001b[2Jtrust me");

    RefusalsTest() {
        super(HttpClientOptions.defaults());
    }

    /** All servers share a limit on lines, so the first refusals may have none. */
    @Test
    void areLoggedByDefault() throws Exception {
        serve(HttpServerOptions.defaults(), (peer, request) -> request);
        try (LogRecords log = new LogRecords()) {
            for (long start = System.nanoTime(); log.linesAbout(MALLORY).isEmpty(); ) {
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
                assertThat(refusedHandshake()).isEqualTo(Status.REFUSED);
            }

            assertThat(log.linesAbout(MALLORY).get(0))
                    .startsWith("no answer to 127.0.0.1:")
                    .matches("\\P{Cntrl}*");
        }
    }

    @Test
    void areObservedByAHandlerThatWantsThem() throws Exception {
        Observer observer = new Observer();
        serve(HttpServerOptions.defaults().withSessionLimit(1), observer);
        try (LogRecords log = new LogRecords();
                HttpSessionClient client = client("known")) {
            assertThat(refusedHandshake()).isEqualTo(Status.REFUSED);
            assertThat(observer.next())
                    .isInstanceOfSatisfying(
                            HandshakeException.class,
                            refusal -> assertThat(refusal.claimedPeer()).contains(MALLORY));

            assertThat(post(HttpRequest.newBuilder().header(Token.HEADER, "x".repeat(32)), new byte[1])
                            .statusCode())
                    .isEqualTo(Status.UNKNOWN_TOKEN);
            assertThat(observer.next()).hasMessageStartingWith("status 401 (");

            client.send(new byte[1]);
            assertThatThrownBy(() -> send("one too many", new byte[1])).hasMessageContaining("status 503");
            assertThat(observer.next()).hasMessage("the server has 1 sessions, its limit");

            assertThat(observer.causes).isEmpty();
            assertThat(observer.addresses)
                    .hasSize(3)
                    .allSatisfy(address -> assertThat(
                                    ((InetSocketAddress) address).getAddress().isLoopbackAddress())
                            .isTrue());
            assertThat(log.linesAbout(MALLORY)).isEmpty();
        }
    }

    @Test
    void anObserverThatFailsDoesNotHoldUpTheResponse() throws Exception {
        serve(HttpServerOptions.defaults(), new Observer() {
            @Override
            public void refused(SocketAddress address, Exception cause) {
                super.refused(address, cause);
                throw new IllegalStateException("for a test of observers");
            }
        });

        assertThat(refusedHandshake()).isEqualTo(Status.REFUSED);
        assertThat(send("known", new byte[3])).hasSize(3);
    }

    /** Begins a handshake with a key that the server does not expect. */
    private int refusedHandshake() throws Exception {
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(MALLORY, IdentityKeyPair.generate().privateKey()),
                PeerDirectory.of(SERVER, IdentityKeyPair.generate().publicKey()));
        try (Handshake handshake = Handshake.client(config, SERVER)) {
            return post(HttpRequest.newBuilder(), handshake.start()).statusCode();
        }
    }

    /** Echoes, and notes refusals. */
    private static class Observer implements RequestHandler {
        final List<SocketAddress> addresses = new CopyOnWriteArrayList<>();
        final BlockingQueue<Exception> causes = new LinkedBlockingQueue<>();

        @Override
        public byte[] answer(PeerId peer, byte[] request) {
            return request;
        }

        @Override
        public void refused(SocketAddress address, Exception cause) {
            addresses.add(address);
            causes.add(cause);
        }

        Exception next() throws InterruptedException {
            return causes.poll(30, TimeUnit.SECONDS);
        }
    }

    /** Keeps what servers log meanwhile, instead of printing it. */
    private static final class LogRecords extends Handler implements AutoCloseable {
        private final Logger logger = Logger.getLogger("dev.securesession.http");
        private final List<String> lines = new CopyOnWriteArrayList<>();

        LogRecords() {
            logger.addHandler(this);
            logger.setUseParentHandlers(false);
        }

        List<String> linesAbout(PeerId peer) {
            return lines.stream().filter(line -> line.contains(peer.toString())).toList();
        }

        @Override
        public void publish(LogRecord entry) {
            lines.add(entry.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {
            logger.removeHandler(this);
            logger.setUseParentHandlers(true);
        }
    }
}
