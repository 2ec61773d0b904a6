package dev.securesession.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.testkit.Pair;
import dev.securesession.testsupport.PastedProgram;
import dev.securesession.transport.SecureConnection;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program of docs/netty.md runs as it stands there, and does not log what strangers do. */
@Timeout(180)
class HelloNettyTest {
    private static final Pair PAIR = Pair.create();

    @Test
    void runsAsItIsPasted(@TempDir Path folder) throws Exception {
        assertThat(PastedProgram.run("netty.md", "netty-hello", "HelloNetty.java", folder))
                .containsExactly("hello");
    }

    @Test
    void strangersCauseNoWarnings() throws Exception {
        Warnings warnings = new Warnings();
        Logger root = Logger.getLogger("");
        root.addHandler(warnings);
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        try {
            Channel server = HelloNetty.listen(group, PAIR.server());
            InetSocketAddress address = (InetSocketAddress) server.localAddress();
            sendJunk(address);
            connectWithAnUnknownKey(address, stranger());

            assertThat(ask(address)).isEqualTo("hello");
            assertThat(warnings.texts).isEmpty();
        } finally {
            group.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
            root.removeHandler(warnings);
        }
    }

    /** Returns when the server has closed the connection, which is after it was told of the failure. */
    private static void sendJunk(InetSocketAddress address) throws IOException {
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(UTF_8));
            assertThat(socket.getInputStream().read()).isNegative();
        } catch (SocketException reset) {
            // The same end, with bytes of ours that the server has not read.
        }
    }

    private static void connectWithAnUnknownKey(InetSocketAddress address, SessionConfig stranger) {
        assertThatThrownBy(() -> SecureConnection.connect(
                        new Socket(address.getAddress(), address.getPort()), stranger, Pair.SERVER_ID))
                .isInstanceOf(IOException.class);
    }

    private static SessionConfig stranger() {
        return SessionConfig.of(
                LocalIdentity.of(
                        PeerId.ofUtf8("stranger"), IdentityKeyPair.generate().privateKey()),
                PeerDirectory.of(Pair.SERVER_ID, PAIR.server().identity().publicKey()));
    }

    private static String ask(InetSocketAddress address) throws Exception {
        try (SecureConnection connection = SecureConnection.connect(
                new Socket(address.getAddress(), address.getPort()), PAIR.client(), Pair.SERVER_ID)) {
            connection.send("hello".getBytes(UTF_8));
            return new String(connection.receive().orElseThrow(), UTF_8);
        }
    }

    private static final class Warnings extends Handler {
        final List<String> texts = new CopyOnWriteArrayList<>();

        Warnings() {
            setLevel(Level.WARNING);
        }

        @Override
        public void publish(LogRecord entry) {
            if (isLoggable(entry)) {
                texts.add(entry.getLoggerName() + ": " + entry.getMessage() + " " + entry.getThrown());
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
