package dev.securesession.cli.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.cli.Cli;
import dev.securesession.tunnel.TunnelAddress;
import dev.securesession.tunnel.TunnelOptions;
import dev.securesession.tunnel.TunnelProxy;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server with 64 MB of heap goes on to serve its peers while clients without a key try everything. */
@SuppressWarnings("try") // Tests close connections on purpose before the end of their blocks.
@Timeout(300)
class HostileClientsTest {
    private static final int ROUNDS = Integer.getInteger("securesession.tunnel.hostile.rounds", 3);
    private static final int MAX_HELD = 1500;

    @TempDir
    Path folder;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicInteger accepted = new AtomicInteger();
    private final Queue<Future<?>> background = new ConcurrentLinkedQueue<>();
    private final List<Socket> held = new ArrayList<>();
    private ServerSocket service;
    private Process serve;
    private Path log;
    private int port;
    private Random random;

    @BeforeEach
    void start() throws Exception {
        long seed = Long.getLong("securesession.seed", System.nanoTime());
        System.out.println("HostileClientsTest: -Dsecuresession.seed=" + seed);
        random = new Random(seed);
        service = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        inBackground(() -> {
            while (true) {
                Socket connection = service.accept();
                accepted.incrementAndGet();
                inBackground(() -> {
                    try (connection) {
                        return connection.getInputStream().transferTo(connection.getOutputStream());
                    }
                });
            }
        });
        Cli.keygen(folder.resolve("db"));
        Cli.keygen(folder.resolve("web"));
        log = folder.resolve("log");
        serve = Cli.processWithHeap(
                        64,
                        "serve",
                        "--id",
                        "db",
                        "--key",
                        folder.resolve("db"),
                        "--listen",
                        "127.0.0.1:0",
                        "--peer",
                        "web=" + folder.resolve("web.pub"),
                        "--to",
                        "127.0.0.1:" + service.getLocalPort())
                .redirectError(log.toFile())
                .start();
        port = awaitPort();
    }

    @AfterEach
    void stop() throws Exception {
        serve.destroyForcibly();
        service.close();
        for (Socket socket : held) {
            socket.close();
        }
        threads.shutdownNow();
    }

    @Test
    void peersAreServedAndTheLogStaysReadable() throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger exchanges = new AtomicInteger();
        int honest;
        try (TunnelProxy proxy = proxy(port)) {
            byte[] recorded = recordHandshake();
            Future<Integer> peer = threads.submit(() -> talk(proxy, over, exchanges));
            for (int round = 0; round < ROUNDS; round++) {
                claimLengths();
                sayNothing();
                replayFirstMessages(recorded);
                cutMessagesOff(recorded);
                replayHandshakes(recorded);
                sendSlowly(recorded);
                awaitMore(exchanges, peer);
            }
            over.set(true);
            honest = peer.get(60, TimeUnit.SECONDS);
        }

        assertThat(serve.isAlive()).isTrue();
        // The refusals that are only counted are logged at the end.
        serve.destroy();
        assertThat(serve.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(serve.exitValue()).isZero();
        // No replay has reached the service: these are the recorded connection, and those of the peer.
        assertThat(accepted.get()).isEqualTo(honest + 1);
        List<String> lines = Files.readAllLines(log);
        assertThat(lines)
                .allMatch(line -> line.matches("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z .*"))
                .noneMatch(line -> line.contains("OutOfMemory") || line.contains("Exception"))
                .anyMatch(line -> line.contains("more refused connections"));
        long ofThePeer =
                lines.stream().filter(line -> line.contains(" \"web\" from ")).count();
        assertThat(lines.size() - ofThePeer).as("lines about others").isLessThan(100);
    }

    // Hostile clients

    private void claimLengths() throws IOException {
        for (int i = 0; i < 60; i++) {
            int claimed = switch (i % 4) {
                case 0 -> Integer.MAX_VALUE;
                case 1 -> -1;
                case 2 -> 0;
                default -> random.nextInt();
            };
            byte[] rest = new byte[random.nextInt(200)];
            random.nextBytes(rest);
            hold(ByteBuffer.allocate(4 + rest.length).putInt(claimed).put(rest).array());
        }
    }

    private void sayNothing() throws IOException {
        for (int i = 0; i < 200; i++) {
            hold(new byte[0]);
        }
    }

    /** The server answers with its second message, and waits for a third that never comes. */
    private void replayFirstMessages(byte[] recorded) throws IOException {
        byte[] first = Arrays.copyOf(recorded, 4 + ByteBuffer.wrap(recorded).getInt());
        for (int i = 0; i < 150; i++) {
            hold(first);
        }
    }

    private void cutMessagesOff(byte[] recorded) throws IOException {
        for (int i = 0; i < 60; i++) {
            try (Socket socket = connect()) {
                write(socket, Arrays.copyOf(recorded, random.nextInt(recorded.length)));
            }
        }
    }

    private void replayHandshakes(byte[] recorded) throws IOException {
        for (int i = 0; i < 60; i++) {
            hold(recorded);
        }
    }

    /** One byte after the other, and never the last one. */
    private void sendSlowly(byte[] recorded) throws IOException {
        List<Socket> slow = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            slow.add(hold(new byte[0]));
        }
        for (int at = 0; at < 40; at++) {
            for (Socket socket : slow) {
                write(socket, new byte[] {recorded[at]});
            }
        }
    }

    private Socket hold(byte[] sent) throws IOException {
        if (held.size() >= MAX_HELD) {
            held.remove(0).close();
        }
        Socket socket = connect();
        held.add(socket);
        write(socket, sent);
        return socket;
    }

    private Socket connect() throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), port);
    }

    /** The server may have closed the connection at any byte. */
    private static void write(Socket socket, byte[] sent) {
        try {
            socket.getOutputStream().write(sent);
        } catch (IOException closed) {
            assertThat(closed).isInstanceOf(SocketException.class);
        }
    }

    // Honest peers

    /** Connects and exchanges bytes again and again; returns the number of connections. */
    private int talk(TunnelProxy proxy, AtomicBoolean over, AtomicInteger exchanges) throws IOException {
        int connections = 1;
        try (Socket lasting = open(proxy)) {
            while (!over.get()) {
                exchange(lasting);
                try (Socket fresh = open(proxy)) {
                    connections++;
                    exchange(fresh);
                }
                exchanges.incrementAndGet();
            }
        }
        return connections;
    }

    private static Socket open(TunnelProxy proxy) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), ((InetSocketAddress) proxy.address()).getPort());
        socket.setSoTimeout(30_000);
        return socket;
    }

    private static void exchange(Socket socket) throws IOException {
        byte[] sent = "hello".repeat(1000).getBytes(StandardCharsets.US_ASCII);
        socket.getOutputStream().write(sent);
        assertThat(socket.getInputStream().readNBytes(sent.length)).isEqualTo(sent);
    }

    private static void awaitMore(AtomicInteger exchanges, Future<Integer> peer) {
        int before = exchanges.get();
        while (exchanges.get() < before + 5) {
            assertThat(peer).as("the honest peer").isNotDone();
            Thread.onSpinWait();
        }
    }

    /** Returns what a proxy sends for a short connection. */
    private byte[] recordHandshake() throws Exception {
        try (ServerSocket between = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                TunnelProxy proxy = proxy(between.getLocalPort());
                Socket client = open(proxy);
                Socket fromProxy = between.accept();
                Socket toServer = connect()) {
            ByteArrayOutputStream recorded = new ByteArrayOutputStream();
            inBackground(() -> toServer.getInputStream().transferTo(fromProxy.getOutputStream()));
            Future<?> copied = threads.submit(() -> {
                InputStream in = fromProxy.getInputStream();
                byte[] buffer = new byte[10_000];
                for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                    recorded.write(buffer, 0, length);
                    toServer.getOutputStream().write(buffer, 0, length);
                }
                toServer.shutdownOutput();
                return null;
            });
            exchange(client);
            client.shutdownOutput();
            assertThat(client.getInputStream().read()).isNegative();
            client.close();
            proxy.close();
            copied.get(30, TimeUnit.SECONDS);
            return recorded.toByteArray();
        }
    }

    private TunnelProxy proxy(int serverPort) throws Exception {
        PeerId server = PeerId.ofUtf8("db");
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("web"), IdentityPrivateKey.decode(Cli.read(folder.resolve("web")))),
                PeerDirectory.of(server, IdentityPublicKey.decode(Cli.read(folder.resolve("db.pub")))));
        return TunnelProxy.start(
                TunnelAddress.parse("127.0.0.1:0"),
                TunnelAddress.parse("127.0.0.1:" + serverPort),
                config,
                server,
                "",
                TunnelOptions.defaults());
    }

    /** Runs a copy of bytes, or a loop of accepts, that ends with its sockets. */
    private void inBackground(Callable<?> task) {
        background.add(threads.submit(task));
    }

    private int awaitPort() throws IOException, InterruptedException {
        Pattern listening = Pattern.compile("listening on 127\\.0\\.0\\.1:([0-9]+)");
        while (true) {
            Matcher found = listening.matcher(Files.readString(log));
            if (found.find()) {
                return Integer.parseInt(found.group(1));
            }
            assertThat(serve.waitFor(20, TimeUnit.MILLISECONDS))
                    .as(Files.readString(log))
                    .isFalse();
        }
    }
}
