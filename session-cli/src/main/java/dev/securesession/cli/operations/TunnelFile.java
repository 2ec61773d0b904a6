package dev.securesession.cli.operations;

import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.keyfile.KeyReader;
import dev.securesession.cli.net.HostPort;
import dev.securesession.tunnel.TunnelAddress;
import dev.securesession.tunnel.TunnelOptions;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;

/** The configuration of the tunnels of one process, read from a TOML file with all files that it names. */
public final class TunnelFile {
    private final @Nullable InetSocketAddress metrics;
    private final @Nullable Path status;
    private final LogFormat logFormat;
    private final Duration drain;
    private final Map<String, Server> servers;
    private final Map<String, Proxy> proxies;
    private final Set<Path> files;

    private TunnelFile(StrictTable root, Map<String, Server> servers, Map<String, Proxy> proxies, Set<Path> files)
            throws Failure {
        String metricsAddress = root.optionalText("metrics").orElse(null);
        String statusAddress = root.optionalText("status").orElse(null);
        String format = root.optionalText("log-format").orElse("text");
        if (!format.equals("text") && !format.equals("json")) {
            throw root.wrong("log-format", "expected \"text\" or \"json\"");
        }
        this.logFormat = LogFormat.valueOf(format.toUpperCase(Locale.ROOT));
        this.drain =
                Duration.ofSeconds(root.number("drain-seconds", 0, MAX_SECONDS).orElse(DEFAULT_DRAIN_SECONDS));
        this.servers = servers;
        this.proxies = proxies;
        this.files = Set.copyOf(files);
        try {
            this.metrics = metricsAddress == null
                    ? null
                    : HostPort.parse(metricsAddress).resolve();
        } catch (Failure e) {
            throw root.wrong("metrics", Errors.sentence(e));
        }
        try {
            this.status = statusAddress == null ? null : StatusSocket.path(statusAddress);
        } catch (Failure e) {
            throw root.wrong("status", Errors.sentence(e));
        }
    }

    /** Reads the file, and every key and peers file that it names; any mistake refuses all of it. */
    public static TunnelFile read(Path file, Identities identities, KeyReader reader) throws IOException, Failure {
        TomlParseResult parsed = Toml.parse(text(file));
        if (parsed.hasErrors()) {
            TomlParseError error = parsed.errors().get(0);
            throw new Failure(
                    file + ":" + error.position().line() + ": " + Errors.oneLine(String.valueOf(error.getMessage())));
        }
        StrictTable root = new StrictTable(file, "", parsed, 1);
        Set<Path> files = new LinkedHashSet<>(List.of(file));
        Reading reading = new Reading(root, identities, reader, files);
        Listening listening = new Listening();
        for (String key : List.of("metrics", "status")) {
            listening.add(root, key, root.optionalText(key).orElse(""));
        }
        Map<String, Server> servers = new LinkedHashMap<>();
        for (Map.Entry<String, StrictTable> entry : root.tables("serve").entrySet()) {
            listening.add(entry.getValue(), "listen", entry.getValue().text("listen"));
            servers.put(entry.getKey(), reading.server(entry.getKey(), entry.getValue()));
        }
        Map<String, Proxy> proxies = new LinkedHashMap<>();
        for (Map.Entry<String, StrictTable> entry : root.tables("proxy").entrySet()) {
            if (servers.containsKey(entry.getKey())) {
                throw root.wrong(
                        "proxy",
                        "\"" + EventLog.visible(entry.getKey()) + "\" is the name of a server too; expected another");
            }
            listening.add(entry.getValue(), "listen", entry.getValue().text("listen"));
            proxies.put(entry.getKey(), reading.proxy(entry.getKey(), entry.getValue()));
        }
        TunnelFile whole = new TunnelFile(root, servers, proxies, files);
        root.end();
        if (servers.isEmpty() && proxies.isEmpty()) {
            throw new Failure(file + ": no tunnel; expected [serve.NAME] or [proxy.NAME]");
        }
        return whole;
    }

    private static String text(Path file) throws IOException, Failure {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] content = in.readNBytes(MAX_LENGTH + 1);
            if (content.length > MAX_LENGTH) {
                throw new Failure(file + " has more than " + MAX_LENGTH + " bytes");
            }
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(content))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new Failure(file + " is not UTF-8 text; expected TOML", e);
        }
    }

    /** Returns where metrics are served, or null. */
    public @Nullable InetSocketAddress metrics() {
        return metrics;
    }

    /** Returns where status is answered, or null. */
    public @Nullable Path status() {
        return status;
    }

    public LogFormat logFormat() {
        return logFormat;
    }

    public Duration drain() {
        return drain;
    }

    /** Returns the settings of the whole process, to compare them. */
    public List<String> ofProcess() {
        // The name of the host, whose address may be another one by now.
        String address = metrics == null ? "" : metrics.getHostString() + ":" + metrics.getPort();
        return List.of(address, String.valueOf(status), logFormat.toString(), drain.toString());
    }

    public Map<String, Server> servers() {
        return servers;
    }

    public Map<String, Proxy> proxies() {
        return proxies;
    }

    /** Returns the file itself, and all that it names. */
    public Set<Path> files() {
        return files;
    }

    /** Reads the tables of tunnels. */
    private static final class Reading {
        private final @Nullable String id;
        private final @Nullable String key;
        private final StrictTable root;
        private final Identities identities;
        private final KeyReader reader;
        private final Set<Path> files;

        Reading(StrictTable root, Identities identities, KeyReader reader, Set<Path> files) throws Failure {
            this.root = root;
            this.id = root.optionalText("id").orElse(null);
            this.key = root.optionalText("key").orElse(null);
            this.identities = identities;
            this.reader = reader;
            this.files = files;
        }

        Server server(String name, StrictTable table) throws IOException, Failure {
            LocalIdentity identity = identity(table);
            TunnelAddress listen = table.address("listen");
            Path peersFile = table.path("peers", table.text("peers"));
            files.add(peersFile);
            KnownPeers peers = table.reading("peers", () -> PeersFile.read(peersFile));
            Map<String, TunnelAddress> targets = new LinkedHashMap<>();
            if (table.isText("to")) {
                targets.put("", table.address("to"));
            } else {
                StrictTable to = table.table("to")
                        .orElseThrow(
                                () -> table.wrong("to", "expected an address in quotes, or a table of them by name"));
                for (String target : to.keys()) {
                    table.checking("to", () -> requireTargetName(target));
                    targets.put(target.equals(PeersFile.UNNAMED_TARGET) ? "" : target, to.address(target));
                }
                if (targets.isEmpty()) {
                    throw table.wrong("to", "expected at least one target");
                }
            }
            table.checking("peers", () -> peers.requireTargets(targets.keySet()));
            for (String named : table.optionalTexts("proxy-protocol")) {
                String target = named.equals(PeersFile.UNNAMED_TARGET) ? "" : named;
                TunnelAddress address = targets.get(target);
                if (address == null) {
                    throw table.wrong(
                            "proxy-protocol",
                            "no target named \"" + EventLog.visible(named) + "\"; expected a name of to, or -");
                }
                targets.put(target, address.withProxyProtocol());
            }
            Server server = new Server(name, identity, listen, serverOptions(table), peersFile, peers, targets);
            table.end();
            return server;
        }

        Proxy proxy(String name, StrictTable table) throws IOException, Failure {
            LocalIdentity identity = identity(table);
            PeerId peer = peerId(table, "peer", table.text("peer"));
            List<String> keyFiles = table.texts("peer-key");
            if (keyFiles.size() > PeerDirectory.MAX_KEYS) {
                throw table.wrong("peer-key", "expected at most " + PeerDirectory.MAX_KEYS + " keys");
            }
            List<IdentityPublicKey> keys = new ArrayList<>();
            for (String keyFile : keyFiles) {
                Path path = table.path("peer-key", keyFile);
                files.add(path);
                keys.add(table.reading("peer-key", () -> reader.readPublic(path.toString())));
            }
            String target = table.optionalText("target").orElse("");
            table.checking("target", () -> requireTargetName(target));
            Proxy proxy = new Proxy(
                    name,
                    identity,
                    table.address("listen"),
                    proxyOptions(table),
                    table.address("connect"),
                    peer,
                    keys,
                    target);
            table.end();
            return proxy;
        }

        private static void requireTargetName(String target) throws Failure {
            int length = target.getBytes(StandardCharsets.UTF_8).length;
            if (length > MAX_TARGET_LENGTH) {
                throw new Failure("a target name of " + length + " bytes; it must have at most " + MAX_TARGET_LENGTH);
            }
        }

        private LocalIdentity identity(StrictTable table) throws IOException, Failure {
            String ownId = table.optionalText("id").orElse(id);
            String ownKey = table.optionalText("key").orElse(key);
            PeerId peerId = peerId(table, "id", ownId == null ? table.text("id") : ownId);
            Path path = ownKey == null ? table.path("key", table.text("key")) : root.path("key", ownKey);
            files.add(path);
            StrictTable naming = table.optionalText("key").isPresent() ? table : root;
            return naming.reading("key", () -> identities.read(peerId, path.toString()));
        }

        private static PeerId peerId(StrictTable table, String key, String text) throws Failure {
            try {
                return PeerId.ofUtf8(text);
            } catch (IllegalArgumentException e) {
                throw table.wrong(key, String.valueOf(e.getMessage()));
            }
        }

        private static TunnelOptions serverOptions(StrictTable table) throws Failure {
            TunnelOptions options = options(table);
            long ofPeer = table.number("max-connections-per-peer", 1, Integer.MAX_VALUE)
                    .orElse(0L);
            if (ofPeer > 0) {
                options = options.withMaxConnectionsPerPeer((int) ofPeer);
            }
            long handshakes =
                    table.number("handshakes-per-second", 0, Integer.MAX_VALUE).orElse(-1L);
            if (handshakes >= 0) {
                options = options.withHandshakesPerSecond((int) handshakes);
            }
            return options;
        }

        private static TunnelOptions proxyOptions(StrictTable table) throws Failure {
            TunnelOptions options = options(table);
            long reuse =
                    table.number("session-reuse-seconds", 0, MAX_REUSE_SECONDS).orElse(-1L);
            return reuse < 0 ? options : options.withSessionReuse(Duration.ofSeconds(reuse));
        }

        private static TunnelOptions options(StrictTable table) throws Failure {
            TunnelOptions options = TunnelOptions.defaults();
            long connections =
                    table.number("max-connections", 1, Integer.MAX_VALUE).orElse(0L);
            if (connections > 0) {
                options = options.withMaxConnections((int) connections);
            }
            long idle = table.number("idle-timeout-seconds", 0, MAX_SECONDS).orElse(0L);
            return options.withIdleTimeout(Duration.ofSeconds(idle));
        }
    }

    /** A server, as the file describes it. */
    public static final class Server {
        private final String name;
        private final LocalIdentity identity;
        private final TunnelAddress listen;
        private final TunnelOptions options;
        private final Path peersFile;
        private final KnownPeers peers;
        private final Map<String, TunnelAddress> targets;

        Server(
                String name,
                LocalIdentity identity,
                TunnelAddress listen,
                TunnelOptions options,
                Path peersFile,
                KnownPeers peers,
                Map<String, TunnelAddress> targets) {
            this.name = name;
            this.identity = identity;
            this.listen = listen;
            this.options = options;
            this.peersFile = peersFile;
            this.peers = peers;
            this.targets = Map.copyOf(targets);
        }

        public String name() {
            return name;
        }

        public LocalIdentity identity() {
            return identity;
        }

        public TunnelAddress listen() {
            return listen;
        }

        public TunnelOptions options() {
            return options;
        }

        /** Says in a few words what is different from an earlier reading. */
        public List<String> changesSince(Server earlier) {
            List<String> changes = new ArrayList<>(peers.changesSince(earlier.peers));
            if (identity != earlier.identity) {
                changes.add("the id or key of this end changed");
            }
            if (!targets.equals(earlier.targets)) {
                changes.add("other targets");
            }
            return changes;
        }

        /** Returns where the peers were read. */
        public Path peersFile() {
            return peersFile;
        }

        public KnownPeers peers() {
            return peers;
        }

        public Map<String, TunnelAddress> targets() {
            return targets;
        }
    }

    /** A proxy, as the file describes it. */
    public static final class Proxy {
        private final String name;
        private final LocalIdentity identity;
        private final TunnelAddress listen;
        private final TunnelOptions options;
        private final TunnelAddress connect;
        private final PeerId peer;
        private final List<IdentityPublicKey> keys;
        private final String target;

        Proxy(
                String name,
                LocalIdentity identity,
                TunnelAddress listen,
                TunnelOptions options,
                TunnelAddress connect,
                PeerId peer,
                List<IdentityPublicKey> keys,
                String target) {
            this.name = name;
            this.identity = identity;
            this.listen = listen;
            this.options = options;
            this.connect = connect;
            this.peer = peer;
            this.keys = List.copyOf(keys);
            this.target = target;
        }

        public String name() {
            return name;
        }

        public LocalIdentity identity() {
            return identity;
        }

        public TunnelAddress listen() {
            return listen;
        }

        public TunnelOptions options() {
            return options;
        }

        public TunnelAddress connect() {
            return connect;
        }

        public PeerId peer() {
            return peer;
        }

        /** Says in a few words what is different from an earlier reading. */
        public List<String> changesSince(Proxy earlier) {
            List<String> changes = new ArrayList<>();
            if (identity != earlier.identity) {
                changes.add("the id or key of this end changed");
            }
            if (!keys.equals(earlier.keys)) {
                changes.add("other keys of " + peer);
            }
            return changes;
        }

        /** Returns the directory with the keys of the server and of nobody else. */
        public PeerDirectory directory() {
            return asked -> asked.equals(peer) ? keys : List.of();
        }

        public String target() {
            return target;
        }
    }

    private static final int MAX_LENGTH = 1 << 20;
    // docs/tunnel-protocol.md TN-1
    private static final int MAX_TARGET_LENGTH = 255;
    private static final long MAX_SECONDS = Duration.ofDays(365).toSeconds();
    private static final long MAX_REUSE_SECONDS = Duration.ofDays(1).toSeconds();
    private static final long DEFAULT_DRAIN_SECONDS = 10;
}
