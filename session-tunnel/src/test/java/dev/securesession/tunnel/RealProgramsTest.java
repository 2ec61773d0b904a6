package dev.securesession.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.tunnel.TestTunnel.Told;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.FutureTask;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Services and clients of a Debian system talk through the tunnel, and each byte arrives. */
@Timeout(600)
class RealProgramsTest {
    /** The size of the file that nginx serves; gigabytes by hand. */
    private static final long FILE_MEGABYTES = Long.getLong("securesession.tunnel.file.megabytes", 100);

    private static final int MEGABYTE = 1 << 20;

    @TempDir
    Path folder;

    private Programs programs;
    private Random random;

    @BeforeEach
    void begin() {
        long seed = Long.getLong("securesession.seed", System.nanoTime());
        System.out.println("RealProgramsTest: -Dsecuresession.seed=" + seed);
        random = new Random(seed);
        programs = new Programs(folder);
    }

    @AfterEach
    void end() throws InterruptedException {
        programs.stop();
    }

    @Test
    void redis() throws Exception {
        String server = Programs.require("redis-server", "redis-server");
        String cli = Programs.require("redis-cli", "redis-tools");
        String benchmark = Programs.require("redis-benchmark", "redis-tools");
        int port = Programs.freePort();
        programs.serve(
                server,
                "--port",
                "" + port,
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                folder.toString());
        programs.awaitPort(port);
        Path blob = randomFile(20);
        try (TestTunnel tunnel = toLoopback(port)) {
            String proxy = port(tunnel);
            programs.pipe(blob.toFile(), cli, "-p", proxy, "-x", "set", "blob");
            assertIsBlobAndNewline(programs.pipe(NOTHING.toFile(), cli, "-p", "" + port, "get", "blob"), blob);
            assertIsBlobAndNewline(programs.pipe(NOTHING.toFile(), cli, "-p", proxy, "get", "blob"), blob);

            String figures = programs.run(
                    benchmark, "-p", proxy, "-n", "10000", "-c", "50", "-d", "512", "-P", "8", "-t", "set,get", "-q");
            assertThat(figures).contains("SET: ", "GET: ", "requests per second");
            assertThat(programs.run(cli, "-p", proxy, "strlen", "key:__rand_int__"))
                    .isEqualTo("512\n");

            assertAllComplete(tunnel, 20L * MEGABYTE, 20L * MEGABYTE);
        }
    }

    private static void assertIsBlobAndNewline(Path printed, Path blob) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(printed.toFile(), "rw")) {
            long length = file.length() - 1;
            file.seek(length);
            assertThat(file.read()).isEqualTo('\n');
            file.setLength(length);
        }
        assertSame(printed, blob);
    }

    /** On Unix-domain sockets from the client to the service. */
    @Test
    void postgresql() throws Exception {
        String initdb = Programs.require("initdb", "postgresql");
        String postgres = Programs.require("postgres", "postgresql");
        String pgbench = Programs.require("pgbench", "postgresql-client");
        String psql = Programs.require("psql", "postgresql-client");
        // The server refuses to run as root, and another user cannot see the folder of the test.
        Path cluster = Files.createTempDirectory("tunnel-postgresql");
        String[] asUser = {};
        if (Programs.isRoot()) {
            String setpriv = Programs.require("setpriv", "util-linux");
            Files.setOwner(
                    cluster,
                    cluster.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("postgres"));
            asUser = new String[] {setpriv, "--reuid=postgres", "--regid=postgres", "--clear-groups"};
        }
        String database = cluster.resolve("db").toString();
        try {
            programs.run(join(asUser, initdb, "-D", database, "--auth=trust", "-U", "tester", "--no-sync"));
            programs.serve(join(
                    asUser,
                    postgres,
                    "-D",
                    database,
                    "-k",
                    cluster.toString(),
                    "-c",
                    "listen_addresses=",
                    "-c",
                    "fsync=off"));
            Path socket = cluster.resolve(".s.PGSQL.5432");
            programs.await(() -> Files.exists(socket));
            programs.await(() -> isReady(psql, cluster));
            try (TestTunnel tunnel = TestTunnel.on(
                    unix(folder.resolve(".s.PGSQL.5432")), unix(folder.resolve("tunnel")), unix(socket))) {
                exercisePostgresql(psql, pgbench);
                assertAllComplete(tunnel, 20L * MEGABYTE, 20L * MEGABYTE);
            }
        } finally {
            programs.stop();
            Programs.delete(cluster);
        }
    }

    private static boolean isReady(String psql, Path socketFolder) throws IOException, InterruptedException {
        return new ProcessBuilder(psql, "-h", socketFolder.toString(), "-U", "tester", "-c", "select 1", "postgres")
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor()
                == 0;
    }

    private void exercisePostgresql(String psql, String pgbench) throws Exception {
        String[] client = {psql, "-X", "-At", "-h", folder.toString(), "-U", "tester", "postgres", "-c"};
        Path blob = randomFile(20);
        String imported =
                programs.run(join(client, "\\lo_import '" + blob + "'")).strip();
        String id = imported.substring(imported.lastIndexOf(' ') + 1);
        assertThat(programs.run(join(client, "select sha256(lo_get(" + id + "))"))
                        .strip())
                .isEqualTo("\\x" + sha256(blob));
        Path exported = folder.resolve("exported");
        programs.run(join(client, "\\lo_export " + id + " '" + exported + "'"));
        assertSame(exported, blob);

        String[] bench = {pgbench, "-h", folder.toString(), "-U", "tester"};
        programs.run(join(bench, "-i", "-q", "postgres"));
        String figures = programs.run(join(bench, "-c", "8", "-j", "2", "-t", "50", "postgres"));
        assertThat(figures).contains("number of failed transactions: 0 ");
        assertThat(programs.run(join(client, "select count(*) from pgbench_history")))
                .isEqualTo("400\n");
        assertThat(
                        programs.run(
                                join(
                                        client,
                                        "select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history)")))
                .isEqualTo("t\n");
    }

    @Test
    void nginx() throws Exception {
        String nginx = Programs.require("nginx", "nginx-light");
        String curl = Programs.require("curl", "curl");
        int port = Programs.freePort();
        Path root = Files.createDirectory(folder.resolve("root"));
        Files.createDirectory(root.resolve("up"));
        Path config = Files.writeString(folder.resolve("nginx.conf"), """
                daemon off;
                master_process off;
                pid FOLDER/nginx.pid;
                events { }
                http {
                    access_log off;
                    client_body_temp_path FOLDER/body;
                    proxy_temp_path FOLDER/proxy;
                    fastcgi_temp_path FOLDER/fastcgi;
                    uwsgi_temp_path FOLDER/uwsgi;
                    scgi_temp_path FOLDER/scgi;
                    client_max_body_size 0;
                    server {
                        listen 127.0.0.1:PORT;
                        root FOLDER/root;
                        location /up/ { dav_methods PUT; }
                    }
                }
                """.replace("FOLDER", folder.toString())
                .replace("PORT", "" + port));
        programs.serve(nginx, "-e", "stderr", "-p", folder.toString(), "-c", config.toString());
        programs.awaitPort(port);
        Path file = randomFile(FILE_MEGABYTES);
        Files.move(file, root.resolve("file"));
        file = root.resolve("file");
        try (TestTunnel tunnel = toLoopback(port)) {
            String url = "http://127.0.0.1:" + port(tunnel);
            Path fetched = programs.pipe(NOTHING.toFile(), curl, "-sSf", "--noproxy", "*", url + "/file");
            assertSame(fetched, file);
            Files.delete(fetched);

            programs.run(curl, "-sSf", "--noproxy", "*", "-T", file.toString(), url + "/up/file");
            assertSame(root.resolve("up/file"), file);

            assertAllComplete(tunnel, FILE_MEGABYTES * MEGABYTE, FILE_MEGABYTES * MEGABYTE);
        }
    }

    @Test
    void ssh() throws Exception {
        String sshd = Programs.require("sshd", "openssh-server");
        String ssh = Programs.require("ssh", "openssh-client");
        String keygen = Programs.require("ssh-keygen", "openssh-client");
        if (Programs.isRoot() && !Files.isDirectory(Path.of("/run/sshd"))) {
            Programs.skip("/run/sshd is missing, without which sshd does not start as root; make this folder");
        }
        int port = Programs.freePort();
        Path hostKey = folder.resolve("host");
        Path userKey = folder.resolve("user");
        programs.run(keygen, "-q", "-t", "ed25519", "-N", "", "-f", hostKey.toString());
        programs.run(keygen, "-q", "-t", "ed25519", "-N", "", "-f", userKey.toString());
        Path config = Files.writeString(folder.resolve("sshd_config"), """
                Port %d
                ListenAddress 127.0.0.1
                HostKey %s
                AuthorizedKeysFile %s.pub
                PasswordAuthentication no
                PermitRootLogin prohibit-password
                StrictModes no
                UsePAM no
                PidFile none
                """.formatted(port, hostKey, userKey));
        programs.serve(sshd, "-D", "-e", "-f", config.toString());
        programs.awaitPort(port);
        Path blob = randomFile(20);
        try (TestTunnel tunnel = toLoopback(port)) {
            String proxy = port(tunnel);
            Path known = Files.writeString(
                    folder.resolve("known"),
                    "[127.0.0.1]:" + proxy + " " + Files.readString(Path.of(hostKey + ".pub")));
            Path echoed = programs.pipe(
                    blob.toFile(),
                    ssh,
                    "-F",
                    "none",
                    "-i",
                    userKey.toString(),
                    "-o",
                    "IdentitiesOnly=yes",
                    "-o",
                    "BatchMode=yes",
                    "-o",
                    "StrictHostKeyChecking=yes",
                    "-o",
                    "UserKnownHostsFile=" + known,
                    "-p",
                    proxy,
                    "127.0.0.1",
                    "cat");

            assertSame(echoed, blob);
            TunnelConnection carried = Told.next(tunnel.proxyTold.closed).getKey();
            assertThat(carried.bytesToTarget()).isGreaterThan(20L * MEGABYTE);
            assertThat(carried.bytesFromTarget()).isGreaterThan(20L * MEGABYTE);
        }
    }

    /**
     * The program fails by itself if a stream of it ends early. In a single second its receivers may not have counted yet.
     * Both directions at once are two clients: with {@code --bidir}, one client takes for granted that its connections
     * arrive in the order in which it made them, which connections through a tunnel (or any proxy) do not.
     */
    @Test
    void iperf() throws Exception {
        String iperf = Programs.require("iperf3", "iperf3");
        int port = Programs.freePort();
        programs.serve(iperf, "-s", "-B", "127.0.0.1", "-p", "" + port);
        programs.awaitPort(port);
        int other = Programs.freePort();
        programs.serve(iperf, "-s", "-B", "127.0.0.1", "-p", "" + other);
        programs.awaitPort(other);
        try (TestTunnel tunnel = toLoopback(port);
                TestTunnel back = toLoopback(other)) {
            String[] toServer = {iperf, "-c", "127.0.0.1", "-p", port(tunnel), "-P", "2", "-t", "3", "--json"};
            String[] fromServer = {iperf, "-c", "127.0.0.1", "-p", port(back), "-P", "2", "-t", "3", "--json", "-R"};
            assertReceived(programs.run(toServer));
            assertReceived(programs.run(fromServer));

            FutureTask<String> meanwhile = new FutureTask<>(() -> programs.run(fromServer));
            new Thread(meanwhile, "iperf from the server").start();
            assertReceived(programs.run(toServer));
            assertReceived(meanwhile.get());
        }
    }

    private static void assertReceived(String json) {
        Matcher received = Pattern.compile("\"sum_received\":\\s*\\{[^}]*\"bytes\":\\s*([0-9]+)")
                .matcher(json);
        assertThat(received.find()).as(json).isTrue();
        assertThat(Long.parseLong(received.group(1))).as(json).isGreaterThan(MEGABYTE);
    }

    // What the tunnel says

    /** Each connection is complete, and both ends of the tunnel have counted the same bytes. */
    private static void assertAllComplete(TestTunnel tunnel, long minToTarget, long minFromTarget)
            throws InterruptedException {
        int count = tunnel.proxyTold.opened.size();
        Sum atProxy = new Sum();
        Sum atServer = new Sum();
        for (int i = 0; i < count; i++) {
            atProxy.add(tunnel.proxyTold.closed);
            atServer.add(tunnel.serverTold.closed);
        }
        assertThat(atProxy.toTarget).isEqualTo(atServer.toTarget).isGreaterThan(minToTarget);
        assertThat(atProxy.fromTarget).isEqualTo(atServer.fromTarget).isGreaterThan(minFromTarget);
        assertThat(tunnel.serverTold.refused).isEmpty();
        assertThat(tunnel.server.connections()).isEmpty();
        assertThat(tunnel.proxy.connections()).isEmpty();
        assertThat(tunnel.server.counters().established())
                .isEqualTo(atServer.sessions)
                .isEqualTo(atProxy.sessions);
    }

    private static final class Sum {
        private long toTarget;
        private long fromTarget;
        private long sessions;

        void add(BlockingQueue<Map.Entry<TunnelConnection, TunnelEnd>> closed) throws InterruptedException {
            Map.Entry<TunnelConnection, TunnelEnd> next = Told.next(closed);
            assertThat(next.getValue()).isEqualTo(TunnelEnd.COMPLETE);
            toTarget += next.getKey().bytesToTarget();
            fromTarget += next.getKey().bytesFromTarget();
            sessions += next.getKey().number() == 1 ? 1 : 0;
        }
    }

    private static TestTunnel toLoopback(int port) throws IOException {
        return TestTunnel.to(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    private static String port(TestTunnel tunnel) {
        return Integer.toString(((InetSocketAddress) tunnel.proxy.address()).getPort());
    }

    private static TunnelAddress unix(Path path) {
        return TunnelAddress.parse("unix:" + path);
    }

    // Files

    private Path randomFile(long megabytes) throws IOException {
        Path file = folder.resolve("random");
        byte[] block = new byte[MEGABYTE];
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            for (long i = 0; i < megabytes; i++) {
                random.nextBytes(block);
                out.write(block);
            }
        }
        return file;
    }

    private static void assertSame(Path actual, Path expected) throws IOException {
        assertThat(Files.mismatch(actual, expected))
                .as("the first byte that differs")
                .isEqualTo(-1);
    }

    private static String sha256(Path file) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }

    private static String[] join(String[] first, String... more) {
        String[] all = new String[first.length + more.length];
        System.arraycopy(first, 0, all, 0, first.length);
        System.arraycopy(more, 0, all, first.length, more.length);
        return all;
    }

    private static final Path NOTHING = Path.of("/dev/null");
}
