package dev.securesession.cli.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Curve;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.KeyRejectedException;
import dev.securesession.SealedDataException;
import dev.securesession.Sealer;
import dev.securesession.cli.Cli;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.keyfile.NewFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class KeygenTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({"P-256, P256, 45", "p-384, P384, 61", "P521, P521, 79"})
    void makesPairOnCurve(String name, Curve curve, int size) throws KeyRejectedException {
        Cli.Result result =
                new Cli().run("keygen", "--out", file("a"), "--curve", name).succeeded();

        IdentityPrivateKey privateKey = IdentityPrivateKey.decode(Cli.read(file("a")));
        IdentityPublicKey publicKey = IdentityPublicKey.decode(Cli.read(file("a.pub")));
        assertThat(privateKey.curve()).isEqualTo(curve);
        assertThat(privateKey.publicKey()).isEqualTo(publicKey);
        assertThat(Cli.read(file("a"))).hasSize(size);
        assertThat(result.out())
                .contains(
                        publicKey.fingerprint(),
                        file("a").toString(),
                        file("a.pub").toString());
        assertThat(result.err()).isEmpty();
    }

    @Test
    void refusesEmptyNames() {
        new Cli().run("keygen", "--out", "").failed(2, "--out: \"\" names no file; expected a name");
        new Cli()
                .run("keygen", "--out", directory.resolve("a"), "--public", "")
                .failed(2, "--public: \"\" names no file");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void writesPem() throws KeyRejectedException {
        new Cli()
                .run("keygen", "--out", file("a.pem"), "--format", "PEM", "--public", file("b.pem"))
                .succeeded();

        IdentityPublicKey publicKey =
                IdentityPublicKey.ofPem(new String(Cli.read(file("b.pem")), StandardCharsets.US_ASCII));
        assertThat(IdentityPrivateKey.ofPem(Cli.read(file("a.pem"))).publicKey())
                .isEqualTo(publicKey);
        assertThat(file("a.pem.pub")).doesNotExist();
    }

    @ParameterizedTest
    @EnumSource(NewFile.Existing.class)
    void privateFileIsForItsOwnerOnly(NewFile.Existing existing) throws IOException, Failure {
        if (existing == NewFile.Existing.REPLACE) {
            Files.createFile(
                    file("a"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-rw-rw-")));
        }

        try (NewFile secret = NewFile.write(file("a"), new byte[] {1}, NewFile.Readers.OWNER, existing)) {
            // Before it has its name, too.
            assertThat(names()).hasSize(existing == NewFile.Existing.REPLACE ? 2 : 1);
            for (String name : names()) {
                if (name.endsWith(".tmp")) {
                    assertThat(permissions(name)).isEqualTo("rw-------");
                }
            }
            secret.appear();
        }

        assertThat(permissions("a")).isEqualTo("rw-------");
        assertThat(names()).containsExactly("a");
    }

    @Test
    void keygenLeavesTwoFilesWithTheirPermissions() throws IOException {
        new Cli().run("keygen", "--out", file("a")).succeeded();

        assertThat(names()).containsExactlyInAnyOrder("a", "a.pub");
        assertThat(permissions("a")).isEqualTo("rw-------");
        assertThat(permissions("a.pub")).startsWith("rw-r");
    }

    @ParameterizedTest
    @CsvSource({"a", "a.pub"})
    void refusesToReplace(String existing) throws IOException {
        Files.writeString(file(existing), "precious");

        new Cli().run("keygen", "--out", file("a")).failed(1, file(existing) + " exists already", "--force");

        assertThat(names()).containsExactly(existing);
        assertThat(file(existing)).hasContent("precious");
    }

    @Test
    void replacesWhenForced() throws IOException, KeyRejectedException {
        Files.writeString(file("a"), "old");
        Files.writeString(file("a.pub"), "old");

        new Cli().run("keygen", "--out", file("a"), "--force").succeeded();

        assertThat(IdentityPrivateKey.decode(Cli.read(file("a"))).publicKey())
                .isEqualTo(IdentityPublicKey.decode(Cli.read(file("a.pub"))));
        assertThat(names()).containsExactlyInAnyOrder("a", "a.pub");
        assertThat(permissions("a")).isEqualTo("rw-------");
    }

    @Test
    void fileThatAppearsMeanwhileIsNotReplaced() throws IOException, Failure {
        try (NewFile ours = NewFile.write(file("a"), new byte[] {1}, NewFile.Readers.OWNER, NewFile.Existing.KEEP)) {
            Files.writeString(file("a"), "theirs");

            assertThatThrownBy(ours::appear).isInstanceOf(Failure.class).hasMessageContaining("exists already");
        }

        assertThat(file("a")).hasContent("theirs");
        assertThat(names()).containsExactly("a");
    }

    @Test
    void pairAppearsWholeOrNotAtAll() throws IOException {
        assertThatThrownBy(() -> appearWhileTheSecondIsTaken(NewFile.Existing.KEEP))
                .isInstanceOf(Failure.class);

        assertThat(names()).containsExactly("b");
        assertThat(file("b")).hasContent("theirs");
    }

    @Test
    void replacedPairIsRestoredWhenOneFileFails() throws IOException {
        Files.writeString(file("a"), "old");

        assertThatThrownBy(() -> appearWhileTheSecondIsTaken(NewFile.Existing.REPLACE))
                .isInstanceOf(IOException.class);

        assertThat(names()).containsExactlyInAnyOrder("a", "b");
        assertThat(file("a")).hasContent("old");
    }

    private void appearWhileTheSecondIsTaken(NewFile.Existing existing) throws IOException, Failure {
        try (NewFile first = NewFile.write(file("a"), new byte[] {1}, NewFile.Readers.OWNER, existing);
                NewFile second = NewFile.write(file("b"), new byte[] {2}, NewFile.Readers.ANYONE, existing)) {
            if (existing == NewFile.Existing.KEEP) {
                Files.writeString(file("b"), "theirs");
            } else {
                Files.createDirectories(file("b/inside"));
            }
            NewFile.appearTogether(first, second);
        }
    }

    @Test
    void forceKeepsLinkAndReplacesWhatItLeadsTo() throws IOException {
        Files.writeString(file("real"), "old");
        Files.createSymbolicLink(file("a"), file("real"));

        new Cli().run("keygen", "--out", file("a"), "--force").succeeded();

        assertThat(Files.isSymbolicLink(file("a"))).isTrue();
        assertThat(Cli.read(file("real"))).hasSize(45);
    }

    @Test
    void refusesPlacesWhereNoFileCanBe() {
        new Cli().run("keygen", "--out", directory).failed(1, "is a directory");
        new Cli().run("keygen", "--out", directory, "--force").failed(1, "is a directory");
        new Cli().run("keygen", "--out", file("none/a")).failed(1, "no such directory");
        new Cli()
                .run("keygen", "--out", "/dev/null", "--public", file("b"), "--force")
                .failed(1, "not a regular file");
        new Cli().run("keygen", "--out", file("a"), "--public", file("./a")).failed(2, "same file");
    }

    @Test
    void leavesNothingWhenPublicFileCannotBeWritten() throws IOException {
        new Cli().run("keygen", "--out", file("a"), "--public", file("none/b")).failed(1, "no such directory");

        assertThat(names()).isEmpty();
    }

    @Test
    void sealsWithPassphraseFromFile() throws IOException, SealedDataException, KeyRejectedException {
        Files.writeString(file("pass"), "correct horse\r\nanother line\n");

        Cli.Result result = new Cli()
                .run("keygen", "--out", file("a"), "--passphrase-file", file("pass"))
                .succeeded();

        Sealer sealer = Sealer.withPassphrase("correct horse".toCharArray());
        IdentityPrivateKey opened = IdentityPrivateKey.decode(sealer.unseal(Cli.read(file("a"))));
        assertThat(opened.publicKey()).isEqualTo(IdentityPublicKey.decode(Cli.read(file("a.pub"))));
        assertThat(permissions("a")).isEqualTo("rw-------");
        assertThat(result.out()).contains("sealed").doesNotContain("horse");
        assertThat(result.err())
                .startsWith("warning: others can read " + file("pass"))
                .doesNotContain("horse");
    }

    @Test
    void sealsWithPassphraseThatComesFromDescriptor() throws SealedDataException {
        Cli.Result result = new Cli()
                .input("secret\nrest".getBytes(StandardCharsets.UTF_8))
                .run("keygen", "--out", file("a"), "--passphrase-fd", "0")
                .succeeded();

        assertThat(Sealer.withPassphrase("secret".toCharArray()).unseal(Cli.read(file("a"))))
                .hasSize(45);
        assertThat(result.unread()).hasBinaryContent("rest".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void asksTwiceForNewPassphrase() throws SealedDataException {
        List<String> questions = new ArrayList<>();

        new Cli()
                .typing(questions, "p\u00e4ss", "p\u00e4ss")
                .run("keygen", "--out", file("a"), "--passphrase")
                .succeeded();

        assertThat(questions).hasSize(2);
        assertThat(Sealer.withPassphrase("p\u00e4ss".toCharArray()).unseal(Cli.read(file("a"))))
                .hasSize(45);
    }

    @Test
    void refusesPassphrasesThatCannotBeMeant() throws IOException {
        Files.createFile(file("empty"));
        Files.writeString(file("long"), "x".repeat(5000));

        new Cli()
                .typing(new ArrayList<>(), "one", "two")
                .run("keygen", "--out", file("a"), "--passphrase")
                .failed(1, "differ");
        new Cli()
                .typing(new ArrayList<>(), "")
                .run("keygen", "--out", file("a"), "--passphrase")
                .failed(1, "empty passphrase");
        new Cli()
                .typing(new ArrayList<>())
                .run("keygen", "--out", file("a"), "--passphrase")
                .failed(1, "empty passphrase");
        new Cli().run("keygen", "--out", file("a"), "--passphrase").failed(1, "nobody to ask");
        new Cli().run("keygen", "--out", file("a"), "--passphrase-fd", "987").failed(1, "987 is not open");
        new Cli().run("keygen", "--out", file("a"), "--passphrase-fd", "0").failed(1, "no passphrase");
        new Cli()
                .run("keygen", "--out", file("a"), "--passphrase-file", file("gone"))
                .failed(1, "no such file");
        assertThat(new Cli()
                        .run("keygen", "--out", file("a"), "--passphrase-file", file("empty"))
                        .err())
                .contains("no passphrase in the first line of");
        assertThat(new Cli()
                        .run("keygen", "--out", file("a"), "--passphrase-file", file("long"))
                        .err())
                .contains("more than 4096 bytes");
        assertThat(file("a")).doesNotExist();
    }

    @Test
    void printsNoSecret() throws IOException {
        Cli.Result result =
                new Cli().run("keygen", "--out", file("a"), "--format", "pem").succeeded();

        String secret = Files.readString(file("a")).lines().skip(1).findFirst().orElseThrow();
        assertThat(result.out() + result.err()).doesNotContain(secret).doesNotContain(secret.substring(0, 20));
    }

    private Path file(String name) {
        return directory.resolve(name);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(path -> path.getFileName().toString()).toList();
        }
    }

    private String permissions(String name) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file(name)));
    }
}
