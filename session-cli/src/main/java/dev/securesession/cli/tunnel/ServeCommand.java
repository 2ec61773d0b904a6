package dev.securesession.cli.tunnel;

import dev.securesession.CryptoProviders;
import dev.securesession.LocalIdentity;
import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.FastestProviders;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.command.Terminal;
import dev.securesession.cli.keyfile.IdentityOptions;
import dev.securesession.cli.keyfile.NamedKeys;
import dev.securesession.cli.operations.FileWarnings;
import dev.securesession.cli.operations.Identities;
import dev.securesession.cli.operations.KnownPeers;
import dev.securesession.cli.operations.Operations;
import dev.securesession.cli.operations.OperationsOptions;
import dev.securesession.cli.operations.PeersFile;
import dev.securesession.cli.operations.RunningTunnel;
import dev.securesession.tunnel.TunnelAddress;
import dev.securesession.tunnel.TunnelListener;
import dev.securesession.tunnel.TunnelServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "serve",
        description = {
            "Protects services: accepts sessions of known peers, and joins each to a connection of its own to a service.",
            "",
            "The peer is proxy. Peers prove their identity with their key; nobody else reaches a service. Everything "
                    + "travels encrypted and authenticated; over TCP, a connection that breaks arrives as a reset, never as "
                    + "a clean end."
        },
        exitCodeList = {
            "0:It was asked to stop, by SIGTERM or Ctrl-C.",
            "1:It failed: the address is in use, or a key cannot be read.",
            "2:The command was used wrongly."
        },
        footer = {
            "",
            "Examples:",
            "  secure-session serve --id db --key db.key --listen 0.0.0.0:7000 \\",
            "      --peer web=web.key.pub --to 127.0.0.1:6379",
            "  secure-session serve --id db --key db.key --listen 0.0.0.0:7000 \\",
            "      --peers peers.txt --to redis=127.0.0.1:6379 \\",
            "      --to pg=unix:/run/postgresql/.s.PGSQL.5432"
        })
public final class ServeCommand extends Subcommand {
    @Mixin
    private IdentityOptions identity;

    @ArgGroup(multiplicity = "1", order = 3)
    @SuppressWarnings("NullAway.Init")
    private Peers peers;

    @Option(
            names = "--listen",
            required = true,
            paramLabel = "HOST:PORT|unix:PATH",
            order = 4,
            converter = AddressConverter.class,
            description = "Where peers connect; port 0 is any that is free.")
    @SuppressWarnings("NullAway.Init")
    private TunnelAddress listen;

    @Option(
            names = "--to",
            required = true,
            paramLabel = "[NAME=]HOST:PORT|unix:PATH",
            order = 5,
            description =
                    "A service that peers may reach. Repeat it with names for several; the one without a name is for "
                            + "peers that name none.")
    @SuppressWarnings("NullAway.Init")
    private List<String> to;

    @Option(
            names = "--proxy-protocol",
            paramLabel = "NAME",
            order = 6,
            description =
                    "Send this target the PROXY protocol, version 2, with the address and the id of the peer; - is the "
                            + "target without a name.")
    private @Nullable List<String> proxyProtocol;

    @Mixin
    private LimitOptions limits;

    @Mixin
    private PeerLimitOptions peerLimits;

    @Mixin
    private OperationsOptions operations;

    /** Either form. */
    private static final class Peers {
        @Option(
                names = "--peer",
                paramLabel = "ID=FILE",
                description =
                        "The id of a peer and the file with its public key. Repeat it for several peers, and with the "
                                + "same id for up to 4 keys of one peer.")
        private @Nullable List<String> files;

        @Option(
                names = "--peers",
                paramLabel = "FILE|DIR",
                description = "The peers: a file with a line for each key, or a folder of files ID.pub.")
        private @Nullable Path all;
    }

    @Override
    public Integer call() throws IOException, Failure, InterruptedException {
        FileWarnings warnings = new FileWarnings();
        Terminal terminal = terminal().withWarnings(warnings);
        Duration drain = limits.drain();
        Map<String, TunnelAddress> targets = targets();
        KnownPeers known = knownPeers(terminal);
        known.requireTargets(targets.keySet());
        Identities identities = new Identities(terminal, identity.reader(terminal));
        LocalIdentity own = identities.read(identity.id(), identity.keyFile());
        CryptoProviders crypto = FastestProviders.get();
        try (Operations running = operations.start(terminal, limits.choice());
                TunnelServer server = start(own, crypto, known, targets, running.listener(""))) {
            warnings.sendTo(running.log());
            running.add(new RunningTunnel("", server));
            String ready = "listening on " + TunnelAddress.describe(server.address()) + " for " + peersIn(known)
                    + ", to " + shown(targets);
            running.info("listening", ready);
            targets.forEach((name, address) ->
                    running.warnIfUnix("--to: " + (name.isEmpty() ? "" : name + "=") + address, address));
            // Not before: it would hold up the first connection.
            crypto.warmUpInBackground();
            running.run(new Reload(terminal, identities, own, known, server, targets), ready, drain);
        }
        return 0;
    }

    /** Reads the keys again, of this end and of the peers. */
    private final class Reload implements Operations.Reloadable {
        private final Terminal terminal;
        private final Identities identities;
        private final TunnelServer server;
        private final Map<String, TunnelAddress> targets;
        private LocalIdentity own;
        private KnownPeers known;

        Reload(
                Terminal terminal,
                Identities identities,
                LocalIdentity own,
                KnownPeers known,
                TunnelServer server,
                Map<String, TunnelAddress> targets) {
            this.terminal = terminal;
            this.identities = identities;
            this.own = own;
            this.known = known;
            this.server = server;
            this.targets = targets;
        }

        @Override
        public Collection<Path> files() throws Failure {
            List<Path> files = new ArrayList<>(
                    peers.all != null ? List.of(peers.all) : NamedKeys.files(commandLine(), namedPeers()));
            files.addAll(identity.files());
            return files;
        }

        @Override
        public String reload() throws IOException, Failure {
            KnownPeers others = knownPeers(terminal);
            others.requireTargets(targets.keySet());
            LocalIdentity identityNow = identities.read(identity.id(), identity.keyFile());
            List<String> changes = new ArrayList<>(others.changesSince(known));
            server.replacePeers(others);
            known = others;
            if (identityNow != own) {
                server.replaceIdentity(identityNow);
                own = identityNow;
                changes.add("the key of this end changed");
            }
            return Operations.reloaded(peersIn(others), changes);
        }
    }

    private static String peersIn(KnownPeers known) {
        return known.size() + (known.size() == 1 ? " peer" : " peers");
    }

    private TunnelServer start(
            LocalIdentity own,
            CryptoProviders crypto,
            KnownPeers known,
            Map<String, TunnelAddress> targets,
            TunnelListener listener)
            throws Failure {
        try {
            return TunnelServer.start(
                    listen,
                    own,
                    crypto,
                    known,
                    targets,
                    peerLimits.apply(limits.options()).withListener(listener));
        } catch (IllegalArgumentException e) {
            throw wrongUsage("--to: " + e.getMessage());
        } catch (IOException e) {
            throw new Failure("cannot listen on " + listen + ": " + Errors.sentence(e), e);
        }
    }

    private KnownPeers knownPeers(Terminal terminal) throws IOException, Failure {
        if (peers.all != null) {
            return PeersFile.read(peers.all);
        }
        return KnownPeers.of(NamedKeys.read(terminal, identity, commandLine(), namedPeers()));
    }

    private List<String> namedPeers() {
        return peers.files == null ? List.of() : peers.files;
    }

    private Map<String, TunnelAddress> targets() {
        Map<String, TunnelAddress> targets = new LinkedHashMap<>();
        for (String text : to) {
            int equals = text.startsWith("unix:") ? -1 : text.indexOf('=');
            String name = equals < 0 ? "" : text.substring(0, equals);
            if (equals == 0) {
                throw wrongUsage(
                        "--to: \"" + text + "\" has an empty name; leave out the = for the target without a name");
            }
            TunnelAddress address;
            try {
                address = TunnelAddress.parse(text.substring(equals + 1));
            } catch (IllegalArgumentException e) {
                throw wrongUsage("--to: " + e.getMessage());
            }
            if (targets.putIfAbsent(name, address) != null) {
                throw wrongUsage("--to: two targets " + (name.isEmpty() ? "without a name" : "named " + name));
            }
        }
        for (String name : proxyProtocol == null ? List.<String>of() : proxyProtocol) {
            String target = name.equals(PeersFile.UNNAMED_TARGET) ? "" : name;
            TunnelAddress address = targets.get(target);
            if (address == null) {
                throw wrongUsage("--proxy-protocol: no target named \"" + name + "\"; expected a name of --to, or -");
            }
            targets.put(target, address.withProxyProtocol());
        }
        return targets;
    }

    private static String shown(Map<String, TunnelAddress> targets) {
        StringBuilder shown = new StringBuilder();
        targets.forEach((name, address) -> shown.append(shown.isEmpty() ? "" : ", ")
                .append(name.isEmpty() ? "" : name + "=")
                .append(address));
        return shown.toString();
    }
}
