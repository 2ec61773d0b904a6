package dev.securesession.cli.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.cli.Cli;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The two commands as processes, with a service behind them. */
@Timeout(120)
class ServeProxyTest {
    private static final byte[] HELLO = {'h', 'e', 'l', 'l', 'o'};
    private static final byte[] ANSWER = {'a', 'n', 's', 'w', 'e', 'r'};

    @TempDir
    Path directory;

    private final List<Process> processes = new ArrayList<>();
    private ServerSocket service;

    @BeforeEach
    void begin() throws IOException {
        service = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Cli.keygen(file("db.key"));
        Cli.keygen(file("web.key"));
        Cli.keygen(file("other.key"));
    }

    @AfterEach
    void end() throws IOException {
        processes.forEach(Process::destroyForcibly);
        service.close();
    }

    @Test
    void carriesConnectionsAndSaysSo() throws Exception {
        Running serve = serve("--peer", "web=" + file("web.key.pub"), "--to", "127.0.0.1:" + service.getLocalPort());
        assertThat(serve.awaitLine("listening on (.*)")).contains("for 1 peer, to 127.0.0.1:");
        Running proxy = proxy(serve.port());
        assertThat(proxy.awaitLine("listening on (.*)")).contains("to \"db\" at 127.0.0.1:" + serve.port());

        assertCarries(proxy.port());
        assertThat(serve.awaitLine("\"web\" from (.*)")).contains("complete, 5 bytes to the target and 6 back in ");
        assertThat(proxy.awaitLine("\"db\" from (.*)")).contains("complete");
    }

    @Test
    void peersMayComeFromAFileAndReachNamedTargets() throws Exception {
        String key = new Cli()
                .run("pubkey", file("web.key.pub"), "--format", "base64")
                .succeeded()
                .out()
                .strip();
        Path peers = Files.writeString(file("peers"), "targets=\"a,c\" web " + key + "\n");
        String address = "127.0.0.1:" + service.getLocalPort();
        Running serve = serve("--peers", peers, "--to", "a=" + address, "--to", "b=" + address, "--to", "c=" + address);

        assertCarries(proxy(serve.port(), "--target", "c").port());
        assertRefused(proxy(serve.port(), "--target", "b").port());
        assertRefused(proxy(serve.port()).port());
        assertThat(serve.awaitLine("warning: refused (.*)")).contains("\"web\" may reach no target named b");
    }

    @Test
    void peersMayComeFromAFolder() throws Exception {
        Path peers = Files.createDirectory(file("peers"));
        Files.copy(file("web.key.pub"), peers.resolve("web.pub"));
        Running serve = serve("--peers", peers, "--to", "127.0.0.1:" + service.getLocalPort());

        assertCarries(proxy(serve.port()).port());
    }

    @Test
    void refusesAPeerWithAnotherKey() throws Exception {
        Running serve = serve("--peer", "web=" + file("other.key.pub"), "--to", "127.0.0.1:" + service.getLocalPort());
        Running proxy = proxy(serve.port());

        assertRefused(proxy.port());
        assertThat(serve.awaitLine("warning: refused (.*)")).contains("signature");
        assertThat(proxy.awaitLine("warning: refused (.*)"))
                .contains("no session with \"db\"")
                .contains("it may have refused this identity");
    }

    @Test
    void proxyTestsItsWayOnce() throws Exception {
        Running serve = serve("--peer", "web=" + file("web.key.pub"), "--to", "127.0.0.1:" + service.getLocalPort());
        Running proxy = proxy(serve.port());

        assertThat(proxy.awaitLine("the way to (.*)")).isEqualTo("\"db\" at 127.0.0.1:" + serve.port() + " is open");
        assertCarries(proxy.port());
        serve.awaitLine("\"web\" from (.*)");
        assertThat(Files.readString(serve.err)).doesNotContain("warning");
    }

    @Test
    void proxyWarnsOfAWayThatIsNotOpen() throws Exception {
        String to = "127.0.0.1:" + service.getLocalPort();
        Running serve = serve("--peer", "web=" + file("web.key.pub"), "--to", to);
        Running mistrustful = serve("--peer", "web=" + file("other.key.pub"), "--to", to);

        Running down = proxy(closedPort());
        Running wrongKey = start(replaced(proxyArguments(serve.port()), "--peer", "db=" + file("other.key.pub")));
        Running unknown = proxy(mistrustful.port());

        assertThat(down.awaitLine("warning: the way to (.*)"))
                .startsWith("\"db\" at 127.0.0.1:")
                .contains(" is not open: ", "refused");
        assertThat(unknown.awaitLine("warning: the way to (.*)"))
                .contains("whether it knows the id \"web\" and this key");
        assertThat(wrongKey.awaitLine("warning: the way to (.*)")).contains("signature");
        assertThat(List.of(down, wrongKey, unknown)).allMatch(proxy -> proxy.process.isAlive());
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "Unix-domain sockets")
    void proxyTestsItsWayOverAUnixSocket() throws Exception {
        String socket = "unix:" + file("socket");
        Running serve = start(with(
                new Object[] {"--peer", "web=" + file("web.key.pub"), "--to", "127.0.0.1:" + service.getLocalPort()},
                "serve",
                "--id",
                "db",
                "--key",
                file("db.key"),
                "--listen",
                socket));
        serve.awaitLine("listening on (.*)");
        Running proxy = start(replaced(proxyArguments(0), "--connect", socket));

        assertThat(proxy.awaitLine("the way to (.*)")).isEqualTo("\"db\" at " + socket + " is open");
    }

    private static Object[] replaced(Object[] arguments, String option, Object value) {
        Object[] replaced = arguments.clone();
        replaced[List.of(arguments).indexOf(option) + 1] = value;
        return replaced;
    }

    private static int closedPort() throws IOException {
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return closed.getLocalPort();
        }
    }

    @Test
    void drainsWhenItIsAskedToStop() throws Exception {
        Running serve = serve(
                "--peer", "web=" + file("web.key.pub"), "--drain", 60, "--to", "127.0.0.1:" + service.getLocalPort());
        Running proxy = proxy(serve.port());
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), proxy.port());
                Socket accepted = service.accept()) {
            client.getOutputStream().write(1);
            assertThat(accepted.getInputStream().read()).isEqualTo(1);
            serve.process.destroy();
            serve.awaitLine("stopping; waiting up to 60 s for 1 (connection)");

            accepted.getOutputStream().write(2);
            assertThat(client.getInputStream().read()).isEqualTo(2);
            client.shutdownOutput();
            assertThat(accepted.getInputStream().read()).isNegative();
        }
        assertThat(serve.process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(serve.process.exitValue()).isZero();
    }

    @Test
    void explainsWhatIsWrong() throws Exception {
        String target = "127.0.0.1:" + service.getLocalPort();
        Path key = file("db.key");
        String peer = "web=" + file("web.key.pub");
        new Cli()
                .run("serve", "--id", "db", "--key", key, "--listen", target, "--peer", peer, "--to", "127.0.0.1:1")
                .failed(1, "cannot listen on " + target);
        new Cli()
                .run(
                        "serve",
                        "--id",
                        "db",
                        "--key",
                        file("none"),
                        "--listen",
                        "127.0.0.1:0",
                        "--peer",
                        peer,
                        "--to",
                        target)
                .failed(1, "no such file or directory", "none");
        new Cli()
                .run("serve", "--id", "db", "--key", key, "--listen", "localhost", "--peer", peer, "--to", target)
                .failed(2, "--listen", "expected HOST:PORT");
        wrongServe("--peer", peer, "--to", "a=b=c").failed(2, "--to", "\"b=c\" is no address");
        wrongServe("--peer", peer, "--to", "=" + target).failed(2, "--to", "empty name");
        wrongServe("--peer", peer, "--to", target, "--to", target).failed(2, "two targets without a name");
        wrongServe("--to", target).failed(2, "--peer");
        wrongServe("--peer", peer, "--to", target, "--max-connections-per-peer", 0)
                .failed(2, "0 connections of one peer; it must be 1 or more");
        wrongServe("--peer", peer, "--to", target, "--handshakes-per-second", -1)
                .failed(2, "-1 handshakes a second; it must be 0");
        wrongServe("--peer", peer, "--peers", key, "--to", target).failed(2, "--peers");
        wrongServe("--peers", file("none"), "--to", target).failed(1, "none");
        new Cli()
                .run("proxy", "--id", "web", "--key", key, "--listen", target, "--connect", target, "--peer", peer)
                .failed(1, "cannot listen on " + target);
        wrongProxy("--peer", "x=" + file("other.key.pub")).failed(2, "--peer: 2 peers; expected one");
        wrongProxy("--target", "x".repeat(256)).failed(2, "--target", "256 bytes");
        wrongProxy("--max-connections", 0).failed(2, "0 connections");
        wrongProxy("--drain", -1).failed(2, "--drain");
        wrongProxy("--session-reuse", -1).failed(2, "--session-reuse: a session reuse of");
        wrongProxy("--session-reuse", 86_401).failed(2, "--session-reuse", "from zero (none) to a day");
        wrongProxy("--drain", 31_536_001).failed(2, "31536001 seconds; it must be 0 to 31536000");
    }

    private Cli.Result wrongServe(Object... more) {
        return new Cli().run(serveArguments(more));
    }

    private Cli.Result wrongProxy(Object... more) {
        return new Cli().run(proxyArguments(service.getLocalPort(), more));
    }

    private void assertCarries(int port) throws IOException {
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
                Socket accepted = service.accept()) {
            client.getOutputStream().write(HELLO);
            client.shutdownOutput();
            assertThat(accepted.getInputStream().readAllBytes()).isEqualTo(HELLO);
            accepted.getOutputStream().write(ANSWER);
            accepted.shutdownOutput();
            assertThat(client.getInputStream().readAllBytes()).isEqualTo(ANSWER);
        }
    }

    private static void assertRefused(int port) throws IOException {
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
            client.setSoTimeout(30_000);
            org.assertj.core.api.Assertions.assertThatExceptionOfType(SocketException.class)
                    .isThrownBy(() -> client.getInputStream().read());
        }
    }

    private Running serve(Object... more) throws IOException {
        return start(serveArguments(more));
    }

    private Running proxy(int port, Object... more) throws IOException {
        return start(proxyArguments(port, more));
    }

    private Object[] serveArguments(Object... more) {
        return with(more, "serve", "--id", "db", "--key", file("db.key"), "--listen", "127.0.0.1:0");
    }

    private Object[] proxyArguments(int port, Object... more) {
        return with(
                more,
                "proxy",
                "--id",
                "web",
                "--key",
                file("web.key"),
                "--listen",
                "127.0.0.1:0",
                "--connect",
                "127.0.0.1:" + port,
                "--peer",
                "db=" + file("db.key.pub"));
    }

    private static Object[] with(Object[] more, Object... first) {
        return Stream.concat(Stream.of(first), Stream.of(more)).toArray();
    }

    private Running start(Object... arguments) throws IOException {
        Path err = directory.resolve("err" + processes.size());
        Process process =
                Cli.processWithHeap(128, arguments).redirectError(err.toFile()).start();
        processes.add(process);
        return new Running(process, err);
    }

    private Path file(String name) {
        return directory.resolve(name);
    }

    private record Running(Process process, Path err) {
        int port() throws IOException {
            return Integer.parseInt(awaitLine("listening on [0-9.]+:([0-9]+)"));
        }

        /** Returns the group of the first line with this text. */
        String awaitLine(String pattern) throws IOException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (true) {
                String printed = Files.readString(err);
                Matcher found = Pattern.compile(pattern).matcher(printed);
                if (printed.endsWith("\n") && found.find()) {
                    return found.group(1);
                }
                if (System.nanoTime() > deadline
                        || (!process.isAlive() && !found.reset().find())) {
                    throw new AssertionError("no line \"" + pattern + "\" in:\n" + Files.readString(err));
                }
                Thread.onSpinWait();
            }
        }
    }
}
