package dev.securesession.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Handshake;
import dev.securesession.HandshakeStep;
import dev.securesession.SecureSession;
import dev.securesession.testkit.Pair;
import dev.securesession.testsupport.NoLeaks;
import dev.securesession.transport.SecureConnection;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ProtocolException;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Sessions over WebSocket: the client on the JDK, the server on Netty. */
@Timeout(120)
@ExtendWith(NoLeaks.class)
class WebSocketTransportTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final Pair PAIR = Pair.create();
    private static final WebSocketEcho SERVER = WebSocketEcho.start(PAIR.server());

    @AfterAll
    static void stop() {
        SERVER.close();
    }

    private static URI address() {
        return SERVER.address();
    }

    private static WebSocketTransport open() throws IOException {
        return WebSocketTransport.connect(HTTP, address(), PATIENCE);
    }

    private static SecureConnection connect(WebSocketTransport transport) throws Exception {
        return SecureConnection.connect(transport, PAIR.client(), Pair.SERVER_ID);
    }

    @Test
    void carriesMessagesInBothDirections() throws Exception {
        long seed = System.nanoTime();
        System.out.println("WebSocketTest: seed " + seed);
        Random random = new Random(seed);
        try (SecureConnection connection = connect(open())) {
            for (int i = 0; i < 50; i++) {
                byte[] payload = new byte[1 + random.nextInt(i % 10 == 0 ? 500_000 : 1000)];
                random.nextBytes(payload);
                connection.send(payload);
                assertThat(connection.receive(PATIENCE)).as("seed %d", seed).hasValue(payload);
            }
        }
    }

    @Test
    void saysThatTheServerCannotBeReached() throws Exception {
        int port;
        try (ServerSocket closed = new ServerSocket(0)) {
            port = closed.getLocalPort();
        }
        URI address = URI.create("ws://127.0.0.1:" + port + "/session");
        assertThatThrownBy(() -> WebSocketTransport.connect(HTTP, address, PATIENCE))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("opening " + address + " failed", "refused");
    }

    @Test
    void openingMayTimeOut() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            URI address = URI.create("ws://127.0.0.1:" + silent.getLocalPort() + "/session");
            assertThatThrownBy(() -> WebSocketTransport.connect(HTTP, address, Duration.ofMillis(100)))
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessageContaining("opening " + address);
        }
    }

    @Test
    void aReceiveMayTimeOutAndGoOn() throws Exception {
        try (SecureConnection connection = connect(open())) {
            assertThatThrownBy(() -> connection.receive(Duration.ofMillis(20)))
                    .isInstanceOf(SocketTimeoutException.class);
            connection.send(new byte[] {1});
            assertThat(connection.receive(PATIENCE)).hasValue(new byte[] {1});
        }
    }

    @Test
    void aMessageBeyondTheLimitEndsTheConnection() throws Exception {
        try (WebSocketTransport transport = open()) {
            SecureConnection connection = connect(transport);
            connection.send(new byte[100_000]);
            // Refused when the first parts have arrived, not when all of it is there.
            assertThatThrownBy(() -> transport.receive(10_000, PATIENCE))
                    .isInstanceOf(ProtocolException.class)
                    .hasMessageContaining("10000")
                    .hasMessageNotContaining("100052");
        }
    }

    @Test
    void anAddressWithoutAWebSocketIsAnError() {
        assertThatThrownBy(() -> WebSocketTransport.connect(
                        HTTP, URI.create(address().toString().replace("/session", "/other")), PATIENCE))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("/other");
    }

    @Test
    void theEndOfTheServerEndsTheClient() throws Exception {
        try (WebSocketTransport transport = open()) {
            transport.send(new byte[] {1, 2, 3});
            assertThatThrownBy(() -> {
                        if (transport.receive(100, PATIENCE).isEmpty()) {
                            throw new IOException("ended");
                        }
                    })
                    .isInstanceOf(IOException.class);
        }
    }

    /** The session of a connection is the caller's to use: handshake by callback, messages by buffer, and back. */
    @Test
    void mixesBuffersAndCallbacks() throws Exception {
        WebSocketTransport transport = open();
        try (SecureConnection connection = connect(transport)) {
            transport.send(connection.session().wrap(new byte[] {1}));
            assertThat(connection.receive(PATIENCE)).hasValue(new byte[] {1});
            connection.send(new byte[] {2});
            byte[] message = transport.receive(1000, PATIENCE).orElseThrow();
            assertThat(connection.session().unwrap(message)).containsExactly(2);
        }
    }

    @Test
    void handshakesByBufferAndExchangesByCallback() throws Exception {
        WebSocketTransport transport = open();
        try (Handshake handshake = PAIR.beginAsClient()) {
            transport.send(handshake.start());
            byte[] second = transport.receive(1000, PATIENCE).orElseThrow();
            transport.send(handshake.receive(second).message().orElseThrow());
            byte[] fourth = transport.receive(1000, PATIENCE).orElseThrow();
            SecureSession session = ((HandshakeStep.Established) handshake.receive(fourth)).session();
            try (SecureConnection connection = SecureConnection.over(transport, session)) {
                connection.send(new byte[] {3});
                assertThat(connection.receive(PATIENCE)).hasValue(new byte[] {3});
            }
        }
    }

    @Test
    void closingEndsAWaitingReceive() throws Exception {
        WebSocketTransport transport = open();
        CompletableFuture<Throwable> result = new CompletableFuture<>();
        Thread reader = new Thread(() -> {
            try {
                transport.receive(100, Duration.ZERO);
                result.complete(null);
            } catch (IOException e) {
                result.complete(e);
            }
        });
        reader.start();
        transport.close();
        assertThat(result.get(30, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> transport.send(ByteBuffer.allocate(1).array())).isInstanceOf(IOException.class);
    }
}
