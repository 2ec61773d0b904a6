package dev.securesession.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.Handshake;
import dev.securesession.HandshakeStep;
import dev.securesession.IdentityKeyPair;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.transport.Framing;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureServer;
import dev.securesession.transport.StreamTransport;
import dev.securesession.transport.Transport;
import java.io.EOFException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectionExamplesTest {
    private static final IdentityKeyPair CLIENT = IdentityKeyPair.generate();
    private static final IdentityKeyPair SERVER = IdentityKeyPair.generate();

    private final IdentityPrivateKey clientKey = CLIENT.privateKey();
    private final IdentityPrivateKey serverKey = SERVER.privateKey();
    private final IdentityPublicKey clientPublicKey = CLIENT.publicKey();
    private final IdentityPublicKey serverPublicKey = SERVER.publicKey();
    private final ExecutorService executor = Executors.newCachedThreadPool();

    private ServerSocket serverSocket;
    private String host;
    private int port;

    @BeforeEach
    void open() throws Exception {
        serverSocket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        host = serverSocket.getInetAddress().getHostAddress();
        port = serverSocket.getLocalPort();
    }

    @AfterEach
    void close() throws Exception {
        serverSocket.close();
        executor.shutdownNow();
        assertThat(executor.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void serverAndClient() throws Exception {
        Future<?> server = executor.submit(this::server);
        client();
        server.get(30, TimeUnit.SECONDS);
    }

    private Void server() throws Exception {
        // example: server
        LocalIdentity me = LocalIdentity.of(PeerId.ofUtf8("server"), serverKey);
        SessionConfig config = SessionConfig.of(me, PeerDirectory.of(PeerId.ofUtf8("client"), clientPublicKey));
        try (SecureConnection connection = SecureConnection.accept(serverSocket.accept(), config)) {
            byte[] question = connection.receive().orElseThrow(EOFException::new);
            connection.send(answer(question));
        }
        // end
        return null;
    }

    private void client() throws Exception {
        // example: client
        LocalIdentity me = LocalIdentity.of(PeerId.ofUtf8("client"), clientKey);
        PeerId server = PeerId.ofUtf8("server");
        SessionConfig config = SessionConfig.of(me, PeerDirectory.of(server, serverPublicKey));
        try (SecureConnection connection = SecureConnection.connect(new Socket(host, port), config, server)) {
            connection.send("how are you?".getBytes(UTF_8));
            System.out.println(new String(connection.receive().orElseThrow(EOFException::new), UTF_8));
        }
        // end
    }

    @Test
    void readsKeyFiles(@TempDir Path directory) throws Exception {
        IdentityKeyPair own = IdentityKeyPair.generate();
        IdentityKeyPair peer = IdentityKeyPair.generate();
        Path keyFile =
                Files.write(directory.resolve("server.key"), own.privateKey().encodeSecret());
        Path peerFile = Files.write(
                directory.resolve("client.key.pub"), peer.publicKey().encode());
        // example: read-keys
        IdentityPrivateKey serverKey = IdentityPrivateKey.read(Files.readAllBytes(keyFile)); // server.key
        IdentityPublicKey clientPublicKey = IdentityPublicKey.read(Files.readAllBytes(peerFile)); // client.key.pub
        // end
        assertThat(serverKey.publicKey()).isEqualTo(own.publicKey());
        assertThat(clientPublicKey).isEqualTo(peer.publicKey());
    }

    @Test
    void serverServesMany() throws Exception {
        SessionConfig config = serverConfig();
        serverSocket.close();
        // example: server-of-many
        SecureServer server = SecureServer.listen(new InetSocketAddress(port), config, connection -> {
            Optional<byte[]> question = connection.receive(); // empty: the peer has ended the connection
            if (question.isPresent()) {
                connection.send(answer(question.get()));
            }
        });
        // end
        for (int i = 0; i < 3; i++) {
            client();
        }
        server.close();
    }

    @Test
    void receivesByBufferAndAnswersByCallback() throws Exception {
        Future<?> server = serve(connection -> {
            // example: receive-by-buffer
            byte[] message = connection.transport().receive(MAX, Duration.ZERO).orElseThrow();
            byte[] question = connection.session().unwrap(message);
            connection.send(answer(question));
            // end
            return null;
        });
        client();
        server.get(30, TimeUnit.SECONDS);
    }

    @Test
    void handshakesByCallbackAndExchangesByBuffer() throws Exception {
        Future<?> server = serve(connection -> {
            // example: exchange-by-buffer
            SecureSession session = connection.session();
            Transport transport = connection.transport();
            byte[] message = transport.receive(MAX, Duration.ZERO).orElseThrow();
            byte[] question = session.unwrap(message);
            transport.send(session.wrap(answer(question)));
            // end
            return null;
        });
        client();
        server.get(30, TimeUnit.SECONDS);
    }

    @Test
    void handshakesByBufferAndExchangesByCallback() throws Exception {
        Future<?> server = serve(connection -> {
            connection.send(answer(connection.receive().orElseThrow()));
            return null;
        });
        SessionConfig config = clientConfig();
        // example: handshake-by-buffer
        Transport transport = StreamTransport.of(new Socket(host, port), Framing.lengthPrefix());
        SecureConnection connection = SecureConnection.over(transport, performHandshake(transport, config));
        connection.send("how are you?".getBytes(UTF_8));
        byte[] answer = connection.receive().orElseThrow();
        // end
        assertThat(answer).isEqualTo(answer("how are you?".getBytes(UTF_8)));
        connection.close();
        server.get(30, TimeUnit.SECONDS);
    }

    private static SecureSession performHandshake(Transport transport, SessionConfig config) throws Exception {
        // example: handshake
        try (Handshake handshake = Handshake.client(config, PeerId.ofUtf8("server"))) {
            transport.send(handshake.start());
            while (true) {
                byte[] message = transport.receive(MAX, Duration.ofSeconds(30)).orElseThrow();
                HandshakeStep step = handshake.receive(message);
                if (step.message().isPresent()) {
                    transport.send(step.message().get());
                }
                if (step instanceof HandshakeStep.Established established) {
                    return established.session();
                }
            }
        }
        // end
    }

    @Test
    void switchesBackAndForth() throws Exception {
        Future<?> server = serve(connection -> {
            // example: switching
            SecureSession session = connection.session();
            Transport transport = connection.transport();
            for (int i = 0; i < ROUNDS; i++) {
                byte[] first = connection.receive().orElseThrow();
                transport.send(session.wrap(answer(first)));

                byte[] message = transport.receive(MAX, Duration.ZERO).orElseThrow();
                connection.send(answer(session.unwrap(message)));
            }
            // end
            return null;
        });
        try (SecureConnection connection =
                SecureConnection.connect(new Socket(host, port), clientConfig(), PeerId.ofUtf8("server"))) {
            for (int i = 0; i < 2 * ROUNDS; i++) {
                byte[] question = ("question " + i).getBytes(UTF_8);
                connection.send(question);
                assertThat(connection.receive())
                        .hasValueSatisfying(it -> assertThat(it).isEqualTo(answer(question)));
            }
        }
        server.get(30, TimeUnit.SECONDS);
    }

    private Future<?> serve(Service service) {
        Callable<Void> task = () -> {
            try (SecureConnection connection = SecureConnection.accept(serverSocket.accept(), serverConfig())) {
                return service.serve(connection);
            }
        };
        return executor.submit(task);
    }

    private SessionConfig serverConfig() {
        return SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("server"), serverKey),
                PeerDirectory.of(PeerId.ofUtf8("client"), clientPublicKey));
    }

    private SessionConfig clientConfig() {
        return SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("client"), clientKey),
                PeerDirectory.of(PeerId.ofUtf8("server"), serverPublicKey));
    }

    private static byte[] answer(byte[] question) {
        return ("fine, and thanks for asking: " + new String(question, UTF_8)).getBytes(UTF_8);
    }

    private interface Service {
        Void serve(SecureConnection connection) throws Exception;
    }

    private static final int MAX = 16 * 1024 * 1024;
    private static final int ROUNDS = 3;
}
