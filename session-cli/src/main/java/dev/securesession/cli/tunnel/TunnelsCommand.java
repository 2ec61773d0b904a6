package dev.securesession.cli.tunnel;

import dev.securesession.CryptoProviders;
import dev.securesession.SessionConfig;
import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.FastestProviders;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.command.Terminal;
import dev.securesession.cli.keyfile.KeyReader;
import dev.securesession.cli.keyfile.PassphraseOptions;
import dev.securesession.cli.operations.FileWarnings;
import dev.securesession.cli.operations.Identities;
import dev.securesession.cli.operations.Operations;
import dev.securesession.cli.operations.OperationsOptions;
import dev.securesession.cli.operations.PeersFile;
import dev.securesession.cli.operations.RunningTunnel;
import dev.securesession.cli.operations.ServerCheck;
import dev.securesession.cli.operations.TunnelFile;
import dev.securesession.tunnel.Tunnel;
import dev.securesession.tunnel.TunnelProxy;
import dev.securesession.tunnel.TunnelServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "tunnels",
        description = {
            "Runs many tunnels in one process, each a serve or a proxy, as a TOML file describes them.",
            "",
            "The file, and the keys and peers that it names, are read again when they change and at SIGHUP: all of it is "
                    + "applied, or nothing. docs/tunnel-operations.md describes the file."
        },
        exitCodeList = {
            "0:It was asked to stop and drained its connections; with --check: everything is right.",
            "1:It failed: something in the file is wrong, or an address is in use.",
            "2:The command was used wrongly."
        },
        footer = {
            "",
            "Examples:",
            "  secure-session tunnels --config /etc/secure-session/tunnels.toml --check",
            "  secure-session tunnels --config /etc/secure-session/tunnels.toml"
        })
public final class TunnelsCommand extends Subcommand {
    @Option(names = "--config", required = true, paramLabel = "FILE", order = 1, description = "The TOML file.")
    @SuppressWarnings("NullAway.Init")
    private Path config;

    @Option(
            names = "--check",
            order = 2,
            description = "Read the file with all keys and peers that it names, say what is wrong, and start nothing.")
    private boolean check;

    @Mixin
    private PassphraseOptions passphrase;

    @Override
    public Integer call() throws IOException, Failure, InterruptedException {
        FileWarnings warnings = new FileWarnings();
        Terminal terminal = check ? terminal() : terminal().withWarnings(warnings);
        KeyReader reader = new KeyReader(terminal, passphrase);
        Identities identities = new Identities(terminal, reader);
        TunnelFile file = TunnelFile.read(config, identities, reader);
        if (check) {
            terminal.out().println(config + ": " + counts(file));
            terminal.out().flush();
            return 0;
        }
        CryptoProviders crypto = FastestProviders.get();
        try (Operations running = OperationsOptions.start(
                        terminal,
                        OperationsOptions.Choice.EVERYTHING,
                        file.metrics(),
                        file.status(),
                        file.logFormat());
                Fleet fleet = new Fleet(running, crypto, file)) {
            warnings.sendTo(running.log());
            // Not before: it would hold up the first connection.
            crypto.warmUpInBackground();
            running.run(new Reload(fleet, identities, reader), counts(file), file.drain());
        }
        return 0;
    }

    private static String counts(TunnelFile file) {
        return count(file.servers().size(), "server", "servers") + ", "
                + count(file.proxies().size(), "proxy", "proxies");
    }

    private static String count(int number, String one, String many) {
        return number + " " + (number == 1 ? one : many);
    }

    /** Reads the file again. */
    private final class Reload implements Operations.Reloadable {
        private final Fleet fleet;
        private final Identities identities;
        private final KeyReader reader;

        Reload(Fleet fleet, Identities identities, KeyReader reader) {
            this.fleet = fleet;
            this.identities = identities;
            this.reader = reader;
        }

        @Override
        public Collection<Path> files() {
            return fleet.files();
        }

        @Override
        public String reload() throws IOException, Failure {
            TunnelFile others = TunnelFile.read(config, identities, reader);
            return Operations.reloaded(counts(others), fleet.replace(others));
        }
    }

    /** The tunnels of a file, which run. For one thread. */
    private static final class Fleet implements AutoCloseable {
        private final Operations running;
        private final CryptoProviders crypto;
        private final Map<String, RunningTunnel> tunnels = new LinkedHashMap<>();
        // Servers that are no longer in the file, until their connections have ended, and where their peers are read.
        private final Map<TunnelServer, Path> draining = new ConcurrentHashMap<>();
        private TunnelFile inForce;

        Fleet(Operations running, CryptoProviders crypto, TunnelFile file) throws Failure {
            this.running = running;
            this.crypto = crypto;
            this.inForce = file;
            startNew(file);
        }

        /** Returns the files whose changes count. */
        Collection<Path> files() {
            Set<Path> files = new HashSet<>(inForce.files());
            files.addAll(draining.values());
            return files;
        }

        /** Applies another file, or nothing of it; returns what has changed. */
        List<String> replace(TunnelFile others) throws Failure {
            requireSame(others);
            List<String> changes = new ArrayList<>();
            startNew(others).forEach(name -> changes.add("started " + name));
            // From here on nothing fails.
            for (String name : List.copyOf(tunnels.keySet())) {
                if (!others.servers().containsKey(name) && !others.proxies().containsKey(name)) {
                    RunningTunnel gone = tunnels.remove(name);
                    if (gone != null) {
                        remove(gone, others.drain());
                        changes.add("removed " + name);
                        running.info("removed", name + ": no longer in the file, stopped listening");
                    }
                }
            }
            for (RunningTunnel each : tunnels.values()) {
                String name = each.name();
                if (each.tunnel() instanceof TunnelServer server) {
                    TunnelFile.Server earlier = inForce.servers().get(name);
                    if (earlier != null) {
                        get(others.servers(), name)
                                .changesSince(earlier)
                                .forEach(change -> changes.add(name + ": " + change));
                    }
                    replace(server, earlier, get(others.servers(), name));
                } else if (each.tunnel() instanceof TunnelProxy proxy) {
                    TunnelFile.Proxy earlier = inForce.proxies().get(name);
                    if (earlier != null) {
                        get(others.proxies(), name)
                                .changesSince(earlier)
                                .forEach(change -> changes.add(name + ": " + change));
                    }
                    proxy.replaceConfig(config(get(others.proxies(), name)));
                }
            }
            inForce = others;
            revokePeersOfDraining();
            return changes;
        }

        private void remove(RunningTunnel gone, Duration drain) {
            TunnelFile.Server plan = inForce.servers().get(gone.name());
            if (plan != null && gone.tunnel() instanceof TunnelServer server) {
                draining.put(server, plan.peersFile());
                running.remove(gone, drain, () -> draining.remove(server));
            } else {
                running.remove(gone, drain, () -> {});
            }
        }

        /** Ends the connections of revoked peers also where they have only time to end. */
        private void revokePeersOfDraining() {
            draining.forEach((server, peersFile) -> {
                try {
                    server.replacePeers(PeersFile.read(peersFile));
                } catch (IOException | Failure e) {
                    running.log()
                            .warn(
                                    "removed",
                                    "the connections of a removed tunnel go on until their time to end is over: "
                                            + Errors.sentence(e));
                }
            });
        }

        private static void replace(TunnelServer server, TunnelFile.@Nullable Server earlier, TunnelFile.Server now) {
            server.replaceTargets(now.targets());
            server.replacePeers(now.peers());
            if (earlier != null && earlier.identity() != now.identity()) {
                server.replaceIdentity(now.identity());
            }
        }

        private static <T> T get(Map<String, T> map, String name) {
            T value = map.get(name);
            if (value == null) {
                throw new AssertionError("no tunnel " + name);
            }
            return value;
        }

        /** Refuses changes that need a restart. */
        private void requireSame(TunnelFile others) throws Failure {
            if (!others.ofProcess().equals(inForce.ofProcess())) {
                throw new Failure("metrics, status, log-format or drain-seconds changed, which needs a restart");
            }
            for (Map.Entry<String, TunnelFile.Server> entry : inForce.servers().entrySet()) {
                if (others.proxies().containsKey(entry.getKey())) {
                    throw restart(entry.getKey(), "serve or proxy");
                }
                TunnelFile.Server now = others.servers().get(entry.getKey());
                TunnelFile.Server earlier = entry.getValue();
                if (now != null && !now.listen().equals(earlier.listen())) {
                    throw restart(entry.getKey(), "listen");
                }
                if (now != null && !now.options().equals(earlier.options())) {
                    throw restart(entry.getKey(), "a limit");
                }
            }
            for (Map.Entry<String, TunnelFile.Proxy> entry : inForce.proxies().entrySet()) {
                if (others.servers().containsKey(entry.getKey())) {
                    throw restart(entry.getKey(), "serve or proxy");
                }
                TunnelFile.Proxy now = others.proxies().get(entry.getKey());
                TunnelFile.Proxy earlier = entry.getValue();
                if (now == null) {
                    continue;
                }
                if (!now.listen().equals(earlier.listen())) {
                    throw restart(entry.getKey(), "listen");
                }
                if (!now.connect().equals(earlier.connect())
                        || !now.peer().equals(earlier.peer())
                        || !now.target().equals(earlier.target())) {
                    throw restart(entry.getKey(), "connect, peer or target");
                }
                if (!now.options().equals(earlier.options())) {
                    throw restart(entry.getKey(), "a limit");
                }
            }
        }

        private static Failure restart(String name, String what) {
            return new Failure(name + ": " + what
                    + " changed, which needs a restart; or give the tunnel another name and another listen address");
        }

        /** Starts the tunnels that do not run yet, all of them or none; returns their names. */
        private List<String> startNew(TunnelFile file) throws Failure {
            List<String> started = new ArrayList<>();
            boolean done = false;
            try {
                for (TunnelFile.Server server : file.servers().values()) {
                    if (!tunnels.containsKey(server.name())) {
                        start(server);
                        started.add(server.name());
                    }
                }
                for (TunnelFile.Proxy proxy : file.proxies().values()) {
                    if (!tunnels.containsKey(proxy.name())) {
                        start(proxy);
                        started.add(proxy.name());
                    }
                }
                done = true;
            } finally {
                if (!done) {
                    started.forEach(this::undo);
                }
            }
            for (String name : started) {
                RunningTunnel tunnel = get(tunnels, name);
                running.add(tunnel);
                running.info("listening", name + ": listening on " + tunnel.address());
                TunnelFile.Server server = file.servers().get(name);
                TunnelFile.Proxy proxy = file.proxies().get(name);
                if (server != null) {
                    server.targets().values().forEach(target -> running.warnIfUnix(name + ": to: " + target, target));
                }
                if (proxy != null) {
                    running.warnIfUnix(name + ": listen: " + proxy.listen(), proxy.listen());
                    running.warnIfOpen(name + ": listen: " + proxy.listen(), tunnel.tunnel());
                    ServerCheck.start(running, name, config(proxy), proxy.peer(), proxy.connect());
                }
            }
            return started;
        }

        private void start(TunnelFile.Server plan) throws Failure {
            try {
                run(
                        plan.name(),
                        TunnelServer.start(
                                plan.listen(),
                                plan.identity(),
                                crypto,
                                plan.peers(),
                                plan.targets(),
                                plan.options().withListener(running.listener(plan.name()))));
            } catch (IOException | IllegalArgumentException e) {
                throw failed(plan.name(), plan.listen().toString(), e);
            }
        }

        private void start(TunnelFile.Proxy plan) throws Failure {
            try {
                run(
                        plan.name(),
                        TunnelProxy.start(
                                plan.listen(),
                                plan.connect(),
                                config(plan),
                                plan.peer(),
                                plan.target(),
                                plan.options().withListener(running.listener(plan.name()))));
            } catch (IOException | IllegalArgumentException e) {
                throw failed(plan.name(), plan.listen().toString(), e);
            }
        }

        private void run(String name, Tunnel tunnel) {
            tunnels.put(name, new RunningTunnel(name, tunnel));
        }

        private static Failure failed(String name, String listen, Exception e) {
            return new Failure(
                    name + ": cannot listen on " + listen + ": "
                            + (e instanceof IOException ? Errors.sentence(e) : String.valueOf(e.getMessage())),
                    e);
        }

        private SessionConfig config(TunnelFile.Proxy plan) {
            return SessionConfig.of(plan.identity(), plan.directory()).withCrypto(crypto);
        }

        private void undo(String name) {
            RunningTunnel tunnel = tunnels.remove(name);
            if (tunnel != null) {
                tunnel.close(Duration.ZERO);
            }
        }

        @Override
        public void close() {
            List.copyOf(tunnels.keySet()).forEach(this::undo);
        }
    }
}
