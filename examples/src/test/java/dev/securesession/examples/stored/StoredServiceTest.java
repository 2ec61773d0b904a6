package dev.securesession.examples.stored;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.securesession.examples.KeyFiles;
import dev.securesession.examples.Program;
import dev.securesession.testsupport.PastedProgram;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The first programs of docs/stored-sessions.md run as they stand there, and its coordinates are those of this build. */
@Timeout(300)
class StoredServiceTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();

    private final HttpClient http = HttpClient.newHttpClient();
    private volatile String port = "";

    @Test
    @SuppressWarnings("try") // An instance is closed before its end.
    void aSessionGoesOnAtAnotherInstanceAndAfterARestart(@TempDir Path folder) throws Exception {
        KeyFiles.generate(folder, "server.key");
        KeyFiles.generate(folder, "client.key");
        Files.write(folder.resolve("2026-11.key"), new byte[32]);
        HttpServer balancer = balancer();
        try (EmbeddedPostgres postgres = EmbeddedPostgres.start()) {
            String url = postgres.getJdbcUrl("postgres", "postgres");
            String address = "http://127.0.0.1:" + balancer.getAddress().getPort() + "/api";
            try (Program one = program("stored-service", "StoredService.java", folder, "0", url);
                    Program client = program("stored-client", "StoredClient.java", folder, address)) {
                port = one.nextPort();
                client.type("hello");
                assertThat(client.nextLine()).isEqualTo("request 0 of \"client\": hello");

                try (Program two = program("stored-service", "StoredService.java", folder, "0", url)) {
                    port = two.nextPort();
                    client.type("another instance");
                    assertThat(client.nextLine()).isEqualTo("request 1 of \"client\": another instance");
                }
                one.close();
                client.type("nobody is there");
                assertThat(client.nextLine()).startsWith("the service may have acted, or not: ");

                try (Program restarted = program("stored-service", "StoredService.java", folder, "0", url)) {
                    port = restarted.nextPort();
                    client.type("after a restart");
                    // A new session would begin with request 0.
                    assertThat(client.nextLine()).isEqualTo("request 3 of \"client\": after a restart");
                }
                client.endInput();
                client.awaitEnd();
            }
        } finally {
            balancer.stop(0);
        }
    }

    private static Program program(String example, String file, Path folder, String... arguments) throws Exception {
        return Program.start(PastedProgram.command("stored-sessions.md", example, file, folder, arguments)
                .directory(folder.toFile())
                .redirectErrorStream(true));
    }

    /** Sends every request to the present port, and answers 503 if nobody is there, as load balancers do. */
    private HttpServer balancer() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::forward);
        server.start();
        return server;
    }

    private void forward(HttpExchange exchange) throws IOException {
        try (exchange) {
            HttpRequest.Builder request = HttpRequest.newBuilder(
                            URI.create("http://127.0.0.1:" + port + exchange.getRequestURI()))
                    .POST(HttpRequest.BodyPublishers.ofByteArray(
                            exchange.getRequestBody().readAllBytes()));
            Optional.ofNullable(exchange.getRequestHeaders().getFirst("Secure-Session"))
                    .ifPresent(token -> request.header("Secure-Session", token));
            HttpResponse<byte[]> response;
            try {
                response = send(request.build());
            } catch (IOException nobodyIsThere) {
                exchange.sendResponseHeaders(503, -1);
                return;
            }
            response.headers()
                    .firstValue("Secure-Session")
                    .ifPresent(token -> exchange.getResponseHeaders().set("Secure-Session", token));
            exchange.sendResponseHeaders(
                    response.statusCode(), response.body().length == 0 ? -1 : response.body().length);
            exchange.getResponseBody().write(response.body());
        }
    }

    private HttpResponse<byte[]> send(HttpRequest request) throws IOException {
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofByteArray());
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Test
    void thePageNamesTheVersionsOfThisBuild() throws Exception {
        String page = Files.readString(ROOT.resolve("docs/stored-sessions.md"));
        assertThat(page)
                .contains(dependency("com.zaxxer", "HikariCP", property("examples/pom.xml", "hikari.version")))
                .contains(dependency("org.postgresql", "postgresql", property("pom.xml", "postgresql.version")));
    }

    private static String dependency(String group, String artifact, String version) {
        return "    <groupId>" + group + "</groupId>\n    <artifactId>" + artifact + "</artifactId>\n    <version>"
                + version + "</version>\n";
    }

    private static String property(String pom, String name) throws IOException {
        Matcher value =
                Pattern.compile("<" + name + ">([^<]+)</" + name + ">").matcher(Files.readString(ROOT.resolve(pom)));
        assertThat(value.find()).isTrue();
        return value.group(1);
    }
}
