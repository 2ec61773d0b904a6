package dev.securesession.cli.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Curve;
import dev.securesession.IdentityKeyPair;
import dev.securesession.IdentityPublicKey;
import dev.securesession.PeerId;
import dev.securesession.cli.Cli;
import dev.securesession.cli.command.Failure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PeersFileTest {
    private static final IdentityPublicKey[] KEYS = new IdentityPublicKey[5];

    @TempDir
    private Path directory;

    @BeforeAll
    static void makeKeys() {
        for (int i = 0; i < KEYS.length; i++) {
            KEYS[i] = IdentityKeyPair.generate(i == 1 ? Curve.P521 : Curve.P256).publicKey();
        }
    }

    @Test
    void readsPeersWithTheirOptions() throws Exception {
        KnownPeers peers = read("""
                # the office

                targets="db, cache",remark="Alice's laptop" alice %s
                  bob\t%s\r
                remark="says \\"hi\\" \\\\o/" "a \\"quoted\\" # id" %s
                targets="-" Ym9i== %s
                """.formatted(line(0), line(1), line(2), line(3)));

        assertThat(peers.size()).isEqualTo(4);
        assertThat(peers.find(id("alice"))).containsExactly(KEYS[0]);
        assertThat(peers.find(id("bob"))).containsExactly(KEYS[1]);
        assertThat(peers.find(id("a \"quoted\" # id"))).containsExactly(KEYS[2]);
        assertThat(peers.find(id("Ym9i=="))).containsExactly(KEYS[3]);
        assertThat(peers.remark(id("alice"))).contains("Alice's laptop");
        assertThat(peers.remark(id("a \"quoted\" # id"))).contains("says \"hi\" \\o/");
        assertThat(peers.remark(id("bob"))).isEmpty();
    }

    @Test
    void targetsLimitWhatPeerReaches() throws Exception {
        KnownPeers peers =
                read("targets=\"db,cache\" alice " + line(0) + "\nbob " + line(1) + "\ntargets=\"-\" carol " + line(2));

        assertThat(peers.mayReach(id("alice"), "db")).isTrue();
        assertThat(peers.mayReach(id("alice"), "cache")).isTrue();
        assertThat(peers.mayReach(id("alice"), "web")).isFalse();
        assertThat(peers.mayReach(id("alice"), "")).isFalse();
        assertThat(peers.mayReach(id("bob"), "web")).isTrue();
        assertThat(peers.mayReach(id("carol"), "")).isTrue();
        assertThat(peers.mayReach(id("carol"), "db")).isFalse();
        assertThat(peers.mayReach(id("nobody"), "db")).isFalse();
    }

    @Test
    void saysWhatHasChanged() throws Exception {
        KnownPeers before = read("alice " + line(0) + "\nbob " + line(1) + "\ncarol " + line(2));
        KnownPeers after = read("alice " + line(3) + "\ntargets=\"db\" carol " + line(2) + "\ndave " + line(4));

        assertThat(after.changesSince(before))
                .containsExactly("added \"dave\"", "removed \"bob\"", "other keys or targets of \"alice\", \"carol\"");
        assertThat(after.changesSince(after)).isEmpty();
        StringBuilder many = new StringBuilder();
        for (int i = 0; i < 7; i++) {
            many.append("p").append(i).append(' ').append(line(0)).append('\n');
        }
        assertThat(read(many.toString()).changesSince(read("# nobody")))
                .containsExactly("added \"p0\", \"p1\", \"p2\", \"p3\", \"p4\" and 2 more");
    }

    @Test
    void unknownPeerHasNoKey() throws Exception {
        assertThat(read("alice " + line(0)).find(id("bob"))).isEmpty();
    }

    @Test
    void peerHasUpToFourKeys() throws Exception {
        String four = "alice " + line(0) + "\nalice " + line(1) + "\nalice " + line(2) + "\nalice " + line(3);

        assertThat(read(four).find(id("alice"))).containsExactly(KEYS[0], KEYS[1], KEYS[2], KEYS[3]);
        refused(four + "\nalice " + line(4), ":5: more than 4 keys of \"alice\"");
    }

    @Test
    void commentAloneIsFileWithoutPeers() throws Exception {
        assertThat(read("# nobody\n").size()).isZero();
        refused(" \n\n", "is empty");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "alice | :2: 1 field; expected [OPTIONS] ID KEY",
                "alice KEY laptop x | :2: 4 fields; expected [OPTIONS] ID KEY",
                "alice KEY laptop | :2: \"alice\" is no option; expected [OPTIONS] ID KEY, for example targets=",
                "alice notakey | :2: what stands after the id is no public key; expected the key itself, one line",
                "alice alice.key.pub | one line of base64 that begins with VUVD, as \"secure-session pubkey FILE",
                "alice VUVDMgAAAC1... | :2: the key is damaged or cut off; expected the key itself",
                "target=\"db\" alice KEY | :2: unknown option \"target\"; expected targets=",
                "targets=db alice KEY | :2: the option \"targets\" has no value in quotes",
                "targets=\"db\" KEY | :2: the id or the key is missing, or the id contains a quote",
                "targets=\"\" alice KEY | :2: an empty name in targets",
                "targets=\"db,,web\" alice KEY | :2: an empty name in targets",
                "targets=\"db\",targets=\"web\" alice KEY | :2: the option \"targets\" is given twice",
                "remark=\"a\",remark=\"b\" alice KEY | :2: the option \"remark\" is given twice",
                "targets=\"db\"remark=\"b\" alice KEY | :2: characters after the value of \"targets\"",
                "targets=\"db\", alice KEY | :2: the option \"\" has no value in quotes",
                "targets=\"db alice KEY | :2: a quote is not closed",
                "remark=\"a\\n\" alice KEY | :2: a backslash before another character",
                "\"\" KEY | :2: invalid id: a peer id of 0 bytes",
                "\"alice\"x KEY | :2: characters after the quoted id",
                "al\"i\"ce KEY | :2: the id or the key is missing, or the id contains a quote",
                "targets=\"db\" bob OTHER | :2: the targets of \"bob\" differ from those of its first key",
                "bob KEY0 | :2: this key of \"bob\" is there already",
            })
    void oneWrongLineRefusesTheFile(String line, String expected) throws IOException {
        String wrong = line.replace("KEY0", line(0)).replace("KEY", line(2)).replace("OTHER", line(1));
        refused("bob " + line(0) + "\n" + wrong + "\ncarol " + line(3), expected);
    }

    @Test
    void refusesPrivateKeyWithoutShowingIt() throws IOException {
        byte[] secret = IdentityKeyPair.generate().privateKey().encodeSecret();
        String text = Base64.getEncoder().encodeToString(secret);

        assertThatThrownBy(() -> read("alice " + text))
                .isInstanceOf(Failure.class)
                .hasMessageContaining(":1: a private key where a public one belongs")
                .hasMessageNotContaining(text);
    }

    @Test
    void refusesWhatIsTooLong() throws IOException {
        refused("alice " + "A".repeat(9000), ":1: a line of 9006 characters; the longest has 8192");
        refused("a".repeat(1025) + " " + line(0), ":1: an id of 1025 bytes; the longest has 1024");
        Path file = Files.write(directory.resolve("huge"), new byte[PeersFile.MAX_FILE_LENGTH + 1]);
        assertThatThrownBy(() -> PeersFile.read(file))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("more than");
    }

    @Test
    void refusesWhatIsNotText() throws IOException {
        Path file = Files.write(directory.resolve("binary"), new byte[] {'a', ' ', (byte) 0xFF});
        assertThatThrownBy(() -> PeersFile.read(file))
                .isInstanceOf(Failure.class)
                .hasMessageContaining(file + " is not UTF-8 text");
        assertThatThrownBy(() -> PeersFile.read(directory.resolve("absent"))).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void refusesTargetThatServerLacks() throws Exception {
        KnownPeers peers = read("bob " + line(1) + "\ntargets=\"db,cahce\" alice " + line(0));

        peers.requireTargets(Set.of("db", "cahce"));
        assertThatThrownBy(() -> peers.requireTargets(Set.of("db", "cache", "")))
                .isInstanceOf(Failure.class)
                .hasMessageContaining(":2: targets: \"alice\" may reach \"cahce\"")
                .hasMessageContaining("expected one of [-, cache, db]");
    }

    @Test
    void readsFolderOfKeysNamedById() throws Exception {
        Path folder = Files.createDirectory(directory.resolve("peers"));
        Files.write(folder.resolve("alice.pub"), KEYS[0].encode());
        Files.writeString(folder.resolve("b\"ob.pub"), KEYS[1].encodePem());
        Files.writeString(folder.resolve(".hidden"), "not looked at");

        KnownPeers peers = PeersFile.read(folder);

        assertThat(peers.size()).isEqualTo(2);
        assertThat(peers.find(id("alice"))).containsExactly(KEYS[0]);
        assertThat(peers.find(id("b\"ob"))).containsExactly(KEYS[1]);
        assertThat(peers.mayReach(id("alice"), "any")).isTrue();
    }

    @Test
    void oneWrongFileRefusesTheFolder() throws Exception {
        Path folder = Files.createDirectory(directory.resolve("peers"));
        Files.write(folder.resolve("alice.pub"), KEYS[0].encode());
        Path wrong = Files.write(folder.resolve("bob.pub~"), KEYS[1].encode());
        assertThatThrownBy(() -> PeersFile.read(folder))
                .isInstanceOf(Failure.class)
                .hasMessageStartingWith(wrong + " is not a file ID.pub");
        Files.delete(wrong);
        Files.writeString(folder.resolve("carol.pub"), "nonsense");
        assertThatThrownBy(() -> PeersFile.read(folder))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("carol.pub: no public key; expected a public key in any form that pubkey writes");
    }

    /** What the messages say of the beginning of a key. */
    @Test
    void publicKeysBeginAsTheMessagesSay() {
        assertThat(KEYS)
                .allSatisfy(key -> assertThat(Base64.getEncoder().encodeToString(key.encode()))
                        .startsWith("VUVD"));
    }

    @Test
    void pubkeyPrintsTheKeyOfLine() throws Exception {
        Path key = Cli.keygen(directory.resolve("alice"));
        String printed =
                new Cli().run("pubkey", key, "--format", "base64").succeeded().out();

        assertThat(read("alice " + printed).find(id("alice")))
                .containsExactly(IdentityPublicKey.decode(Cli.read(directory.resolve("alice.pub"))));
    }

    private KnownPeers read(String text) throws IOException, Failure {
        return PeersFile.read(Files.writeString(directory.resolve("peers.txt"), text));
    }

    private void refused(String text, String expected) throws IOException {
        Path file = Files.writeString(directory.resolve("peers.txt"), text);
        assertThatThrownBy(() -> PeersFile.read(file))
                .isInstanceOf(Failure.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(expected);
    }

    private static String line(int key) {
        return new String(Base64.getEncoder().encode(KEYS[key].encode()), StandardCharsets.US_ASCII);
    }

    private static PeerId id(String text) {
        return PeerId.ofUtf8(text);
    }
}
