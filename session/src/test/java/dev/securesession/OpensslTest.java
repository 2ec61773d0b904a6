package dev.securesession;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.securesession.KeyRejectedException.Reason;
import dev.securesession.testkit.TestKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Signature;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Keys that the openssl command makes and reads. */
class OpensslTest {
    @TempDir
    static Path directory;

    @BeforeAll
    static void needsTheCommand() throws Exception {
        boolean present;
        try {
            present = new ProcessBuilder("openssl", "version")
                            .redirectErrorStream(true)
                            .redirectOutput(directory.resolve("version").toFile())
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            present = false;
        }
        if (!present) {
            System.out.println("OpensslTest: skipped, there is no openssl command");
        }
        assumeTrue(present, "there is no openssl command");
    }

    @ParameterizedTest
    @EnumSource
    void readsItsKeys(Curve curve) throws Exception {
        Path pem = directory.resolve("read-" + curve + ".pem");
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + name(curve), "-out", pem.toString());

        IdentityPrivateKey key = IdentityPrivateKey.ofPem(Files.readAllBytes(pem));

        assertThat(key.curve()).isEqualTo(curve);
        assertThat(IdentityPublicKey.ofPem(text(openssl("pkey", "-in", pem.toString(), "-pubout"))))
                .isEqualTo(key.publicKey());
        assertThat(IdentityPublicKey.ofX509(openssl("pkey", "-in", pem.toString(), "-pubout", "-outform", "DER")))
                .isEqualTo(key.publicKey());
        assertThat(IdentityPrivateKey.ofPkcs8(
                                openssl("pkcs8", "-in", pem.toString(), "-topk8", "-nocrypt", "-outform", "DER"))
                        .encodeSecret())
                .isEqualTo(key.encodeSecret());
    }

    @ParameterizedTest
    @EnumSource
    void readsItsCompressedKeys(Curve curve) throws Exception {
        Path pem = directory.resolve("compressed-" + curve + ".pem");
        Files.write(pem, TestKeys.pair(curve, 1).privateKey().encodeSecretPem());
        byte[] compressed =
                openssl("ec", "-in", pem.toString(), "-pubout", "-conv_form", "compressed", "-outform", "DER");

        assertThat(compressed)
                .hasSizeLessThan(TestKeys.pair(curve, 1).publicKey().encodeX509().length);
        assertThat(IdentityPublicKey.ofX509(compressed))
                .isEqualTo(TestKeys.pair(curve, 1).publicKey());
    }

    @ParameterizedTest
    @EnumSource
    void writesKeysThatItReads(Curve curve) throws Exception {
        IdentityKeyPair pair = TestKeys.pair(curve, 1);
        Path privatePem = directory.resolve("write-" + curve + ".pem");
        Path publicPem = directory.resolve("write-public-" + curve + ".pem");
        Files.write(privatePem, pair.privateKey().encodeSecretPem());
        Files.writeString(publicPem, pair.publicKey().encodePem());

        openssl("pkey", "-in", privatePem.toString(), "-check", "-noout");
        byte[] fromPrivate = openssl("pkey", "-in", privatePem.toString(), "-pubout", "-outform", "DER");
        byte[] fromPublic = openssl("pkey", "-pubin", "-in", publicPem.toString(), "-pubout", "-outform", "DER");

        assertThat(fromPrivate).isEqualTo(pair.publicKey().encodeX509());
        assertThat(fromPublic).isEqualTo(pair.publicKey().encodeX509());
    }

    @ParameterizedTest
    @EnumSource
    void verifiesWhatItSigns(Curve curve) throws Exception {
        Path pem = directory.resolve("sign-" + curve + ".pem");
        Path text = directory.resolve("text-" + curve);
        Files.write(pem, TestKeys.pair(curve, 1).privateKey().encodeSecretPem());
        Files.writeString(text, "signed by a command");

        byte[] signature = openssl("dgst", "-sha256", "-sign", pem.toString(), text.toString());

        Signature verifier = Signature.getInstance("SHA256withECDSA");
        verifier.initVerify(TestKeys.pair(curve, 1).publicKey().toJca());
        verifier.update(Files.readAllBytes(text));
        assertThat(verifier.verify(signature)).isTrue();
        assertThat(CryptoProviders.platform()
                        .suite()
                        .ecdsa()
                        .verify(TestKeys.pair(curve, 1).publicKey().key(), signature, Files.readAllBytes(text)))
                .isTrue();
    }

    @Test
    void refusesItsOlderAndItsEncryptedForm() throws Exception {
        Path pem = directory.resolve("forms.pem");
        Files.write(pem, TestKeys.pair(1).privateKey().encodeSecretPem());
        byte[] older = openssl("ec", "-in", pem.toString());
        byte[] encrypted = openssl("pkcs8", "-in", pem.toString(), "-topk8", "-passout", "pass:secret");
        byte[] rsa = openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024");

        assertThat(text(older)).contains("EC PRIVATE KEY");
        assertRefused(older, Reason.UNSUPPORTED);
        assertRefused(encrypted, Reason.UNSUPPORTED);
        assertRefused(rsa, Reason.RSA);
    }

    private static void assertRefused(byte[] pem, Reason reason) {
        assertThatExceptionOfType(KeyRejectedException.class)
                .isThrownBy(() -> IdentityPrivateKey.ofPem(pem))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
    }

    private static byte[] openssl(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments));
        Path errors = Files.createTempFile(directory, "errors", "");
        Process process =
                new ProcessBuilder(command).redirectError(errors.toFile()).start();
        process.getOutputStream().close();
        byte[] output = process.getInputStream().readAllBytes();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("%s ends", command).isTrue();
        assertThat(process.exitValue())
                .as("%s: %s", command, Files.readString(errors))
                .isZero();
        return output;
    }

    private static String text(byte[] ascii) {
        return new String(ascii, US_ASCII);
    }

    private static String name(Curve curve) {
        return switch (curve) {
            case P256 -> "P-256";
            case P384 -> "P-384";
            case P521 -> "P-521";
        };
    }
}
