package dev.securesession.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.testkit.Pair;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Streams over channels of the JDK. */
class ChannelTransportTest {
    private static final Framing FRAMING = Framing.lengthPrefix();

    @Test
    void streamsOverUnixDomainSockets(@TempDir Path folder) throws Exception {
        SocketAddress address = UnixDomainSocketAddress.of(folder.resolve("socket"));
        try (ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            echo(listening.bind(address));
        }
    }

    @Test
    void streamsOverTcp() throws Exception {
        try (ServerSocketChannel listening = ServerSocketChannel.open()) {
            echo(listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
        }
    }

    @Test
    void streamsOverPipes() throws Exception {
        Pipe there = Pipe.open();
        Pipe back = Pipe.open();
        echo(
                ChannelTransport.of(back.source(), there.sink(), FRAMING),
                ChannelTransport.of(there.source(), back.sink(), FRAMING));
    }

    @Test
    void waitingIsLimitedAndGoesOn() throws Exception {
        Pipe there = Pipe.open();
        Pipe back = Pipe.open();
        try (ChannelTransport client = ChannelTransport.of(back.source(), there.sink(), FRAMING);
                ChannelTransport server = ChannelTransport.of(there.source(), back.sink(), FRAMING)) {
            assertThatThrownBy(() -> server.receive(10, Duration.ofMillis(10)))
                    .isInstanceOf(SocketTimeoutException.class);
            client.send(new byte[] {1, 2});
            assertThat(server.receive(10, Duration.ZERO)).hasValue(new byte[] {1, 2});
            there.sink().close();
            assertThat(server.receive(10, Duration.ZERO)).isEmpty();
        }
    }

    @Test
    void refusesChannelsThatCannotBeWaitedFor() throws Exception {
        try (SocketChannel channel = SocketChannel.open()) {
            assertThatThrownBy(() -> ChannelTransport.of(channel, FRAMING))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not connected");
        }
        Pipe pipe = Pipe.open();
        pipe.source().configureBlocking(false);
        assertThatThrownBy(() -> ChannelTransport.of(pipe.source(), pipe.sink(), FRAMING))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("non-blocking");
        pipe.source().close();
        pipe.sink().close();
    }

    private static void echo(ServerSocketChannel listening) throws Exception {
        SocketChannel client = SocketChannel.open(listening.getLocalAddress());
        ChannelTransport server = ChannelTransport.of(listening.accept(), FRAMING);
        assertThat(server.remoteAddress()).isPresent();
        echo(ChannelTransport.of(client, FRAMING), server);
    }

    private static void echo(Transport client, Transport server) throws Exception {
        Pair pair = Pair.create();
        try (Threads threads = new Threads()) {
            Future<Integer> served = threads.run(() -> serve(SecureConnection.accept(server, pair.server())));
            try (SecureStream stream =
                    SecureStream.over(SecureConnection.connect(client, pair.client(), Pair.SERVER_ID))) {
                stream.output().write("hello".getBytes(UTF_8));
                stream.shutdownOutput();
                assertThat(stream.input().readAllBytes()).isEqualTo("hello".getBytes(UTF_8));
            }
            assertThat(Threads.await(served)).isEqualTo(5);
        }
    }

    private static int serve(SecureConnection connection) throws IOException {
        try (SecureStream stream = SecureStream.over(connection)) {
            byte[] all = stream.input().readAllBytes();
            stream.output().write(all);
            stream.shutdownOutput();
            return all.length;
        }
    }
}
