package dev.securesession.examples.sockets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.examples.KeyFiles;
import dev.securesession.examples.Program;
import dev.securesession.transport.SecureSocketFactory;
import io.grpc.CallOptions;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.okhttp.OkHttpChannelBuilder;
import io.grpc.okhttp.OkHttpServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real clients and real servers, which know sockets only, over the socket factories. */
class SocketsTest {
    @TempDir
    Path folder;

    private Path serverKey;
    private Path clientKey;

    @BeforeEach
    void makeKeys() throws Exception {
        serverKey = KeyFiles.generate(folder, "server.key");
        clientKey = KeyFiles.generate(folder, "client.key");
    }

    @Test
    void theDriverOfPostgresqlRunsQueries() throws Exception {
        try (EmbeddedPostgres postgres = EmbeddedPostgres.start();
                Program relay = relayTo(postgres.getPort())) {
            String url = "jdbc:postgresql://127.0.0.1:" + portOf(relay) + "/postgres?user=postgres"
                    + "&socketFactory=" + SecureSocketFactory.class.getName()
                    + "&socketFactoryArg=file:" + properties(serverKey);
            try (Program query = Program.start(Query.class, url, "SELECT sum(n) FROM generate_series(1, 100) AS n")) {
                assertThat(query.nextLine()).isEqualTo("5050");
                query.awaitEnd();
            }
            try (Connection connection = DriverManager.getConnection(url);
                    Statement statement = connection.createStatement()) {
                statement.execute("CREATE TABLE large (text text)");
                statement.execute("INSERT INTO large SELECT repeat('x', 1000) FROM generate_series(1, 5000)");
                long length = 0;
                try (ResultSet rows = statement.executeQuery("SELECT text FROM large")) {
                    while (rows.next()) {
                        length += rows.getString(1).length();
                    }
                }
                assertThat(length).isEqualTo(5_000_000);
            }
        }
    }

    @Test
    void theDriverOfPostgresqlRefusesAnotherServer() throws Exception {
        Path otherKey = KeyFiles.generate(folder, "other.key");
        try (Program relay = relayTo(1)) {
            String url = "jdbc:postgresql://127.0.0.1:" + portOf(relay) + "/postgres?user=postgres" + "&socketFactory="
                    + SecureSocketFactory.class.getName() + "&socketFactoryArg=";
            String other = url + "file:" + properties(otherKey);
            String none = url + "file:" + folder.resolve("none.properties");

            assertThatThrownBy(() -> DriverManager.getConnection(other))
                    .isInstanceOf(SQLException.class)
                    .rootCause()
                    .hasMessageContaining("signature");
            assertThatThrownBy(() -> DriverManager.getConnection(none)).isInstanceOf(SQLException.class);
        }
    }

    @Test
    void okHttpFetchesPages() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] body = ("you asked for " + exchange.getRequestURI()).getBytes(UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try (Program relay = relayTo(server.getAddress().getPort());
                Program fetch = Program.start(
                        Fetch.class, "http://127.0.0.1:" + portOf(relay) + "/page", clientKey, serverKey + ".pub")) {
            assertThat(fetch.nextLine()).isEqualTo("200");
            assertThat(fetch.nextLine()).isEqualTo("you asked for /page");
            fetch.awaitEnd();
            relay.endInput();
            relay.awaitEnd();
        } finally {
            server.stop(0);
        }
    }

    @Test
    void grpcCallsOverItsOkHttpTransport() throws Exception {
        MethodDescriptor<String, String> shout = MethodDescriptor.<String, String>newBuilder()
                .setType(MethodDescriptor.MethodType.SERVER_STREAMING)
                .setFullMethodName("Echo/Shout")
                .setRequestMarshaller(new Text())
                .setResponseMarshaller(new Text())
                .build();
        Server server = OkHttpServerBuilder.forPort(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), InsecureServerCredentials.create())
                .addService(ServerServiceDefinition.builder("Echo")
                        .addMethod(shout, ServerCalls.asyncServerStreamingCall((request, answers) -> {
                            answers.onNext(request.toUpperCase(java.util.Locale.ROOT));
                            answers.onNext("!".repeat(100_000));
                            answers.onCompleted();
                        }))
                        .build())
                .build()
                .start();
        try (Program relay = relayTo(server.getPort())) {
            ManagedChannel channel = OkHttpChannelBuilder.forAddress("127.0.0.1", Integer.parseInt(portOf(relay)))
                    .usePlaintext()
                    .socketFactory(SecureSocketFactory.of(clientConfig(), PeerId.ofUtf8("server")))
                    .build();
            try {
                assertThat(ClientCalls.blockingServerStreamingCall(channel, shout, CallOptions.DEFAULT, "hello"))
                        .toIterable()
                        .containsExactly("HELLO", "!".repeat(100_000));
            } finally {
                channel.shutdownNow();
            }
        } finally {
            server.shutdownNow();
        }
    }

    private SessionConfig clientConfig() throws Exception {
        return SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("client"), IdentityPrivateKey.read(Files.readAllBytes(clientKey))),
                PeerDirectory.of(
                        PeerId.ofUtf8("server"),
                        IdentityPublicKey.read(Files.readAllBytes(Path.of(serverKey + ".pub")))));
    }

    private Path properties(Path expectedServerKey) throws IOException {
        return Files.write(
                folder.resolve(expectedServerKey.getFileName() + ".properties"),
                List.of(
                        "identity=client",
                        "identity.key=" + clientKey.getFileName(),
                        "peer=server",
                        "peer.key=" + expectedServerKey.getFileName() + ".pub"));
    }

    private Program relayTo(int port) throws IOException {
        return Program.start(Relay.class, 0, serverKey, clientKey + ".pub", port);
    }

    private static String portOf(Program relay) throws InterruptedException {
        String line = relay.nextLine();
        assertThat(line).startsWith("listening on port ");
        return line.substring("listening on port ".length());
    }

    /** Messages of text, so that the test needs no generated code. */
    private static final class Text implements MethodDescriptor.Marshaller<String> {
        @Override
        public InputStream stream(String value) {
            return new ByteArrayInputStream(value.getBytes(UTF_8));
        }

        @Override
        public String parse(InputStream stream) {
            try {
                return new String(stream.readAllBytes(), UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
