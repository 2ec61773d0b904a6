package dev.securesession.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.securesession.CryptoProviders;
import dev.securesession.LocalIdentity;
import dev.securesession.testsupport.FickleService;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Connections open, stall and die at random: none of them leaves memory or descriptors behind, and the counters add up. An hour
 * with {@code -Dsecuresession.tunnel.soak.seconds=3600}.
 */
class SoakTest {
    private static final int SECONDS = Integer.getInteger("securesession.tunnel.soak.seconds", 9);
    private static final int CLIENTS = 20;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Count atServer = new Count();
    private final Count atProxy = new Count();
    private final AtomicLong clientsComplete = new AtomicLong();
    private final AtomicLong clientBytes = new AtomicLong();
    private ServerSocket service;

    @BeforeEach
    void serve() throws IOException {
        service = new ServerSocket(0, 500, InetAddress.getLoopbackAddress());
        threads.submit(() -> {
            while (true) {
                Socket accepted = service.accept();
                threads.submit(() -> {
                    FickleService.answer(accepted);
                    return null;
                });
            }
        });
    }

    @AfterEach
    void end() throws IOException {
        service.close();
        threads.shutdownNow();
    }

    @Test
    void leavesNothingBehind() throws Exception {
        long seed = Long.getLong("securesession.seed", System.nanoTime());
        System.out.println("SoakTest: -Dsecuresession.seed=" + seed);
        try (TunnelServer server = TunnelServer.start(
                        TunnelAddress.parse("127.0.0.1:0"),
                        LocalIdentity.of(TestTunnel.SERVER, TestTunnel.SERVER_KEYS.privateKey()),
                        CryptoProviders.platform(),
                        TestTunnel.ONLY_THE_CLIENT,
                        Map.of("", TestTunnel.address(service.getLocalSocketAddress())),
                        TunnelOptions.defaults().withListener(atServer));
                TunnelProxy proxy = TunnelProxy.start(
                        TunnelAddress.parse("127.0.0.1:0"),
                        TestTunnel.address(server.address()),
                        TestTunnel.clientConfig(),
                        TestTunnel.SERVER,
                        "",
                        // Sessions come and go as well.
                        TunnelOptions.defaults()
                                .withSessionReuse(Duration.ofSeconds(2))
                                .withListener(atProxy))) {
            // The first part fills pools and caches; the second must not need more.
            Usage first = load(server, proxy, seed, SECONDS / 3);
            Usage last = load(server, proxy, seed + CLIENTS, SECONDS - SECONDS / 3);

            System.out.println("SoakTest: " + atProxy.opened + " connections, " + clientsComplete
                    + " of them complete; first " + first + ", last " + last);
            assertThat(last.descriptors).isLessThanOrEqualTo(first.descriptors + 2);
            assertThat(last.heap).isLessThan(first.heap + 8_000_000);
            assertThat(last.direct).isLessThan(first.direct + 32_000_000);
            assertThat(atProxy.complete.get()).isEqualTo(clientsComplete.get()).isPositive();
            assertThat(atServer.complete.get()).isEqualTo(clientsComplete.get());
            assertThat(atProxy.completeBytes.get()).isEqualTo(clientBytes.get());
            assertThat(atProxy.completeBytesBack.get()).isEqualTo(clientBytes.get());
            assertThat(atServer.completeBytes.get()).isEqualTo(clientBytes.get());
            assertThat(atServer.completeBytesBack.get()).isEqualTo(clientBytes.get());
            assertThat(atProxy.opened.get()).isGreaterThan(clientsComplete.get());
            assertThat(server.counters().established()).isGreaterThanOrEqualTo(atServer.firstOfSession.get());
            assertThat(atServer.firstOfSession.get()).isLessThan(atServer.opened.get());
        }
    }

    /** Lets clients come and go for some time, and measures when all of them are gone. */
    private Usage load(TunnelServer server, TunnelProxy proxy, long seed, int seconds) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        List<Future<?>> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            Random random = new Random(seed + i);
            clients.add(threads.submit(() -> {
                while (System.nanoTime() < deadline) {
                    connectOnce(proxy.address(), random);
                }
                return null;
            }));
        }
        for (Future<?> client : clients) {
            client.get();
        }
        long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!server.connections().isEmpty()
                || !proxy.connections().isEmpty()
                || server.counters().halfOpen() + server.counters().open() > 0
                || atServer.opened.get() != atServer.closed.get()
                || atProxy.opened.get() != atProxy.closed.get()) {
            assertThat(System.nanoTime())
                    .as("%s and %s still open", server.connections(), proxy.connections())
                    .isLessThan(patience);
            Thread.onSpinWait();
        }
        return Usage.now();
    }

    private void connectOnce(SocketAddress proxy, Random random) throws IOException {
        byte[] sent = new byte[2 + random.nextInt(50_000)];
        random.nextBytes(sent);
        int what = random.nextInt(10);
        sent[0] = (byte) (what == 9 ? FickleService.DIE : FickleService.ECHO);
        try (Socket client = TestTunnel.connect(proxy)) {
            if (what == 8) {
                // Dies before the handshake is over.
                client.setSoLinger(true, 0);
                return;
            }
            client.getOutputStream().write(sent, 0, sent.length / 2);
            if (what == 7) {
                // Dies in the middle.
                client.getInputStream().readNBytes(sent.length / 4);
                client.setSoLinger(true, 0);
                return;
            }
            byte[] echoed = new byte[sent.length];
            if (what == 6) {
                // Reads nothing, and sends nothing.
                client.getInputStream().readNBytes(echoed, 0, sent.length / 2);
                FickleService.stall(client, random.nextInt(300) + 1);
            } else if (what == 9) {
                client.getInputStream().readAllBytes();
                throw new AssertionError("a clean end of a connection that the service has reset");
            } else {
                client.getInputStream().readNBytes(echoed, 0, sent.length / 2);
            }
            client.getOutputStream().write(sent, sent.length / 2, sent.length - sent.length / 2);
            client.shutdownOutput();
            client.getInputStream().readNBytes(echoed, sent.length / 2, sent.length - sent.length / 2);
            assertThat(echoed).isEqualTo(sent);
            assertThat(client.getInputStream().read()).isNegative();
            clientBytes.addAndGet(sent.length);
            clientsComplete.incrementAndGet();
        } catch (SocketException e) {
            if (what != 9) {
                throw e;
            }
        }
    }

    /** Counts what a listener is told. */
    private static final class Count implements TunnelListener {
        final AtomicLong opened = new AtomicLong();
        final AtomicLong firstOfSession = new AtomicLong();
        final AtomicLong closed = new AtomicLong();
        final AtomicLong complete = new AtomicLong();
        final AtomicLong completeBytes = new AtomicLong();
        final AtomicLong completeBytesBack = new AtomicLong();

        @Override
        public void opened(TunnelConnection connection) {
            opened.incrementAndGet();
            if (connection.number() == 1) {
                firstOfSession.incrementAndGet();
            }
        }

        @Override
        public void closed(TunnelConnection connection, TunnelEnd end) {
            if (end.complete()) {
                completeBytes.addAndGet(connection.bytesToTarget());
                completeBytesBack.addAndGet(connection.bytesFromTarget());
                complete.incrementAndGet();
            }
            closed.incrementAndGet();
        }
    }

    /** What the process holds; heap and direct memory in bytes. */
    private record Usage(long descriptors, long heap, long direct) {
        static Usage now() {
            System.gc();
            Runtime runtime = Runtime.getRuntime();
            long descriptors = ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
                    ? system.getOpenFileDescriptorCount()
                    : 0;
            return new Usage(
                    descriptors, runtime.totalMemory() - runtime.freeMemory(), PlatformDependent.usedDirectMemory());
        }
    }
}
