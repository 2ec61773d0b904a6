package dev.securesession.cli.tunnel;

import dev.securesession.cli.Cli;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The keys, peers file and processes of a server {@code db} and of proxies of the peers {@code web} and {@code app}. */
final class TunnelPair implements AutoCloseable {
    private final Path directory;
    private final List<TunnelProcess> started = new ArrayList<>();

    TunnelPair(Path directory) throws IOException {
        this.directory = directory;
        for (String name : List.of("db", "web", "app")) {
            Cli.keygen(file(name));
        }
        writePeers("web", "app");
    }

    Path file(String name) {
        return directory.resolve(name);
    }

    /** Replaces the peers file in one step, as an editor does. */
    void writePeers(String... names) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (String name : names) {
            lines.append(name)
                    .append(' ')
                    .append(new Cli()
                            .run("pubkey", file(name + ".pub"), "--format", "base64")
                            .succeeded()
                            .out()
                            .strip())
                    .append('\n');
        }
        Path next = Files.writeString(file("peers.next"), lines);
        Files.move(next, file("peers"), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Starts a server in front of a port of this machine; 0 for any port to listen on. */
    TunnelProcess serve(int port, int target, Object... more) throws IOException {
        return start(
                List.of(
                        "serve",
                        "--id",
                        "db",
                        "--key",
                        file("db"),
                        "--listen",
                        "127.0.0.1:" + port,
                        "--peers",
                        file("peers"),
                        "--to",
                        "127.0.0.1:" + target),
                more);
    }

    /** Starts a proxy of a peer. */
    TunnelProcess proxy(String peer, int server, Object... more) throws IOException {
        return start(
                List.of(
                        "proxy",
                        "--id",
                        peer,
                        "--key",
                        file(peer),
                        "--listen",
                        "127.0.0.1:0",
                        "--connect",
                        "127.0.0.1:" + server,
                        "--peer",
                        "db=" + file("db.pub")),
                more);
    }

    private TunnelProcess start(List<Object> arguments, Object... more) throws IOException {
        List<Object> all = new ArrayList<>(arguments);
        all.addAll(List.of(more));
        TunnelProcess process = TunnelProcess.start(file("log" + started.size()), all);
        started.add(process);
        return process;
    }

    /** Returns the last lines of all logs, for the message of a failed test. */
    String logs() {
        return started.stream().map(TunnelProcess::lastLines).collect(Collectors.joining("\n---\n"));
    }

    @Override
    public void close() {
        started.forEach(TunnelProcess::close);
    }
}
