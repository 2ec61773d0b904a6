package dev.securesession.cli.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.testsupport.FickleService;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server and a proxy, each a process, under connections that open, stall and die at random, at the client, at the service and
 * in the network between the two: memory stays flat, no descriptor is lost, and log, metrics and programs count the same. An hour
 * with {@code -Dsecuresession.tunnel.load.seconds=3600}.
 */
@EnabledOnOs(value = OS.LINUX, disabledReason = "reads what a process holds from /proc")
class LongLoadTest {
    private static final int SECONDS = Integer.getInteger("securesession.tunnel.load.seconds", 20);
    private static final int CLIENTS = Integer.getInteger("securesession.tunnel.load.clients", 20);
    private static final int IDLE_SECONDS = 2;

    @TempDir
    Path directory;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicLong attempts = new AtomicLong();
    private final AtomicLong complete = new AtomicLong();
    private final AtomicLong completeBytes = new AtomicLong();
    private final AtomicLong cutByNetwork = new AtomicLong();
    private final AtomicLong resets = new AtomicLong();
    private final AtomicLong stalls = new AtomicLong();
    private final List<ServerSocket> listening = new ArrayList<>();
    private ServerSocket service;
    private ServerSocket network;
    private TunnelProcess serve;
    private TunnelProcess proxy;

    @AfterEach
    void end() throws IOException {
        for (ServerSocket socket : listening) {
            socket.close();
        }
        threads.shutdownNow();
    }

    @Test
    void memoryIsFlatAndNothingIsLost() throws Exception {
        long seed = Long.getLong("securesession.seed", System.nanoTime());
        System.out.println("LongLoadTest: -Dsecuresession.seed=" + seed);
        service = listen(FickleService::answer);
        try (TunnelPair pair = new TunnelPair(directory)) {
            serve = pair.serve(0, service.getLocalPort(), "--idle-timeout", IDLE_SECONDS);
            int server = serve.port();
            Random cuts = new Random(seed);
            network = listen(accepted -> carry(accepted, server, cuts));
            proxy = pair.proxy("web", network.getLocalPort(), "--idle-timeout", 10 * IDLE_SECONDS);

            // The first part fills pools and caches, and compiles; the second must not need more.
            load(seed, SECONDS / 3);
            TunnelProcess.Held serveFirst = serve.held();
            TunnelProcess.Held proxyFirst = proxy.held();
            load(seed + CLIENTS, SECONDS - SECONDS / 3);
            TunnelProcess.Held serveLast = serve.held();
            TunnelProcess.Held proxyLast = proxy.held();

            System.out.println("LongLoadTest: " + attempts + " connections in " + SECONDS + " s, " + complete
                    + " of them complete, " + cutByNetwork + " cut by the network"
                    + "\n  serve after a third " + serveFirst + ", at the end " + serveLast
                    + "\n  proxy after a third " + proxyFirst + ", at the end " + proxyLast
                    + "\n  serve " + reasons(serve) + "\n  proxy " + reasons(proxy));
            assertFlat(serveFirst, serveLast);
            assertFlat(proxyFirst, proxyLast);
            assertThat(complete.get()).isPositive().isLessThan(attempts.get());
            assertAddsUp(serve, true);
            assertAddsUp(proxy, false);
            // On a machine that is too slow, more connections are idle than those that stall, or late with the
            // handshake.
            long late = reasons(serve).entrySet().stream()
                    .filter(reason -> reason.getKey().matches(".*(no payload moved|handshake).*"))
                    .mapToLong(Map.Entry::getValue)
                    .sum();
            assertThat(resets.get())
                    .as("resets that nobody has caused")
                    .isLessThanOrEqualTo(cutByNetwork.get() + Math.max(0, late - stalls.get()));
            assertThat(serve.stop()).isZero();
            assertThat(proxy.stop()).isZero();
        }
    }

    private static void assertFlat(TunnelProcess.Held first, TunnelProcess.Held last) {
        // Each client may have left a session that could carry another connection.
        assertThat(last.descriptors()).isLessThanOrEqualTo(first.descriptors() + 2 + CLIENTS);
        // The pools of buffers grow by 4 MiB at a time, and on a busy machine the first part does not fill them.
        assertThat(last.heap()).isLessThan(first.heap() + 24_000_000);
        // The compiler goes on for a while, and the allocator of the C library keeps what it had.
        assertThat(last.resident()).isLessThan(first.resident() + 64_000_000);
    }

    /**
     * Compares what programs have seen with the metrics, and both with the log.
     *
     * @param hasNotTheLastWord whether the last message of a connection goes to this end: if the network cuts it, the clients have
     *     seen everything, and this end cannot know
     */
    private void assertAddsUp(TunnelProcess end, boolean hasNotTheLastWord) throws IOException, InterruptedException {
        long lines = 0;
        long linesComplete = 0;
        long toTarget = 0;
        long fromTarget = 0;
        long bytesOfComplete = 0;
        long linesInDoubt = 0;
        long bytesInDoubt = 0;
        try (BufferedReader log = Files.newBufferedReader(end.log())) {
            for (String line = log.readLine(); line != null; line = log.readLine()) {
                Matcher closed = CLOSED.matcher(line);
                if (!closed.find()) {
                    continue;
                }
                lines++;
                long to = Long.parseLong(closed.group(1));
                long from = Long.parseLong(closed.group(2));
                toTarget += to;
                fromTarget += from;
                assertThat(closed.group(4)).as("the reason in " + line).isNotEmpty();
                if (closed.group(3).equals("true")) {
                    linesComplete++;
                    assertThat(from).as("bytes in " + line).isEqualTo(to);
                    bytesOfComplete += to;
                } else if (hasNotTheLastWord && mayHaveArrived(closed.group(4), to == from)) {
                    linesInDoubt++;
                    bytesInDoubt += to;
                }
            }
        }
        assertThat(linesComplete).isEqualTo(end.complete());
        assertThat(complete.get() - linesComplete).isBetween(0L, linesInDoubt);
        assertThat(lines).isEqualTo(end.opened()).isEqualTo(end.complete() + end.incomplete());
        assertThat(completeBytes.get() - bytesOfComplete).isBetween(0L, bytesInDoubt);
        assertThat(toTarget).isEqualTo(bytes(end, "to_target"));
        assertThat(fromTarget).isEqualTo(bytes(end, "from_target"));
    }

    /** Tells whether clients may have seen everything, while the last acknowledgement was cut, or came after the idle timeout. */
    private static boolean mayHaveArrived(String reason, boolean sameBothWays) {
        return reason.contains("before the peer acknowledged") || (sameBothWays && reason.contains("no payload moved"));
    }

    /** Returns how many connections have ended for each reason, without the numbers and names in it. */
    private static Map<String, Long> reasons(TunnelProcess end) throws IOException {
        Map<String, Long> reasons = new TreeMap<>();
        try (BufferedReader log = Files.newBufferedReader(end.log())) {
            for (String line = log.readLine(); line != null; line = log.readLine()) {
                Matcher reason = REASON.matcher(line);
                if (reason.find()) {
                    reasons.merge(reason.group(1).replaceAll("[0-9]+", "#"), 1L, Long::sum);
                }
            }
        }
        return reasons;
    }

    private static long bytes(TunnelProcess end, String direction) throws IOException, InterruptedException {
        return end.meter("securesession_tunnel_bytes_total{direction=\"" + direction + "\",tunnel=\"default\"}");
    }

    /** Lets clients come and go for some time, until all of them are gone. */
    private void load(long seed, int seconds) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        List<Future<?>> clients = new ArrayList<>();
        int port = proxy.port();
        for (int i = 0; i < CLIENTS; i++) {
            Random random = new Random(seed + i);
            clients.add(threads.submit(() -> {
                while (System.nanoTime() < deadline) {
                    attempts.incrementAndGet();
                    connectOnce(port, random);
                }
                return null;
            }));
        }
        long step = Math.max(5, seconds / 20);
        for (long at = System.nanoTime(); at < deadline; at = System.nanoTime()) {
            Thread.onSpinWait();
            try {
                clients.get(0).get(Math.min(deadline - at, TimeUnit.SECONDS.toNanos(step)), TimeUnit.NANOSECONDS);
            } catch (java.util.concurrent.TimeoutException running) {
                System.out.println(
                        "LongLoadTest: " + attempts + " connections; serve " + serve.now() + "; proxy " + proxy.now());
            }
        }
        for (Future<?> client : clients) {
            client.get();
        }
        serve.awaitIdle();
        proxy.awaitIdle();
    }

    /** One connection, with one of the ways in which connections end. */
    private void connectOnce(int port, Random random) throws IOException {
        int way = random.nextInt(100);
        byte[] sent = new byte[2 + random.nextInt(way < 5 ? 1_000_000 : 20_000)];
        random.nextBytes(sent);
        boolean serviceDies = way >= 90;
        sent[0] = (byte) (serviceDies ? FickleService.DIE : FickleService.ECHO);
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
            client.setSoTimeout(300_000);
            if (way >= 80 && !serviceDies) {
                // Dies before the handshake is over.
                client.setSoLinger(true, 0);
                return;
            }
            InputStream in = client.getInputStream();
            OutputStream out = client.getOutputStream();
            byte[] echoed = new byte[sent.length];
            int half = sent.length / 2;
            Future<?> sending = threads.submit(() -> {
                out.write(sent, 0, half);
                return null;
            });
            if (way >= 70 && !serviceDies) {
                // Dies in the middle.
                in.readNBytes(half / 2);
                client.setSoLinger(true, 0);
                return;
            }
            if (serviceDies) {
                in.readAllBytes();
                throw new AssertionError("a clean end of a connection that the service has reset");
            }
            if (in.readNBytes(echoed, 0, half) < half) {
                throw new AssertionError("a clean end in the middle");
            }
            sending.get();
            if (way >= 69) {
                // Stalls for longer than the tunnel waits.
                stalls.incrementAndGet();
                in.read();
                throw new AssertionError("a clean end of a connection that was idle");
            }
            if (way >= 55) {
                FickleService.stall(client, random.nextInt(300) + 1);
            }
            Future<?> rest = threads.submit(() -> {
                out.write(sent, half, sent.length - half);
                client.shutdownOutput();
                return null;
            });
            if (in.readNBytes(echoed, half, sent.length - half) < sent.length - half) {
                throw new AssertionError("a clean end in the middle");
            }
            rest.get();
            assertThat(Arrays.equals(echoed, sent)).isTrue();
            assertThat(in.read()).isNegative();
            completeBytes.addAndGet(sent.length);
            complete.incrementAndGet();
        } catch (SocketException | java.util.concurrent.ExecutionException reset) {
            if (way < 69) {
                resets.incrementAndGet();
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Carries the bytes of one connection to the server, and cuts some of them anywhere. */
    private void carry(Socket accepted, int server, Random cuts) throws IOException {
        int cutAfter;
        synchronized (cuts) {
            cutAfter = cuts.nextInt(100) == 0 ? cuts.nextInt(10_000) : Integer.MAX_VALUE;
        }
        try (accepted;
                Socket onward = new Socket(InetAddress.getLoopbackAddress(), server)) {
            Future<?> back = threads.submit(() -> {
                onward.getInputStream().transferTo(accepted.getOutputStream());
                accepted.shutdownOutput();
                return null;
            });
            byte[] buffer = new byte[16 * 1024];
            long carried = 0;
            InputStream in = accepted.getInputStream();
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                carried += length;
                if (carried > cutAfter) {
                    cutByNetwork.incrementAndGet();
                    return;
                }
                onward.getOutputStream().write(buffer, 0, length);
            }
            onward.shutdownOutput();
            back.get();
        } catch (java.util.concurrent.ExecutionException ended) {
            // One of the two ends has reset its connection.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Accepts connections until the socket is closed. */
    private ServerSocket listen(Handler handler) throws IOException {
        ServerSocket socket = new ServerSocket(0, 500, InetAddress.getLoopbackAddress());
        listening.add(socket);
        threads.execute(() -> acceptAll(socket, handler));
        return socket;
    }

    private void acceptAll(ServerSocket socket, Handler handler) {
        try {
            while (true) {
                Socket accepted = socket.accept();
                threads.execute(() -> handle(accepted, handler));
            }
        } catch (IOException closed) {
            return; // The test is over.
        }
    }

    private static void handle(Socket accepted, Handler handler) {
        try {
            handler.handle(accepted);
        } catch (IOException ended) {
            return; // The other end is told by the end of its connection.
        }
    }

    private interface Handler {
        void handle(Socket accepted) throws IOException;
    }

    private static final Pattern REASON = Pattern.compile("\"reason\":\"(.*)\"\\}");
    private static final Pattern CLOSED = Pattern.compile("\"event\":\"closed\".*\"bytesToTarget\":([0-9]+),"
            + "\"bytesFromTarget\":([0-9]+),.*\"complete\":(true|false),\"reason\":\"(.*)\"\\}");
}
