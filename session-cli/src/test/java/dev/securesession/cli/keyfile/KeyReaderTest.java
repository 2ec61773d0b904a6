package dev.securesession.cli.keyfile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.Curve;
import dev.securesession.IdentityKeyPair;
import dev.securesession.IdentityPublicKey;
import dev.securesession.KeyRejectedException;
import dev.securesession.Sealer;
import dev.securesession.cli.Cli;
import dev.securesession.cli.command.Hex;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys in all their forms, as {@code fingerprint} and {@code pubkey} read them. */
class KeyReaderTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @EnumSource(Curve.class)
    void readsEveryForm(Curve curve) throws IOException {
        IdentityKeyPair pair = IdentityKeyPair.generate(curve);
        String fingerprint = pair.publicKey().fingerprint();

        for (Map.Entry<String, byte[]> form : forms(pair).entrySet()) {
            Path file = secretFile(form.getKey(), form.getValue());
            assertThat(new Cli().run("fingerprint", file).succeeded().out().strip())
                    .as(form.getKey())
                    .isEqualTo(fingerprint);
            assertThat(new Cli()
                            .input(form.getValue())
                            .run("fingerprint", "-")
                            .succeeded()
                            .out()
                            .strip())
                    .as(form.getKey())
                    .isEqualTo(fingerprint);
            assertThat(new Cli().run("pubkey", file).succeeded().bytes())
                    .as(form.getKey())
                    .isEqualTo(pair.publicKey().encode());
        }
    }

    @Test
    void readsWhatIsSealed() throws IOException {
        IdentityKeyPair pair = IdentityKeyPair.generate();
        Sealer sealer = Sealer.withPassphrase("open".toCharArray());
        Path passphrase = secretFile("pass", ascii("open\n"));
        List<byte[]> contents = List.of(
                sealer.seal(pair.privateKey().encodeSecret()),
                sealer.seal(pair.privateKey().encodeSecretPem()),
                Base64.getMimeEncoder().encode(sealer.seal(pair.privateKey().encodeSecret())),
                ascii(Hex.of(sealer.seal(pair.privateKey().encodeSecret()))));

        for (byte[] content : contents) {
            Path file = secretFile("sealed", content);
            assertThat(new Cli()
                            .run("fingerprint", file, "--passphrase-file", passphrase)
                            .succeeded()
                            .out()
                            .strip())
                    .isEqualTo(pair.publicKey().fingerprint());
            Files.delete(file);
        }
    }

    @Test
    void asksForPassphraseOnlyWhenNeeded() throws IOException {
        IdentityKeyPair pair = IdentityKeyPair.generate();
        byte[] secret = pair.privateKey().encodeSecret();
        Path open = secretFile("open", secret);
        Path sealed =
                secretFile("sealed", Sealer.withPassphrase("word".toCharArray()).seal(secret));
        List<String> questions = new ArrayList<>();

        new Cli().typing(questions, "word").run("fingerprint", open).succeeded();
        assertThat(questions).isEmpty();
        new Cli().typing(questions, "word").run("fingerprint", sealed).succeeded();
        assertThat(questions).singleElement().asString().contains(sealed.toString());
    }

    @Test
    void printsFingerprintInHex() throws IOException {
        IdentityKeyPair pair = IdentityKeyPair.generate();
        Path file = secretFile("a", pair.publicKey().encode());

        assertThat(new Cli().run("fingerprint", file, "--hex").out().strip())
                .isEqualTo(Hex.of(pair.publicKey().fingerprintBytes()));
    }

    @Test
    void pubkeyWritesEitherForm() throws IOException, KeyRejectedException {
        IdentityKeyPair pair = IdentityKeyPair.generate();
        Path file = secretFile("a", pair.privateKey().encodeSecret());
        Path out = directory.resolve("out");

        assertThat(IdentityPublicKey.ofPem(new Cli()
                        .run("pubkey", file, "--format", "pem")
                        .succeeded()
                        .out()))
                .isEqualTo(pair.publicKey());
        new Cli().run("pubkey", file, "--out", out).succeeded();
        assertThat(Cli.read(out)).isEqualTo(pair.publicKey().encode());
        new Cli().run("pubkey", file, "--out", out).failed(1, "exists already");
        new Cli()
                .run("pubkey", file, "--out", out, "--force", "--format", "pem")
                .succeeded();
        assertThat(Files.readString(out)).startsWith("-----BEGIN PUBLIC KEY-----");
    }

    @Test
    void warnsOfPrivateKeyThatOthersCanRead() throws IOException {
        IdentityKeyPair pair = IdentityKeyPair.generate();
        Path file = secretFile("a", pair.privateKey().encodeSecret());
        assertThat(new Cli().run("fingerprint", file).succeeded().err()).isEmpty();

        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        assertThat(new Cli().run("fingerprint", file).succeeded().err())
                .startsWith("warning: others can read " + file + " (rw-r-----)")
                .contains("chmod 600");
    }

    @Test
    void doesNotWarnOfSealedKeyThatOthersCanRead() throws IOException {
        byte[] sealed = Sealer.withPassphrase("open".toCharArray())
                .seal(IdentityKeyPair.generate().privateKey().encodeSecret());
        Path passphrase = secretFile("pass", ascii("open\n"));
        for (byte[] content : List.of(sealed, Base64.getMimeEncoder().encode(sealed))) {
            Path file = secretFile("sealed", content);
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));

            assertThat(new Cli()
                            .run("fingerprint", file, "--passphrase-file", passphrase)
                            .succeeded()
                            .err())
                    .isEmpty();
            Files.delete(file);
        }
    }

    @Test
    void doesNotWarnOfPublicKeyThatOthersCanRead() throws IOException {
        Path file = secretFile("a", IdentityKeyPair.generate().publicKey().encode());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));

        assertThat(new Cli().run("fingerprint", file).succeeded().err()).isEmpty();
    }

    @Test
    void tellsWhatIsWrong() throws IOException, NoSuchAlgorithmException {
        byte[] secret = IdentityKeyPair.generate().privateKey().encodeSecret();
        byte[] damaged = secret.clone();
        damaged[20] ^= 1;
        Sealer sealer = Sealer.withPassphrase("word".toCharArray());
        KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA");
        Path wrong = secretFile("wrong", ascii("drow"));

        refused("none", ascii(""), "is empty");
        refused("text", ascii("hello, world"), "no key in a known format");
        refused("hex", ascii("00112233"), "no key in a known format");
        refused("damaged", damaged, "damaged");
        refused("cut", Arrays.copyOf(secret, 30), "cut");
        refused("trailing", Arrays.copyOf(secret, 46), "trailing");
        refused("rsa", rsa.generateKeyPair().getPublic().getEncoded(), "RSA");
        refused("rsa-private", rsa.generateKeyPair().getPrivate().getEncoded(), "RSA");
        refused("old", ascii("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"), "openssl pkcs8");
        refused("big", new byte[70_000], "more than 65536 bytes");
        refused("sealed", sealer.seal(secret), "sealed with a passphrase", "--passphrase-file");
        refused("keyed", Sealer.withKey(new byte[32]).seal(secret), "sealed with a key");
        new Cli()
                .run("fingerprint", directory.resolve("sealed"), "--passphrase-file", wrong)
                .failed(1, directory.resolve("sealed") + ": wrong passphrase, or the file was changed");
        Path nonsense = secretFile("nonsense", sealer.seal(ascii("no key")));
        Path right = secretFile("right", ascii("word"));
        new Cli().run("fingerprint", nonsense, "--passphrase-file", right).failed(1, "no key in a known format");
        new Cli().run("fingerprint", directory.resolve("gone")).failed(1, "no such file or directory");
        new Cli().run("fingerprint", directory).failed(1, "is a directory");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "listen --port 0",
                "connect 127.0.0.1 1",
                "serve --listen 127.0.0.1:0 --to 127.0.0.1:1",
                "proxy --listen 127.0.0.1:0 --connect 127.0.0.1:1"
            })
    void tellsWhichPeerHasNoPublicKey(String command) throws Exception {
        Path own = secretFile("own", IdentityKeyPair.generate().privateKey().encodeSecret());
        Path garbage = secretFile("garbage", ascii("hello, world"));
        Path secret =
                secretFile("secret", IdentityKeyPair.generate().privateKey().encodeSecretPem());
        List<Object> arguments = new ArrayList<>(List.of(command.split(" ")));
        arguments.addAll(List.of("--id", "a", "--key", own, "--peer"));

        arguments.add("web=" + garbage);
        Cli.Result refused = new Cli().run(arguments.toArray());
        arguments.set(arguments.size() - 1, "web=" + secret);
        Cli.Result secretRefused = new Cli().run(arguments.toArray());

        refused.failed(1, "--peer web: " + garbage + ": ", "expected a public key");
        assertThat(refused.err()).doesNotContain("private key");
        secretRefused.failed(1, "--peer web: " + secret + ": a private key where a public one belongs");
    }

    @Test
    void namesTheKindsOfKeysThatItTakes() throws IOException {
        Path peer = secretFile("peer", IdentityKeyPair.generate().publicKey().encode());
        Path garbage = secretFile("garbage", ascii("hello, world"));
        for (String command : List.of("fingerprint", "pubkey")) {
            new Cli()
                    .run(command, garbage)
                    .failed(1, garbage + ": this is no key in a known format; expected a private or a public key in ");
        }
        new Cli()
                .run("connect", "127.0.0.1", "1", "--id", "a", "--key", garbage, "--peer", "b=" + peer)
                .failed(1, garbage + ": this is no key in a known format; expected a private key in ");
    }

    private void refused(String name, byte[] content, String... parts) throws IOException {
        Path file = secretFile(name, content);
        assertThat(new Cli().run("fingerprint", file).failed(1, parts).out()).isEmpty();
    }

    private static Map<String, byte[]> forms(IdentityKeyPair pair) {
        byte[] secret = pair.privateKey().encodeSecret();
        byte[] open = pair.publicKey().encode();
        Map<String, byte[]> forms = new LinkedHashMap<>();
        forms.put("container", secret);
        forms.put("base64", Base64.getEncoder().encode(secret));
        forms.put("base64 lines", Base64.getMimeEncoder(20, new byte[] {'\n'}).encode(secret));
        forms.put("hex", ascii(Hex.of(secret)));
        forms.put("upper hex", ascii(Hex.of(secret).toUpperCase(java.util.Locale.ROOT) + "\r\n"));
        forms.put("pem", pair.privateKey().encodeSecretPem());
        forms.put("pkcs8", pair.privateKey().encodeSecretPkcs8());
        forms.put("pkcs8 base64", Base64.getEncoder().encode(pair.privateKey().encodeSecretPkcs8()));
        forms.put("public container", open);
        forms.put("public uncompressed", pair.publicKey().encodeUncompressed());
        forms.put("public base64", Base64.getEncoder().encode(open));
        forms.put("public hex", ascii(" " + Hex.of(open) + "\n"));
        forms.put("public pem", ascii(pair.publicKey().encodePem()));
        forms.put("public x509", pair.publicKey().encodeX509());
        return forms;
    }

    private Path secretFile(String name, byte[] content) throws IOException {
        Path file = directory.resolve(name);
        Files.write(file, content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return file;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
