package dev.securesession.cli.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

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
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Tunnels that run as processes: reload, revocation, metrics, status, log and the service manager. */
@Timeout(120)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "signals of Unix and its sockets")
class OperationsTest {
    @TempDir
    Path directory;

    private final List<AutoCloseable> closeables = new ArrayList<>();
    private ServerSocket service;

    @BeforeEach
    void begin() throws IOException {
        service = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        closeables.add(service);
        for (String name : List.of("db", "web", "app")) {
            Cli.keygen(file(name));
        }
    }

    @AfterEach
    void end() throws Exception {
        for (AutoCloseable closeable : closeables) {
            closeable.close();
        }
    }

    @Test
    void revokedPeerIsCutOffAtOnceAndOthersGoOn() throws Exception {
        writePeers(line("web"), line("app"));
        Running serve = serve();
        Carried web = carry("web", serve.port());
        Carried app = carry("app", serve.port());

        writePeers(line("app"));
        serve.awaitLine("reloaded \\(a file changed\\): 1 (peer; removed \"web\")$");
        assertThatExceptionOfType(SocketException.class)
                .isThrownBy(() -> web.client.getInputStream().read());
        serve.awaitLine("\"web\" from .*: (the peer may no longer use this connection)");
        app.exchange();
    }

    @Test
    void killedServerIsNoEndForEitherSide() throws Exception {
        writePeers(line("web"));
        Running serve = serve();
        Carried web = carry("web", serve.port());
        web.exchange();

        serve.process.destroyForcibly();
        assertThatExceptionOfType(SocketException.class)
                .isThrownBy(() -> web.accepted.getInputStream().read());
        assertThatExceptionOfType(SocketException.class)
                .isThrownBy(() -> web.client.getInputStream().read());
    }

    @Test
    void hangupReloadsAndWrongFileChangesNothing() throws Exception {
        writePeers(line("web"));
        Running serve = serve();
        Carried web = carry("web", serve.port());

        writePeers("web nonsense");
        serve.hangup();
        serve.awaitLine(
                "warning: reload refused \\(.*the earlier state stays in force: .*peers:1: (what stands after)");
        web.exchange();

        writePeers(line("app"), line("web"));
        serve.hangup();
        serve.awaitLine("reloaded .*: 2 (peers; added \"app\")$");
        web.exchange();
        carry("app", serve.port()).exchange();
    }

    @Test
    void keyOfServerThatChangedAppliesToNewConnections() throws Exception {
        writePeers(line("web"));
        Running serve = serve();
        Carried web = carry("web", serve.port());

        Cli.keygen(file("new"));
        Files.move(file("new"), file("db"), StandardCopyOption.REPLACE_EXISTING);
        Files.move(file("new.pub"), file("db.pub"), StandardCopyOption.REPLACE_EXISTING);
        serve.awaitLine("(reloaded) \\(a file changed\\): 1 peer; the key of this end changed");

        web.exchange();
        carry("web", serve.port()).exchange();
    }

    @Test
    void showsMetricsHealthStatusAndJson() throws Exception {
        writePeers(line("web"));
        Path socket = file("status");
        Running serve = serve("--metrics", "127.0.0.1:0", "--status", "unix:" + socket, "--log-format", "json");
        String metrics = serve.awaitLine("metrics on (http://127.0.0.1:[0-9]+/metrics)");
        Carried web = carry("web", serve.port());
        web.exchange();

        assertThat(get(metrics).body())
                .contains("securesession_tunnel_connections{tunnel=\"default\"} 1.0")
                .contains("securesession_tunnel_opened_total{tunnel=\"default\"} 1.0")
                .contains("securesession_tunnel_bytes_total{direction=\"to_target\",tunnel=\"default\"} 5.0")
                .contains("securesession_tunnel_bytes_total{direction=\"from_target\",tunnel=\"default\"} 6.0")
                .contains("securesession_tunnel_refused_total{reason=\"peer_limit\",tunnel=\"default\"} 0.0")
                .contains("securesession_reloads_total{result=\"refused\"} 0.0")
                .contains("process_files_open_files");
        HttpResponse<String> health = get(metrics.replace("/metrics", "/health"));
        assertThat(health.statusCode()).isEqualTo(200);
        assertThat(health.body()).isEqualTo("{\"status\":\"up\"}\n");
        assertThat(get(metrics.replace("/metrics", "/metrics/x")).statusCode()).isEqualTo(404);
        assertThat(get(metrics.replace("/metrics", "/")).statusCode()).isEqualTo(404);

        assertThat(Files.getPosixFilePermissions(socket)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        String table = new Cli().run("status", "unix:" + socket).succeeded().out();
        assertThat(table)
                .startsWith("serve on 127.0.0.1:" + serve.port() + ": 1 connection\n")
                .containsPattern("(?m)^PEER +FROM +TARGET +OPEN +TO TARGET +FROM TARGET$")
                .containsPattern("(?m)^\"web\" +127\\.0\\.0\\.1:\\d+ +- +\\d+ s +5 +6$");
        assertThat(new Cli()
                        .run("status", "unix:" + socket, "--json")
                        .succeeded()
                        .out())
                .startsWith("{\"tunnels\":[{\"name\":\"\",\"kind\":\"serve\",\"address\":\"127.0.0.1:")
                .contains(
                        "\"connections\":[{\"peer\":\"web\",\"session\":\"",
                        "\"bytesToTarget\":5,\"bytesFromTarget\":6}]}]}\n");

        web.complete();
        assertThat(serve.awaitLine("(\\{.*\"event\":\"closed\".*\\})"))
                .contains("\"peer\":\"web\"", "\"bytesToTarget\":5,\"bytesFromTarget\":6", "\"complete\":true");
        assertThat(Files.readAllLines(serve.err))
                .allMatch(line -> line.startsWith("{\"time\":\"") && line.endsWith("}"));

        serve.process.destroy();
        assertThat(serve.process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(serve.process.exitValue()).isZero();
        assertThat(socket).doesNotExist();
        new Cli().run("status", "unix:" + socket).failed(1, "nothing answers on unix:" + socket);
        new Cli().run("status", socket).failed(1, "expected unix:PATH");
    }

    @Test
    void serviceManagerLearnsEachState() throws Exception {
        Path told = file("told");
        Path programs = Files.createDirectory(file("bin"));
        Path program =
                Files.writeString(programs.resolve("systemd-notify"), "#!/bin/sh\necho \"$2\" >> '" + told + "'\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
        writePeers(line("web"));
        Running serve = start(
                Map.of("NOTIFY_SOCKET", "/run/systemd/notify", "PATH", programs + ":/usr/bin:/bin"), serveArguments());
        serve.port();
        await(serve, () -> Files.exists(told) && Files.readAllLines(told).equals(List.of("READY=1")));

        serve.hangup();
        await(serve, () -> Files.readAllLines(told).equals(List.of("READY=1", "RELOADING=1", "READY=1")));
        serve.process.destroy();
        assertThat(serve.process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readAllLines(told)).endsWith("STOPPING=1");
    }

    @Test
    void runsTunnelsOfFileAndAppliesItsChanges() throws Exception {
        writePeers(line("web"));
        Path config = Files.writeString(file("tunnels.toml"), """
                id = "db"
                key = "db"

                [serve.one]
                listen = "127.0.0.1:0"
                peers = "peers"
                to = "127.0.0.1:%d"
                """.formatted(service.getLocalPort()));
        Running tunnels = start(Map.of(), List.of("tunnels", "--config", config));
        int port = Integer.parseInt(tunnels.awaitLine("one: listening on 127.0.0.1:([0-9]+)"));
        Carried web = carry("web", port);

        String one = Files.readString(config);
        Files.writeString(
                config, one + "[serve.two]\nlisten = \"127.0.0.1:0\"\npeers = \"absent\"\nto = \"127.0.0.1:1\"\n");
        tunnels.awaitLine("reload refused .*(no such file)");
        Files.writeString(config, one + """
                [proxy.two]
                id = "web"
                key = "web"
                listen = "127.0.0.1:0"
                connect = "127.0.0.1:%d"
                peer = "db"
                peer-key = "db.pub"
                """.formatted(port));
        int proxy = Integer.parseInt(tunnels.awaitLine("two: listening on 127.0.0.1:([0-9]+)"));
        tunnels.awaitLine("reloaded .*: 1 server, 1 proxy; (started two)");
        tunnels.awaitLine("two: the way to (\"db\" at 127\\.0\\.0\\.1:" + port + " is open)");
        exchange(new InetSocketAddress(InetAddress.getLoopbackAddress(), proxy));
        web.exchange();

        Files.writeString(config, one.replace("serve.one", "serve.other"));
        tunnels.awaitLine("other: listening on (.*)");
        tunnels.awaitLine("one: (no longer in the file), stopped listening");
        web.exchange();
        Files.writeString(config, one.replace("serve.one", "serve.other").replace("0.0.1:0", "0.0.1:1"));
        tunnels.awaitLine("reload refused .*other: (listen changed), which needs a restart");
    }

    @Test
    void revocationReachesATunnelThatIsRemovedAndDrains() throws Exception {
        writePeers(line("web"), line("app"));
        Path config = Files.writeString(file("tunnels.toml"), """
                id = "db"
                key = "db"
                drain-seconds = 600

                [serve.one]
                listen = "127.0.0.1:0"
                peers = "peers"
                to = "127.0.0.1:%d"
                """.formatted(service.getLocalPort()));
        Running tunnels = start(Map.of(), List.of("tunnels", "--config", config));
        int port = Integer.parseInt(tunnels.awaitLine("one: listening on 127.0.0.1:([0-9]+)"));
        Carried web = carry("web", port);
        Carried app = carry("app", port);
        Files.writeString(
                config,
                Files.readString(config).replace("serve.one", "serve.other").replace("\"peers\"", "\"nobody\""));
        Files.writeString(file("nobody"), "# nobody\n");
        tunnels.awaitLine("one: (no longer in the file), stopped listening");
        web.exchange();

        writePeers(line("app"));
        tunnels.awaitLine("\"web\" from .*: (the peer may no longer use this connection)");
        assertThatExceptionOfType(SocketException.class)
                .isThrownBy(() -> web.client.getInputStream().read());
        app.exchange();
    }

    @Test
    void unixDomainSocketsOfProgramsAreWarnedOf() throws Exception {
        writePeers(line("web"));
        Running serve = serve("--to", "other=unix:" + file("other"));
        serve.awaitLine("warning: (--to: \\S*other): .*cannot be reset");
    }

    @Test
    void proxiesForOtherMachinesAreWarnedOf() throws Exception {
        Running proxy = start(
                Map.of(),
                List.of(
                        "proxy",
                        "--id",
                        "web",
                        "--key",
                        file("web"),
                        "--listen",
                        "0.0.0.0:0",
                        "--connect",
                        "127.0.0.1:" + service.getLocalPort(),
                        "--peer",
                        "db=" + file("db.pub")));
        proxy.awaitLine("warning: (--listen: 0.0.0.0:0): whoever connects from another machine uses the identity");
    }

    @Test
    void explainsWhatIsWrong() throws Exception {
        writePeers(line("web"));
        refused(2, "--proxy-protocol: no target named \"x\"; expected a name of --to, or -", "--proxy-protocol", "x");
        refused(1, "--metrics: \"9100\" is no address; expected HOST:PORT", "--metrics", "9100");
        refused(
                1,
                "--metrics: cannot listen on 127.0.0.1:" + service.getLocalPort(),
                "--metrics",
                "127.0.0.1:" + service.getLocalPort());
        refused(1, "\"/run/x\" is no Unix-domain socket; expected unix:PATH", "--status", "/run/x");
        refused(1, "the file exists and is no socket", "--status", "unix:" + file("peers"));
        refused(2, "--log-format", "--log-format", "xml");
        refused(
                2,
                "--to: a target name of 256 bytes; it must have at most 255",
                "--to",
                "x".repeat(256) + "=127.0.0.1:1");
    }

    private void refused(int status, String sentence, Object... more) {
        List<Object> arguments = new ArrayList<>(serveArguments());
        arguments.addAll(List.of(more));
        new Cli().run(arguments.toArray()).failed(status, sentence);
    }

    private Running serve(Object... more) throws IOException {
        List<Object> arguments = new ArrayList<>(serveArguments());
        arguments.addAll(List.of(more));
        return start(Map.of(), arguments);
    }

    private List<Object> serveArguments() {
        return List.of(
                "serve",
                "--id",
                "db",
                "--key",
                file("db"),
                "--listen",
                "127.0.0.1:0",
                "--peers",
                file("peers"),
                "--to",
                "127.0.0.1:" + service.getLocalPort());
    }

    /** Replaces the file in one step, as an editor does. */
    private void writePeers(String... lines) throws IOException {
        Path next = Files.writeString(file("peers.next"), String.join("\n", lines) + "\n");
        Files.move(next, file("peers"), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private String line(String name) {
        return name + " "
                + new Cli()
                        .run("pubkey", file(name + ".pub"), "--format", "base64")
                        .succeeded()
                        .out()
                        .strip();
    }

    /** Opens a connection through a proxy in this process, and sees its first byte at the service. */
    private Carried carry(String peer, int serverPort) throws Exception {
        PeerId server = PeerId.ofUtf8("db");
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8(peer), IdentityPrivateKey.decode(Cli.read(file(peer)))),
                PeerDirectory.of(server, IdentityPublicKey.decode(Cli.read(file("db.pub")))));
        TunnelProxy proxy = TunnelProxy.start(
                TunnelAddress.parse("127.0.0.1:0"),
                TunnelAddress.parse("127.0.0.1:" + serverPort),
                config,
                server,
                "",
                TunnelOptions.defaults());
        closeables.add(proxy);
        return open((InetSocketAddress) proxy.address());
    }

    private Carried open(InetSocketAddress address) throws IOException {
        Socket client = new Socket(address.getAddress(), address.getPort());
        closeables.add(client);
        client.setSoTimeout(30_000);
        service.setSoTimeout(30_000);
        Socket accepted = service.accept();
        closeables.add(accepted);
        accepted.setSoTimeout(30_000);
        return new Carried(client, accepted);
    }

    private void exchange(InetSocketAddress address) throws IOException {
        open(address).exchange();
    }

    private static HttpResponse<String> get(String uri) throws IOException, InterruptedException {
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(URI.create(uri)).build(), HttpResponse.BodyHandlers.ofString());
    }

    private Running start(Map<String, String> environment, List<Object> arguments) throws IOException {
        Path err = Files.createTempFile(directory, "err", "");
        ProcessBuilder builder = Cli.processWithHeap(128, arguments.toArray()).redirectError(err.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        closeables.add(process::destroyForcibly);
        return new Running(process, err);
    }

    private Path file(String name) {
        return directory.resolve(name);
    }

    private static void await(Running running, Condition condition) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.holds()) {
            assertThat(running.process.waitFor(20, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline)
                    .as(Files.readString(running.err))
                    .isFalse();
        }
    }

    /** What a process ignores when it is started, a JVM keeps ignoring. */
    private static boolean isHangupIgnored() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            return false;
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .map(line -> line.substring("SigIgn:".length()).strip())
                .anyMatch(mask -> (Character.digit(mask.charAt(mask.length() - 1), 16) & 1) != 0);
    }

    private interface Condition {
        boolean holds() throws IOException;
    }

    /** One connection from its client to the service. */
    private record Carried(Socket client, Socket accepted) {
        void exchange() throws IOException {
            client.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
            assertThat(accepted.getInputStream().readNBytes(5))
                    .asString(StandardCharsets.US_ASCII)
                    .isEqualTo("hello");
            accepted.getOutputStream().write("answer".getBytes(StandardCharsets.US_ASCII));
            assertThat(client.getInputStream().readNBytes(6))
                    .asString(StandardCharsets.US_ASCII)
                    .isEqualTo("answer");
        }

        void complete() throws IOException {
            client.shutdownOutput();
            assertThat(accepted.getInputStream().read()).isNegative();
            accepted.shutdownOutput();
            assertThat(client.getInputStream().read()).isNegative();
        }
    }

    private record Running(Process process, Path err) {
        int port() throws IOException, InterruptedException {
            return Integer.parseInt(awaitLine("listening on 127.0.0.1:([0-9]+)"));
        }

        void hangup() throws IOException, InterruptedException {
            assumeFalse(
                    isHangupIgnored(),
                    "SIGHUP is ignored here, by nohup for example, and so by every process that a test starts");
            assertThat(new ProcessBuilder("kill", "-HUP", Long.toString(process.pid()))
                            .start()
                            .waitFor())
                    .isZero();
        }

        /** Returns the group of the first line with this text. */
        String awaitLine(String pattern) throws IOException, InterruptedException {
            String[] found = new String[1];
            Pattern compiled = Pattern.compile(pattern, Pattern.MULTILINE);
            await(this, () -> {
                String printed = Files.readString(err);
                Matcher matcher = compiled.matcher(printed);
                boolean matches = printed.endsWith("\n") && matcher.find();
                found[0] = matches ? matcher.group(1) : "";
                return matches;
            });
            return found[0];
        }
    }
}
