package dev.securesession.cli.state;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.StateBinding;
import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import dev.securesession.cli.Cli;
import dev.securesession.cli.command.Hex;
import dev.securesession.testkit.Pair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The forms of saved sessions, and the keys that seal them. */
class StateTest {
    private static final PeerId ALICE = PeerId.ofUtf8("alice");
    private static final PeerId BOB = PeerId.ofUtf8("bob");

    @TempDir
    private Path directory;

    @Test
    void makesKeysForTheirOwnerOnly() throws Exception {
        Path file = directory.resolve("state.key");

        new Cli().run("state", "new-key", "--out", file).succeeded();

        byte[] key = Files.readAllBytes(file);
        assertThat(key).hasSize(StateKey.LENGTH);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        Cli.Result again =
                new Cli().run("state", "new-key", "--out", file).failed(1, "exists already", "never replaced");
        assertThat(again.err()).as("an option that the command does not have").doesNotContain("--force");
        assertThat(file).hasBinaryContent(key);
    }

    @Test
    void sealedStateGoesOnWithTheAssumedPeer() throws Exception {
        Path tssc = tssc();
        newKey("state.key");

        Cli.Result sealed = seal(tssc, "alice.state").succeeded();

        assertThat(sealed.out()).contains("alice.state", "\"bob\"", "\"sessions/bob\", generation 3");
        StateKey key = StateKey.of(Files.readAllBytes(directory.resolve("state.key")));
        SecureSession session = SecureSession.restoreAssumingPeer(
                Files.readAllBytes(directory.resolve("alice.state")),
                key,
                StateBinding.of("sessions/bob", 3),
                config(),
                BOB);
        assertThat(session.assumedPeer()).contains(BOB);
        assertThat(server.unwrap(session.wrap("on it goes".getBytes(UTF_8))))
                .asString(UTF_8)
                .isEqualTo("on it goes");
        assertThatThrownBy(() -> SecureSession.restore(
                        Files.readAllBytes(directory.resolve("alice.state")),
                        key,
                        StateBinding.of("sessions/bob", 3),
                        config(),
                        BOB))
                .isInstanceOf(StateRejectedException.class);
    }

    @Test
    void unsealGivesBackTheSixtyBytes() throws Exception {
        Path tssc = tssc();
        newKey("state.key");
        seal(tssc, "alice.state").succeeded();

        unseal("alice.state", "state.key", "sessions/bob", 3, "again.tssc").succeeded();

        assertThat(directory.resolve("again.tssc")).hasBinaryContent(Files.readAllBytes(tssc));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("again.tssc"))))
                .isEqualTo("rw-------");
    }

    /** The same argument as for a store, where the name is needed. */
    @Test
    void theKeyMayHaveItsName() throws Exception {
        Path tssc = tssc();
        newKey("state.key");
        List<Object> arguments = sealing(tssc, "alice.state");
        arguments.set(arguments.indexOf("--state-key") + 1, "2026-11=" + directory.resolve("state.key"));

        new Cli().run(arguments.toArray()).succeeded();

        unseal("alice.state", "state.key", "sessions/bob", 3, "again.tssc").succeeded();
    }

    @Test
    void unsealRefusesWhatBelongsToSomethingElse() throws Exception {
        newKey("state.key");
        newKey("other.key");
        seal(tssc(), "alice.state").succeeded();

        unseal("alice.state", "other.key", "sessions/bob", 3, "out")
                .failed(1, "sealed with another key or for another");
        unseal("alice.state", "state.key", "sessions/eve", 3, "out")
                .failed(1, "sealed with another key or for another");
        unseal("alice.state", "state.key", "sessions/bob", 2, "out")
                .failed(1, "sealed with another key or for another");
        assertThat(directory.resolve("out")).doesNotExist();
    }

    @Test
    void unsealNeedsTheSecretThatTheFormHolds() throws Exception {
        newKey("state.key");
        SecureSession session = establish(config -> config);
        StateKey key = StateKey.of(Files.readAllBytes(directory.resolve("state.key")));
        Files.write(directory.resolve("alice.state"), session.suspend(key, StateBinding.of("sessions/bob", 3)));

        unseal("alice.state", "state.key", "sessions/bob", 3, "out")
                .failed(1, "established without SessionConfig.withTsscExport");
        assertThat(directory.resolve("out")).doesNotExist();
    }

    @Test
    void sealRefusesWhatIsNotTheForm() throws Exception {
        newKey("state.key");
        byte[] tssc = Files.readAllBytes(tssc());
        for (int length : new int[] {0, 1, 59, 61}) {
            Path wrong = Files.write(directory.resolve("wrong"), Arrays.copyOf(tssc, length));
            seal(wrong, "out").failed(1);
        }
        seal(Files.write(directory.resolve("wrong"), new byte[1 << 17]), "out").failed(1, "more than 65536 bytes");
        seal(directory.resolve("none"), "out").failed(1, "no such file");
        assertThat(directory.resolve("out")).doesNotExist();
    }

    @Test
    void nothingIsReplacedUnasked() throws Exception {
        newKey("state.key");
        Path tssc = tssc();
        Files.writeString(directory.resolve("alice.state"), "something else");

        seal(tssc, "alice.state").failed(1, "exists already; --force replaces it");

        assertThat(directory.resolve("alice.state")).hasContent("something else");
        seal(tssc, "alice.state", "--force").succeeded();
    }

    @Test
    void inspectTellsAStateKeyFromOtherFiles() throws Exception {
        // The second begins like a DER structure, as one random key in 256 does.
        for (String start : List.of("", "0\036\001\001")) {
            newKey("state.key");
            Path file = directory.resolve("state.key");
            byte[] key = Files.readAllBytes(file);
            System.arraycopy(start.getBytes(UTF_8), 0, key, 0, start.length());
            Files.write(file, key);

            String report = new Cli().run("inspect", file).succeeded().out();

            assertThat(report.replaceAll("\\s+", " "))
                    .startsWith("32 bytes without a mark: a state key, if it is anything known here");
            assertThat(report.toLowerCase(Locale.ROOT))
                    .doesNotContain(Hex.of(key).substring(0, 8));
            assertThat(report)
                    .doesNotContain(Base64.getEncoder().encodeToString(key).substring(0, 8));
            Files.delete(file);
        }
    }

    @Test
    void helpOfSealAndUnsealTellsWhosePeerItIs() {
        for (String command : List.of("seal", "unseal")) {
            String help = new Cli().run("state", command, "--help").succeeded().out();

            assertThat(help.replaceAll("\\s+", " "))
                    .contains("state seal and state unseal: the one peer of the session")
                    .contains("--id and --key");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 31, 33})
    void stateKeysHaveOneLength(int length) throws Exception {
        Files.write(directory.resolve("state.key"), new byte[length]);

        seal(tssc(), "out").failed(1, "32");
    }

    @Test
    void aSessionHasOnePeer() throws Exception {
        newKey("state.key");
        List<Object> arguments = sealing(tssc(), "out");
        arguments.addAll(List.of("--peer", "eve=" + directory.resolve("bob.key.pub")));

        new Cli().run(arguments.toArray()).failed(2, "a session has exactly one");
    }

    @Test
    void helpOfEverySubcommandIsComplete() {
        for (String command : List.of("new-key", "seal", "unseal", "list", "inspect", "move", "rotate", "revoke")) {
            String help = new Cli().run("state", command, "--help").succeeded().out();

            assertThat(help)
                    .startsWith("Usage: secure-session state " + command)
                    .contains("Exit status:\n  0 ", "\n  1 ", "\n  2 ", "Example");
            assertThat(help.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(100));
        }
        new Cli().run("state").failed(2, "which command");
        new Cli().run("state", "mvoe").failed(2);
    }

    private SecureSession server;

    /** Establishes a session of alice with bob, and saves her end in the 60-byte form. */
    private Path tssc() throws Exception {
        SecureSession session = establish(SessionConfig::withTsscExport);
        session.wrap(new byte[] {1});
        return Files.write(directory.resolve("alice.tssc"), session.suspendUnsealedTssc());
    }

    private SecureSession establish(java.util.function.UnaryOperator<SessionConfig> change) throws Exception {
        if (!Files.exists(directory.resolve("alice.key"))) {
            Cli.keygen(directory.resolve("alice.key"));
            Cli.keygen(directory.resolve("bob.key"));
        }
        Pair pair = Pair.create()
                .withClient(unused -> change.apply(config()))
                .withServer(unused ->
                        SessionConfig.of(identity(BOB, "bob.key"), PeerDirectory.of(ALICE, publicKey("alice.key.pub"))))
                .withClientExpecting(BOB);
        Pair.Sessions sessions = pair.establish();
        server = sessions.server();
        return sessions.client();
    }

    private SessionConfig config() {
        return SessionConfig.of(identity(ALICE, "alice.key"), PeerDirectory.of(BOB, publicKey("bob.key.pub")));
    }

    private LocalIdentity identity(PeerId id, String file) {
        try {
            return LocalIdentity.of(id, IdentityPrivateKey.read(Files.readAllBytes(directory.resolve(file))));
        } catch (IOException | dev.securesession.KeyRejectedException e) {
            throw new AssertionError(e);
        }
    }

    private IdentityPublicKey publicKey(String file) {
        try {
            return IdentityPublicKey.read(Files.readAllBytes(directory.resolve(file)));
        } catch (IOException | dev.securesession.KeyRejectedException e) {
            throw new AssertionError(e);
        }
    }

    private void newKey(String name) {
        new Cli().run("state", "new-key", "--out", directory.resolve(name)).succeeded();
    }

    private Cli.Result seal(Path input, String output, String... more) {
        List<Object> arguments = sealing(input, output);
        arguments.addAll(List.of(more));
        return new Cli().run(arguments.toArray());
    }

    private List<Object> sealing(Path input, String output) {
        List<Object> arguments = new ArrayList<>(List.of("state", "seal"));
        arguments.addAll(identityOfAlice());
        arguments.addAll(List.of(
                "--state-key",
                directory.resolve("state.key"),
                "--owner",
                "sessions/bob",
                "--generation",
                3,
                "--out",
                directory.resolve(output),
                input));
        return arguments;
    }

    private Cli.Result unseal(String input, String key, String owner, long generation, String output) {
        List<Object> arguments = new ArrayList<>(List.of("state", "unseal"));
        arguments.addAll(identityOfAlice());
        arguments.addAll(List.of(
                "--state-key",
                directory.resolve(key),
                "--owner",
                owner,
                "--generation",
                generation,
                "--out",
                directory.resolve(output),
                directory.resolve(input)));
        return new Cli().run(arguments.toArray());
    }

    private List<Object> identityOfAlice() {
        return List.of(
                "--id",
                "alice",
                "--key",
                directory.resolve("alice.key"),
                "--peer",
                "bob=" + directory.resolve("bob.key.pub"));
    }
}
