package dev.securesession.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.tunnel.TestTunnel.Told;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A resolver of names that does not answer, and the connections that need no answer of it. */
@Timeout(120)
class SlowNamesTest {
    /** So many connections that each event loop has some. */
    private static final int ON_EACH_LOOP = 2 * Runtime.getRuntime().availableProcessors();

    private final CountDownLatch answer = new CountDownLatch(1);
    private final BlockingQueue<String> asked = new LinkedBlockingQueue<>();
    private final List<Socket> sockets = new ArrayList<>();
    private volatile String slowName = "slow.test";
    private ServerSocket target;

    @BeforeEach
    void listen() throws IOException {
        target = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        target.setSoTimeout(20_000);
    }

    @AfterEach
    void end() throws IOException {
        answer.countDown();
        target.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    @Test
    void slowNameOfTargetHoldsUpNoOtherTarget() throws Exception {
        try (TestTunnel tunnel = TestTunnel.to(targets(), "slow", options());
                TunnelProxy fast = proxy(tunnel, "fast");
                Socket waiting = tunnel.connect()) {
            assertThat(Told.next(asked)).isEqualTo("slow.test");
            for (int i = 0; i < ON_EACH_LOOP; i++) {
                open(fast).exchange();
            }

            answer.countDown();
            new Pair(waiting, accept()).exchange();
        }
    }

    @Test
    void slowNameOfServerHoldsUpNoOpenConnection() throws Exception {
        try (TestTunnel tunnel = TestTunnel.to(targets(), "fast", options());
                TunnelProxy proxy = tunnel.startProxy(
                        TunnelAddress.parse("server.test:"
                                + TestTunnel.address(tunnel.server.address()).port()),
                        TestTunnel.clientConfig(),
                        "fast",
                        options())) {
            List<Pair> open = new ArrayList<>();
            for (int i = 0; i < ON_EACH_LOOP; i++) {
                open.add(open(proxy));
            }
            asked.clear();
            slowName = "server.test";
            Socket waiting = keep(TestTunnel.connect(proxy.address()));
            assertThat(Told.next(asked)).isEqualTo("server.test");
            for (Pair pair : open) {
                pair.exchange();
            }

            answer.countDown();
            new Pair(waiting, accept()).exchange();
        }
    }

    @Test
    void connectionsThatNeedOneNameShareItsLookup() throws Exception {
        int count = 10 * ON_EACH_LOOP;
        try (TestTunnel tunnel = TestTunnel.to(targets(), "slow", options())) {
            for (int i = 0; i < count; i++) {
                keep(tunnel.connect());
            }
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (tunnel.server.connecting() < count) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                LockSupport.parkNanos(1_000_000);
            }
            answer.countDown();
            for (int i = 0; i < count; i++) {
                accept();
            }
        }
        // Each event loop may have counted a connection before it asked for its name.
        assertThat(asked).hasSizeLessThanOrEqualTo(1 + Runtime.getRuntime().availableProcessors());
    }

    @Test
    void nameWithoutAnswerIsUnreachable() throws Exception {
        try (TestTunnel tunnel =
                        TestTunnel.to(targets(), "slow", options().withConnectTimeout(Duration.ofMillis(200)));
                TunnelProxy patient = proxy(tunnel, "slow");
                Socket client = TestTunnel.connect(patient.address())) {
            assertThat(Told.next(tunnel.serverTold.refused))
                    .hasMessageContaining("slow.test:")
                    .hasMessageEndingWith(
                            "cannot be reached for \"client\": no answer for the name slow.test within 200 ms");
            assertThatExceptionOfType(SocketException.class)
                    .isThrownBy(() -> client.getInputStream().read());
        }
    }

    @Test
    void unknownNameIsUnreachable() throws Exception {
        try (TestTunnel tunnel = TestTunnel.to(
                        Map.of("", TunnelAddress.parse("none.test:1")),
                        "",
                        TunnelOptions.defaults().withResolver(host -> {
                            throw new UnknownHostException(host);
                        }));
                Socket client = tunnel.connect()) {
            assertThat(Told.next(tunnel.serverTold.refused)).hasMessageContaining("no such host: none.test");
            assertThatExceptionOfType(SocketException.class)
                    .isThrownBy(() -> client.getInputStream().read());
        }
    }

    /** A resolver may fail in ways of its own; the connection ends, and later ones ask again. */
    @ParameterizedTest
    @ValueSource(classes = {IllegalStateException.class, StackOverflowError.class})
    void resolverThatFailsIsAskedAgain(Class<? extends Throwable> failure) throws Exception {
        TunnelOptions options = TunnelOptions.defaults().withResolver(host -> {
            asked.add(host);
            if (failure == StackOverflowError.class) {
                throw new StackOverflowError("broken");
            }
            throw new IllegalStateException("broken");
        });
        try (TestTunnel tunnel = TestTunnel.to(Map.of("", TunnelAddress.parse("none.test:1")), "", options)) {
            for (int i = 0; i < 2; i++) {
                keep(tunnel.connect());
                assertThat(Told.next(tunnel.serverTold.refused)).hasMessageContaining("broken");
            }
        }
        assertThat(asked).hasSize(2);
    }

    @Test
    void peerCanBeClosedDuringLookup() throws Exception {
        try (TestTunnel tunnel = TestTunnel.to(targets(), "slow", options());
                TunnelProxy fast = proxy(tunnel, "fast")) {
            keep(tunnel.connect());
            assertThat(Told.next(asked)).isEqualTo("slow.test");
            tunnel.server.closePeer(TestTunnel.CLIENT);
            assertThat(Told.next(tunnel.serverTold.refused)).hasMessageContaining("were closed");
            assertThat(tunnel.server.connecting()).isZero();

            answer.countDown();
            open(fast).exchange();
        }
    }

    @Test
    void numbersAndFilesNeedNoLookup() {
        assertThat(TunnelAddress.parse("127.0.0.1:80").withoutLookup()).isNotNull();
        assertThat(TunnelAddress.parse("[2001:db8::1]:80").withoutLookup()).isNotNull();
        assertThat(TunnelAddress.parse("unix:/run/x").withoutLookup()).isNotNull();
        assertThat(TunnelAddress.parse("localhost:80").withoutLookup()).isNull();
        assertThat(TunnelAddress.parse("1.2.3:80").withoutLookup()).isNull();
    }

    private Map<String, TunnelAddress> targets() {
        return Map.of(
                "slow", TunnelAddress.parse("slow.test:" + target.getLocalPort()),
                "fast", TunnelAddress.parse("fast.test:" + target.getLocalPort()));
    }

    private TunnelOptions options() {
        return TunnelOptions.defaults()
                .withConnectTimeout(Duration.ofSeconds(60))
                .withResolver(host -> {
                    asked.add(host);
                    if (host.equals(slowName)) {
                        try {
                            answer.await();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                            throw new UnknownHostException(host);
                        }
                    }
                    return InetAddress.getLoopbackAddress();
                });
    }

    private static TunnelProxy proxy(TestTunnel tunnel, String target) throws IOException {
        return tunnel.startProxy(
                TestTunnel.address(tunnel.server.address()),
                TestTunnel.clientConfig(),
                target,
                TunnelOptions.defaults());
    }

    private Pair open(TunnelProxy proxy) throws IOException {
        return new Pair(keep(TestTunnel.connect(proxy.address())), accept());
    }

    private Socket accept() throws IOException {
        return keep(target.accept());
    }

    private Socket keep(Socket socket) {
        sockets.add(socket);
        return socket;
    }

    /** The two ends of a connection through the tunnel. */
    private static final class Pair {
        private final Socket client;
        private final Socket service;

        Pair(Socket client, Socket service) {
            this.client = client;
            this.service = service;
        }

        void exchange() throws IOException {
            service.setSoTimeout(20_000);
            client.getOutputStream().write(5);
            assertThat(service.getInputStream().read()).isEqualTo(5);
            service.getOutputStream().write(7);
            assertThat(client.getInputStream().read()).isEqualTo(7);
        }
    }
}
