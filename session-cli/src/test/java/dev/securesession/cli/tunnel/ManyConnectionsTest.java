package dev.securesession.cli.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.securesession.cli.Cli;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Thousands of connections are open at once, through a server and a proxy that are two processes. */
@Timeout(300)
@EnabledOnOs(value = OS.LINUX, disabledReason = "reads what a process holds from /proc")
class ManyConnectionsTest {
    private static final int CONNECTIONS = 5000;

    /** As many handshakes run at the same time. */
    private static final int WINDOW = 250;

    @TempDir
    Path directory;

    @Test
    void fiveThousandAreOpenAtOnceAndLeaveNothingBehind() throws Exception {
        assumeTrue(
                ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
                        && system.getMaxFileDescriptorCount() > 2 * CONNECTIONS + 500,
                "a process may not have enough descriptors here; ulimit -n " + (2 * CONNECTIONS + 500));
        List<Socket> clients = new ArrayList<>();
        try (Echo service = new Echo();
                TunnelPair pair = new TunnelPair(directory)) {
            String status = "unix:" + directory.resolve("status");
            TunnelProcess serve =
                    pair.serve(0, service.port(), "--status", status, "--max-connections-per-peer", CONNECTIONS);
            TunnelProcess proxy = pair.proxy("web", serve.port(), "--session-reuse", 1);
            try {
                // One connection loads what is loaded once.
                close(open(proxy.port(), 1));
                serve.awaitIdle();
                proxy.awaitIdle();
                TunnelProcess.Held serveBefore = serve.held();
                TunnelProcess.Held proxyBefore = proxy.held();

                for (int first = 0; first < CONNECTIONS; first += WINDOW) {
                    for (int i = first; i < first + WINDOW; i++) {
                        clients.add(open(proxy.port(), i));
                    }
                    for (int i = first; i < first + WINDOW; i++) {
                        expect(clients.get(i), i);
                    }
                }
                assertThat(serve.connections()).isEqualTo(CONNECTIONS);
                assertThat(proxy.connections()).isEqualTo(CONNECTIONS);
                String table = new Cli().run("status", status).succeeded().out();
                assertThat(table.lines().findFirst().orElse("")).endsWith(": " + CONNECTIONS + " connections");
                assertThat(table.lines()).hasSize(CONNECTIONS + 3);
                System.out.println("ManyConnectionsTest: " + CONNECTIONS + " open; serve before " + serveBefore
                        + ", now " + serve.held() + "; proxy before " + proxyBefore + ", now " + proxy.held());

                for (int i = 0; i < CONNECTIONS; i++) {
                    send(clients.get(i), -i);
                }
                for (int i = 0; i < CONNECTIONS; i++) {
                    expect(clients.get(i), -i);
                }
                for (int i = 0; i < CONNECTIONS; i++) {
                    if (i % 2 == 0) {
                        close(clients.get(i));
                    } else {
                        clients.get(i).setSoLinger(true, 0);
                        clients.get(i).close();
                    }
                }
                for (TunnelProcess end : List.of(serve, proxy)) {
                    end.awaitIdle();
                    assertThat(end.opened()).isEqualTo(CONNECTIONS + 1);
                    assertThat(end.complete()).isEqualTo(CONNECTIONS / 2 + 1);
                    assertThat(end.incomplete()).isEqualTo(CONNECTIONS / 2);
                    assertThat(end.meter("securesession_tunnel_refused_total")).isZero();
                    // Four bytes of the first connection, and twice four of each of the others; both directions.
                    assertThat(end.meter("securesession_tunnel_bytes_total")).isEqualTo(2 * (4 + 8L * CONNECTIONS));
                    assertThat(end.lines().stream().filter(line -> line.contains("\"event\":\"closed\"")))
                            .hasSize(CONNECTIONS + 1)
                            .allMatch(line -> line.contains("\"reason\":\""))
                            .noneMatch(line -> line.contains("\"reason\":\"\""));
                }
                assertThat(serve.held().descriptors()).isLessThanOrEqualTo(serveBefore.descriptors() + 2);
                assertThat(proxy.held().descriptors()).isLessThanOrEqualTo(proxyBefore.descriptors() + 2);
            } finally {
                for (Socket client : clients) {
                    client.close();
                }
            }
        }
    }

    private static Socket open(int port, int number) throws IOException {
        Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
        client.setSoTimeout(60_000);
        send(client, number);
        return client;
    }

    private static void send(Socket client, int number) throws IOException {
        client.getOutputStream().write(ByteBuffer.allocate(4).putInt(number).array());
    }

    private static void expect(Socket client, int number) throws IOException {
        byte[] echoed = client.getInputStream().readNBytes(4);
        assertThat(echoed).hasSize(4);
        assertThat(ByteBuffer.wrap(echoed).getInt()).isEqualTo(number);
    }

    private static void close(Socket client) throws IOException {
        client.shutdownOutput();
        client.getInputStream().readAllBytes();
        client.close();
    }

    /** Sends back what comes, for all its connections on one thread. */
    private static final class Echo implements AutoCloseable {
        private final Selector selector = Selector.open();
        private final ServerSocketChannel listening = ServerSocketChannel.open();
        private final Thread thread = new Thread(this::run, "echo");

        Echo() throws IOException {
            listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1000);
            listening.configureBlocking(false);
            listening.register(selector, SelectionKey.OP_ACCEPT);
            thread.setDaemon(true);
            thread.start();
        }

        int port() {
            return listening.socket().getLocalPort();
        }

        private void run() {
            ByteBuffer buffer = ByteBuffer.allocate(1000);
            try {
                while (listening.isOpen()) {
                    selector.select(key -> serve(key, buffer));
                }
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        private void serve(SelectionKey key, ByteBuffer buffer) {
            try {
                if (key.isAcceptable()) {
                    SocketChannel accepted = listening.accept();
                    accepted.configureBlocking(false);
                    accepted.register(selector, SelectionKey.OP_READ);
                    return;
                }
                SocketChannel channel = (SocketChannel) key.channel();
                try {
                    buffer.clear();
                    if (channel.read(buffer) < 0) {
                        channel.close();
                        return;
                    }
                    // A few bytes always fit into the send buffer.
                    channel.write(buffer.flip());
                } catch (IOException reset) {
                    channel.close();
                }
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void close() throws IOException {
            listening.close();
            selector.wakeup();
            try {
                thread.join(10_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            for (SelectionKey key : selector.keys()) {
                key.channel().close();
            }
            selector.close();
        }
    }
}
