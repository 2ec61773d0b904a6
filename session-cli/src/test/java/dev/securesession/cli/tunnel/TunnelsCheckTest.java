package dev.securesession.cli.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.cli.Cli;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code tunnels --check}: what a configuration may say, and what each mistake is answered with. */
class TunnelsCheckTest {
    private static final String GOOD = """
            id = "db"
            key = "db"
            metrics = "127.0.0.1:9100"
            status = "unix:/run/status"
            log-format = "json"
            drain-seconds = 5

            [serve.redis]
            listen = "0.0.0.0:7000"
            peers = "peers"
            to = "unix:/run/redis"
            max-connections = 100

            [serve.web]
            id = "web"
            key = "web"
            listen = "[::1]:7001"
            peers = "peers"
            idle-timeout-seconds = 60
            handshakes-per-second = 0
            proxy-protocol = ["db", "-"]
            [serve.web.to]
            db = "127.0.0.1:5432"
            - = "127.0.0.1:80"

            [proxy.out]
            listen = "unix:/run/out"
            connect = "db.example.org:7000"
            peer = "db"
            peer-key = ["db.pub", "web.pub"]
            target = "db"
            session-reuse-seconds = 0
            """;

    @TempDir
    private Path directory;

    @BeforeEach
    void makeKeys() throws IOException {
        Cli.keygen(directory.resolve("db"));
        Cli.keygen(directory.resolve("web"));
        Files.writeString(directory.resolve("peers"), "# nobody\n");
    }

    @Test
    void acceptsWhatIsRight() throws IOException {
        assertThat(check(GOOD).succeeded().out()).endsWith("tunnels.toml: 2 servers, 1 proxy\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "key = \"db\" | kei = \"db\" | :8: serve.redis.key is missing",
                "drain-seconds = 5 | drain-second = 5 | :6: unknown key \"drain-second\"; expected one of drain-seconds, id, key",
                "drain-seconds = 5 | drain-seconds = -1 | :6: drain-seconds: expected a number from 0 to ",
                "drain-seconds = 5 | drain-seconds = \"5\" | :6: drain-seconds: expected a number from 0 to ",
                "log-format = \"json\" | log-format = \"xml\" | :5: log-format: expected \"text\" or \"json\"",
                "metrics = \"127.0.0.1:9100\" | metrics = \"9100\" | :3: metrics: \"9100\" is no address",
                "status = \"unix:/run/status\" | status = \"/run/status\" | :4: status: \"/run/status\" is no Unix-domain socket",
                "0.0.0.0:7000 | 0.0.0.0 | :9: serve.redis.listen: \"0.0.0.0\" is no address; expected HOST:PORT",
                "0.0.0.0:7000 | 0.0.0.0:70000 | :9: serve.redis.listen: \"0.0.0.0:70000\" ends with no port",
                "max-connections = 100 | max-conections = 100 | :12: unknown key \"max-conections\" in [serve.redis]",
                "max-connections = 100 | max-connections = 0 | :12: serve.redis.max-connections: expected a number from 1",
                "max-connections = 100 | max-connections-per-peer = 0 | :12: serve.redis.max-connections-per-peer: expected a number",
                "session-reuse-seconds = 0 | session-reuse-seconds = 86401 | proxy.out.session-reuse-seconds: expected a number from 0 to 86400",
                "max-connections = 100 | session-reuse-seconds = 5 | unknown key \"session-reuse-seconds\" in [serve.redis]",
                "target = \"db\" | max-connections-per-peer = 5 | unknown key \"max-connections-per-peer\" in [proxy.out]",
                "target = \"db\" | handshakes-per-second = 5 | unknown key \"handshakes-per-second\" in [proxy.out]",
                "key = \"web\" | key = \"absent\" | tunnels.toml:16: serve.web.key: no such file or directory: ",
                "key = \"web\" | key = \"web.pub\" | tunnels.toml:16: serve.web.key: ",
                "key = \"web\" | key = \"web.pub\" | a public key where a private one belongs",
                "key = \"db\" | key = \"absent\" | tunnels.toml:2: key: no such file or directory: ",
                "peers = \"peers\" | peers = \"absent\" | tunnels.toml:10: serve.redis.peers: no such file or directory: ",
                "[\"db.pub\", \"web.pub\"] | \"absent.pub\" | tunnels.toml:30: proxy.out.peer-key: no such file or directory: ",
                "[::1]:7001 | 127.0.0.1:7000 | :17: serve.web.listen: \"127.0.0.1:7000\" is taken by ",
                "[::1]:7001 | 127.0.0.1:7000 | tunnels.toml:9: serve.redis.listen; expected another address",
                "[::1]:7001 | localhost:9100 | :17: serve.web.listen: \"localhost:9100\" is taken by ",
                "unix:/run/out | unix:/run/../run/status | :27: proxy.out.listen: \"unix:/run/../run/status\" is taken by ",
                "peer-key = [\"db.pub\", \"web.pub\"] | peer-key = [] | :30: proxy.out.peer-key: expected a text",
                "peer-key = [\"db.pub\", \"web.pub\"] | peer-key = \"db\" | a private key where a public one belongs",
                "peer-key = [\"db.pub\", \"web.pub\"] | x = 1 | proxy.out.peer-key is missing",
                "db = \"127.0.0.1:5432\" | db = 5432 | :23: serve.web.to.db: expected a text in quotes",
                "[\"db\", \"-\"] | [\"db\", \"dbb\"] | :21: serve.web.proxy-protocol: no target named \"dbb\"; expected a name",
                "[proxy.out] | [proxy.web] | \"web\" is the name of a server too",
                "[proxy.out] | [proxi.out] | unknown key \"proxi\"; expected one of",
                "to = \"unix:/run/redis\" | to = 5 | :11: serve.redis.to: expected an address in quotes, or a table",
                "listen = \"unix:/run/out\" | listen = unix | tunnels.toml:27: ",
            })
    void namesLineOfMistake(String right, String wrong, String expected) throws IOException {
        assertThat(GOOD).contains(right);
        check(GOOD.replace(right, wrong)).failed(1, expected);
    }

    @Test
    void refusesNamesOfTargetsThatDoNotFitIntoARequest() throws IOException {
        String longest = "x".repeat(253) + "\u00e9";
        check(GOOD.replace("[serve.web.to]", "[serve.web.to]\n\"" + longest + "\" = \"127.0.0.1:1\"")
                        .replace("target = \"db\"", "target = \"" + longest + "\""))
                .succeeded();

        check(GOOD.replace("[serve.web.to]", "[serve.web.to]\n\"" + longest + "x\" = \"127.0.0.1:1\""))
                .failed(1, "tunnels.toml:22: serve.web.to: a target name of 256 bytes; it must have at most 255");
        check(GOOD.replace("target = \"db\"", "target = \"" + longest + "x\""))
                .failed(1, "tunnels.toml:31: proxy.out.target: a target name of 256 bytes; it must have at most 255");
    }

    @Test
    void portsThatAreChosenAreNoTwoOfOne() throws IOException {
        check(GOOD.replace("0.0.0.0:7000", "127.0.0.1:0").replace("[::1]:7001", "127.0.0.1:0"))
                .succeeded();
    }

    @Test
    void exampleOfTheDocumentationIsRight() throws IOException {
        String page = Files.readString(Path.of("").toAbsolutePath().getParent().resolve("docs/tunnel-operations.md"));
        Matcher example = Pattern.compile("```toml\n(.*?)```", Pattern.DOTALL).matcher(page);
        assertThat(example.find()).isTrue();
        for (String name : List.of("db.key", "web.key", "mail.key")) {
            Cli.keygen(directory.resolve(name));
        }
        Files.writeString(directory.resolve("peers.txt"), "# nobody\n");

        assertThat(check(example.group(1)).succeeded().out()).endsWith(": 2 servers, 1 proxy\n");
    }

    @Test
    void unitOfTheDocumentationIsThatOfThePackage() throws IOException {
        Path project = Path.of("").toAbsolutePath().getParent();
        String page = Files.readString(project.resolve("docs/tunnel-operations.md"));
        String unit = Files.readString(project.resolve("session-cli/src/main/deb/systemd/secure-session.service"));

        assertThat(page).contains("```ini\n" + unit + "```");
    }

    @Test
    void refusesWrongPeersFile() throws IOException {
        Files.writeString(directory.resolve("peers"), "alice\n");
        check(GOOD).failed(1, "peers:1: 1 field; expected [OPTIONS] ID KEY");
    }

    @Test
    void refusesFileWithoutTunnel() throws IOException {
        check("id = \"db\"\nkey = \"db\"\n").failed(1, "no tunnel; expected [serve.NAME] or [proxy.NAME]");
        new Cli()
                .run("tunnels", "--check", "--config", directory.resolve("absent"))
                .failed(1, "no such file or directory");
        new Cli().run("tunnels", "--check").failed(2, "--config");
    }

    private Cli.Result check(String text) throws IOException {
        Path file = Files.writeString(directory.resolve("tunnels.toml"), text);
        return new Cli().run("tunnels", "--config", file, "--check");
    }
}
