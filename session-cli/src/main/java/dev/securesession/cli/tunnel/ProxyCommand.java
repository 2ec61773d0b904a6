package dev.securesession.cli.tunnel;

import dev.securesession.CryptoProviders;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.FastestProviders;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.command.Terminal;
import dev.securesession.cli.keyfile.PeerOptions;
import dev.securesession.cli.operations.FileWarnings;
import dev.securesession.cli.operations.Identities;
import dev.securesession.cli.operations.Operations;
import dev.securesession.cli.operations.OperationsOptions;
import dev.securesession.cli.operations.RunningTunnel;
import dev.securesession.cli.operations.ServerCheck;
import dev.securesession.tunnel.TunnelAddress;
import dev.securesession.tunnel.TunnelOptions;
import dev.securesession.tunnel.TunnelProxy;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "proxy",
        description = {
            "Stands beside clients: carries each connection that it accepts in a session to a serve.",
            "",
            "Clients connect to it as if it were the service. Whoever can connect uses our identity: listen on a "
                    + "loopback address, or on a Unix-domain socket, which only its owner can use."
        },
        exitCodeList = {
            "0:It was asked to stop, by SIGTERM or Ctrl-C.",
            "1:It failed: the address is in use, or a key cannot be read.",
            "2:The command was used wrongly."
        },
        footer = {
            "",
            "Example:",
            "  secure-session proxy --id web --key web.key --listen 127.0.0.1:6379 \\",
            "      --connect db.example.org:7000 --peer db=db.key.pub"
        })
public final class ProxyCommand extends Subcommand {
    @Mixin
    private PeerOptions peers;

    @Option(
            names = "--listen",
            required = true,
            paramLabel = "HOST:PORT|unix:PATH",
            order = 4,
            converter = AddressConverter.class,
            description = "Where clients connect; port 0 is any that is free.")
    @SuppressWarnings("NullAway.Init")
    private TunnelAddress listen;

    @Option(
            names = "--connect",
            required = true,
            paramLabel = "HOST:PORT",
            order = 5,
            converter = AddressConverter.class,
            description = "Where serve listens; unix:PATH for a Unix-domain socket.")
    @SuppressWarnings("NullAway.Init")
    private TunnelAddress connect;

    @Option(
            names = "--target",
            paramLabel = "NAME",
            defaultValue = "",
            order = 6,
            description = "The name of the service, if serve has several.")
    @SuppressWarnings("NullAway.Init")
    private String target;

    @Option(
            names = "--session-reuse",
            paramLabel = "SECONDS",
            defaultValue = "60",
            order = 23,
            description = "Use a session for other connections, one after another, for this time; "
                    + "0 for a session of its own for each connection. Default: ${DEFAULT-VALUE}.")
    private long sessionReuse;

    @Mixin
    private LimitOptions limits;

    @Mixin
    private OperationsOptions operations;

    @Override
    public Integer call() throws IOException, Failure, InterruptedException {
        if (peers.count() != 1) {
            throw wrongUsage("--peer: " + peers.count() + " peers; expected one, the server");
        }
        FileWarnings warnings = new FileWarnings();
        Terminal terminal = terminal().withWarnings(warnings);
        Duration drain = limits.drain();
        TunnelOptions options = options();
        Identities identities = new Identities(terminal, peers.identity().reader(terminal));
        Keys keys = keys(terminal, identities);
        SessionConfig config = keys.config(FastestProviders.get());
        try (Operations running = operations.start(terminal, limits.choice());
                TunnelProxy proxy = start(config, options.withListener(running.listener("")))) {
            warnings.sendTo(running.log());
            running.add(new RunningTunnel("", proxy));
            String ready = "listening on " + TunnelAddress.describe(proxy.address()) + ", to " + peers.first() + " at "
                    + connect + (target.isEmpty() ? "" : ", target " + target);
            running.info("listening", ready);
            running.warnIfUnix("--listen: " + listen, listen);
            running.warnIfOpen("--listen: " + listen, proxy);
            // Not before: it would hold up the first connection.
            config.crypto().warmUpInBackground();
            ServerCheck.start(running, "", config, peers.first(), connect);
            running.run(new Reload(terminal, identities, config.crypto(), proxy, keys), ready, drain);
        }
        return 0;
    }

    /** Reads the keys again, of this end and of the server. */
    private final class Reload implements Operations.Reloadable {
        private final Terminal terminal;
        private final Identities identities;
        private final CryptoProviders crypto;
        private final TunnelProxy proxy;
        private Keys keys;

        Reload(Terminal terminal, Identities identities, CryptoProviders crypto, TunnelProxy proxy, Keys keys) {
            this.terminal = terminal;
            this.identities = identities;
            this.crypto = crypto;
            this.proxy = proxy;
            this.keys = keys;
        }

        @Override
        public Collection<Path> files() throws Failure {
            List<Path> files = new ArrayList<>(peers.files());
            files.addAll(peers.identity().files());
            return files;
        }

        @Override
        public String reload() throws IOException, Failure {
            Keys others = keys(terminal, identities);
            proxy.replaceConfig(others.config(crypto));
            List<String> changes = others.changesSince(keys);
            keys = others;
            return Operations.reloaded("the keys of both ends", changes);
        }
    }

    private Keys keys(Terminal terminal, Identities identities) throws IOException, Failure {
        PeerDirectory directory = peers.directory(terminal);
        return new Keys(
                identities.read(peers.identity().id(), peers.identity().keyFile()),
                peers.first(),
                directory.find(peers.first()));
    }

    /** The keys of both ends. */
    private static final class Keys {
        private final LocalIdentity own;
        private final PeerId server;
        private final List<IdentityPublicKey> ofServer;

        Keys(LocalIdentity own, PeerId server, List<IdentityPublicKey> ofServer) {
            this.own = own;
            this.server = server;
            this.ofServer = List.copyOf(ofServer);
        }

        SessionConfig config(CryptoProviders crypto) {
            return SessionConfig.of(own, id -> id.equals(server) ? ofServer : List.of())
                    .withCrypto(crypto);
        }

        List<String> changesSince(Keys earlier) {
            List<String> changes = new ArrayList<>();
            if (own != earlier.own) {
                changes.add("the key of this end changed");
            }
            if (!ofServer.equals(earlier.ofServer)) {
                changes.add("other keys of " + server);
            }
            return changes;
        }
    }

    private TunnelOptions options() {
        try {
            return limits.options().withSessionReuse(Duration.ofSeconds(sessionReuse));
        } catch (IllegalArgumentException e) {
            throw wrongUsage("--session-reuse: " + e.getMessage());
        }
    }

    private TunnelProxy start(SessionConfig config, TunnelOptions options) throws Failure {
        try {
            return TunnelProxy.start(listen, connect, config, peers.first(), target, options);
        } catch (IllegalArgumentException e) {
            throw wrongUsage("--target: " + e.getMessage());
        } catch (IOException e) {
            throw new Failure("cannot listen on " + listen + ": " + Errors.sentence(e), e);
        }
    }
}
