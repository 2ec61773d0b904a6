package dev.securesession.cli.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.cli.Cli;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kill, restart, reload and revocation while connections are busy: none is cut off with a clean end, and the log of each end that
 * is left says of every connection why it has ended.
 */
@Timeout(600)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "signals of Unix")
class FailuresUnderLoadTest {
    private static final int CLIENTS = 20;

    @TempDir
    Path directory;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final BlockingQueue<Ending> atService = new LinkedBlockingQueue<>();
    private ServerSocket service;
    private TunnelPair pair;

    @BeforeEach
    void start() throws IOException {
        pair = new TunnelPair(directory);
        service = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        threads.execute(this::acceptAll);
    }

    private void acceptAll() {
        try {
            while (true) {
                Socket accepted = service.accept();
                threads.execute(() -> atService.add(echo(accepted)));
            }
        } catch (IOException closed) {
            return; // The test is over.
        }
    }

    @AfterEach
    void end() throws IOException {
        pair.close();
        service.close();
        threads.shutdownNow();
    }

    @Test
    void killedServerIsAResetAndTheProxyGoesOnWhenItIsBack() throws Exception {
        TunnelProcess serve = pair.serve(0, service.getLocalPort());
        int port = serve.port();
        TunnelProcess proxy = pair.proxy("web", port);
        Load load = new Load(proxy.port());

        serve.signal("KILL");
        load.assertAll(Ending.RESET);
        assertAtService(Ending.RESET);
        proxy.awaitIdle();
        assertThat(closed(proxy)).hasSize(CLIENTS).allMatch(line -> line.matches(INCOMPLETE + REASON));

        pair.serve(port, service.getLocalPort()).port();
        Load again = new Load(proxy.port());
        again.finish();
        again.assertAll(Ending.CLEAN);
        assertAtService(Ending.CLEAN);
    }

    @Test
    void killedProxyIsAReset() throws Exception {
        TunnelProcess serve = pair.serve(0, service.getLocalPort());
        TunnelProcess proxy = pair.proxy("web", serve.port());
        Load load = new Load(proxy.port());

        proxy.signal("KILL");
        load.assertAll(Ending.RESET);
        assertAtService(Ending.RESET);
        serve.awaitIdle();
        assertThat(closed(serve)).hasSize(CLIENTS).allMatch(line -> line.matches(INCOMPLETE + REASON));
    }

    @Test
    void reloadCutsNothingOff() throws Exception {
        TunnelProcess serve = pair.serve(0, service.getLocalPort());
        TunnelProcess proxy = pair.proxy("web", serve.port());
        Load load = new Load(proxy.port());

        pair.writePeers("app", "web", "db");
        serve.awaitLine("(reloaded) \\(a file changed\\): 3 peers");
        load.awaitProgress();
        // Another key of the server is for new connections, which the proxy accepts when it has the key too.
        Cli.keygen(pair.file("new"));
        for (String suffix : List.of("", ".pub")) {
            Files.move(
                    pair.file("new" + suffix),
                    pair.file("db" + suffix),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        }
        proxy.awaitLine("(reloaded) \\(a file changed\\): the keys of both ends");
        load.awaitProgress();
        pair.writePeers("web");
        serve.awaitLine("(reloaded) \\(a file changed\\): 1 peer\\b");
        load.awaitProgress();
        Load late = new Load(proxy.port());

        load.finish();
        late.finish();
        load.assertAll(Ending.CLEAN);
        late.assertAll(Ending.CLEAN);
        assertAtService(Ending.CLEAN);
        assertAtService(Ending.CLEAN);
        for (TunnelProcess end : List.of(serve, proxy)) {
            end.awaitIdle();
            assertThat(closed(end)).hasSize(2 * CLIENTS).allMatch(line -> line.contains("\"complete\":true"));
        }
    }

    @Test
    void revokedPeerIsCutOffAndOthersGoOn() throws Exception {
        TunnelProcess serve = pair.serve(0, service.getLocalPort());
        TunnelProcess web = pair.proxy("web", serve.port());
        TunnelProcess app = pair.proxy("app", serve.port());
        Load revoked = new Load(web.port());
        Load other = new Load(app.port());

        pair.writePeers("app");
        revoked.assertAll(Ending.RESET);
        assertAtService(Ending.RESET);
        other.awaitProgress();
        other.finish();
        other.assertAll(Ending.CLEAN);
        assertAtService(Ending.CLEAN);

        for (TunnelProcess end : List.of(serve, web, app)) {
            end.awaitIdle();
        }
        String why = "\"reason\":\"%sthe peer may no longer use this connection\"}";
        assertThat(closed(serve)).hasSize(2 * CLIENTS);
        assertThat(closed(serve).stream().filter(line -> line.contains("\"peer\":\"web\"")))
                .hasSize(CLIENTS)
                .allMatch(line -> line.endsWith(why.formatted("")));
        assertThat(closed(web)).hasSize(CLIENTS).allMatch(line -> line.endsWith(why.formatted("the peer aborted: ")));
        assertThat(closed(app)).hasSize(CLIENTS).allMatch(line -> line.contains("\"complete\":true"));
    }

    @Test
    void stoppedServerSaysSoToEachConnectionThatIsLeft() throws Exception {
        TunnelProcess serve = pair.serve(0, service.getLocalPort(), "--drain", 1);
        TunnelProcess proxy = pair.proxy("web", serve.port());
        Load load = new Load(proxy.port());

        assertThat(serve.stop()).isZero();
        load.assertAll(Ending.RESET);
        assertAtService(Ending.RESET);
        proxy.awaitIdle();
        String why = "\"reason\":\"%sthe tunnel was stopped\"}";
        assertThat(closed(serve)).hasSize(CLIENTS).allMatch(line -> line.endsWith(why.formatted("")));
        assertThat(closed(proxy)).hasSize(CLIENTS).allMatch(line -> line.endsWith(why.formatted("the peer aborted: ")));
    }

    private static List<String> closed(TunnelProcess end) throws IOException {
        return end.lines().stream()
                .filter(line -> line.contains("\"event\":\"closed\""))
                .toList();
    }

    /** Asserts how connections have ended that the service has seen. */
    private void assertAtService(Ending expected) throws InterruptedException {
        for (int i = 0; i < CLIENTS; i++) {
            assertThat(atService.poll(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(expected);
        }
    }

    private static Ending echo(Socket accepted) {
        try (accepted) {
            accepted.getInputStream().transferTo(accepted.getOutputStream());
            return Ending.CLEAN;
        } catch (IOException e) {
            return Ending.RESET;
        }
    }

    /** How a connection has ended, as a program sees it. */
    private enum Ending {
        CLEAN,
        RESET
    }

    /** Clients that exchange bytes with the service without a pause, each on a connection of its own. */
    private final class Load {
        private final List<Future<Ending>> clients = new ArrayList<>();
        private final List<AtomicLong> exchanges = new ArrayList<>();
        private volatile boolean over;

        Load(int port) throws IOException {
            for (int i = 0; i < CLIENTS; i++) {
                AtomicLong count = new AtomicLong();
                Random random = new Random(i);
                exchanges.add(count);
                clients.add(threads.submit(() -> talk(port, random, count)));
                // One handshake after the other: here nothing may be too slow for a deadline.
                await(i, 1);
            }
            awaitProgress();
        }

        /** Waits until each client has exchanged something more. */
        void awaitProgress() throws IOException {
            for (int i = 0; i < CLIENTS; i++) {
                await(i, exchanges.get(i).get() + 2);
            }
        }

        private void await(int client, long count) throws IOException {
            while (exchanges.get(client).get() < count) {
                assertThat(clients.get(client)).as(pair::logs).isNotDone();
                Thread.onSpinWait();
            }
        }

        void finish() {
            over = true;
        }

        void assertAll(Ending expected) throws Exception {
            for (Future<Ending> client : clients) {
                assertThat(client.get(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(expected);
            }
        }

        private Ending talk(int port, Random random, AtomicLong count) throws IOException {
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
                client.setSoTimeout((int) TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
                InputStream in = client.getInputStream();
                while (!over) {
                    byte[] sent = new byte[1 + random.nextInt(10_000)];
                    random.nextBytes(sent);
                    client.getOutputStream().write(sent);
                    // A clean end in the middle gives fewer bytes.
                    assertThat(in.readNBytes(sent.length)).isEqualTo(sent);
                    count.incrementAndGet();
                }
                client.shutdownOutput();
                assertThat(in.read()).isNegative();
                return Ending.CLEAN;
            } catch (SocketException e) {
                return Ending.RESET;
            }
        }
    }

    private static final String INCOMPLETE = ".*\"complete\":false,";
    private static final String REASON = "\"reason\":\"[^\"]{10,}\"}";
    private static final int PATIENCE_SECONDS = 300;
}
