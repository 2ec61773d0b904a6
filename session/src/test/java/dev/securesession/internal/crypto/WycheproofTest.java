package dev.securesession.internal.crypto;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.securesession.Curve;
import dev.securesession.IdentityPublicKey;
import dev.securesession.Json;
import dev.securesession.rules.Rule;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The edge cases that Project Wycheproof collects, from the folder {@code testvectors_v1} of its repository that the
 * environment variable SECURE_SESSION_WYCHEPROOF names.
 */
class WycheproofTest {
    private static final String VARIABLE = "SECURE_SESSION_WYCHEPROOF";

    private static Path folder = Path.of("");

    private final CryptoSuite suite = Suites.PLATFORM;

    @BeforeAll
    static void needsTheVectors() {
        String named = System.getenv(VARIABLE);
        if (named == null) {
            System.out.println("WycheproofTest: skipped, " + VARIABLE + " names no folder of vectors");
        }
        assumeTrue(named != null, VARIABLE + " names no folder of vectors");
        folder = Path.of(named);
        assertThat(Files.isDirectory(folder)).as("%s is a folder", folder).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"P256, ecdsa_secp256r1_sha256_test.json", "P384, ecdsa_secp384r1_sha256_test.json"})
    @Rule(value = "P-6", kind = REFUSES)
    void verifiesSignatures(Curve curve, String file) throws Exception {
        CryptoSuite bouncyCastle =
                new CryptoSuite(new BouncyCastleProvider(), Suites.AEAD, Suites.MAC, new SecureRandom());
        int tests = 0;
        for (Json group : tests(file)) {
            EcPublicKey key = EcPublicKey.decode(
                    curve, group.get("publicKey").get("uncompressed").bytes());
            assertThat(IdentityPublicKey.ofX509(group.get("publicKeyDer").bytes()))
                    .isEqualTo(IdentityPublicKey.ofPem(group.get("publicKeyPem").text()));
            for (Json test : group.get("tests").elements()) {
                byte[] signature = test.get("sig").bytes();
                byte[] message = test.get("msg").bytes();
                boolean strict =
                        StrictDer.isSignature(signature, EcDomain.of(curve).order());
                boolean byBouncyCastle = bouncyCastle.ecdsa().verify(key, signature, message);
                boolean byPlatform = suite.ecdsa().verify(key, signature, message);
                switch (test.get("result").text()) {
                    case "valid" ->
                        assertThat(byBouncyCastle).as(test.toString()).isTrue();
                    case "invalid" ->
                        assertThat(byBouncyCastle).as(test.toString()).isFalse();
                    default -> assertThat(byBouncyCastle).as(test.toString()).isEqualTo(strict);
                }
                if (byPlatform != byBouncyCastle) {
                    // JDK 17 refuses r that was reduced by the order: one signature in 2^128 on P-256, fewer on P-384.
                    assertThat(test.get("comment").text()).containsPattern("large x-coordinate|with a reduction");
                    assertThat(byPlatform).isFalse();
                    System.out.println("WycheproofTest: " + Suites.EC + " refuses test " + test.get("tcId") + " of "
                            + file + ", " + test.get("comment"));
                }
                tests++;
            }
        }
        assertThat(tests).isGreaterThan(400);
    }

    /** Section 3 takes compressed points, so what counts is whether the point is on the curve. */
    @Test
    @Rule(value = "C-1", kind = REFUSES)
    void agreesOnSecrets() {
        int tests = 0;
        for (Json group : tests("ecdh_secp256r1_ecpoint_test.json")) {
            assertThat(group.get("curve").text()).isEqualTo("secp256r1");
            for (Json test : group.get("tests").elements()) {
                byte[] scalar = new byte[32];
                EcDomain.writeUnsigned(new BigInteger(1, test.get("private").bytes()), scalar, 0, 32);
                byte[] shared;
                try {
                    EcPublicKey peer =
                            EcPublicKey.decode(Curve.P256, test.get("public").bytes());
                    EphemeralKey own = suite.keys().restoreEphemeral(Secret.owning(scalar), peer);
                    shared = suite.ecdh().agree(own, peer).toBytes();
                } catch (InvalidPointException e) {
                    shared = new byte[0];
                }
                boolean refused = test.get("result").text().equals("invalid");
                assertThat(shared)
                        .as(test.toString())
                        .isEqualTo(refused ? new byte[0] : test.get("shared").bytes());
                tests++;
            }
        }
        assertThat(tests).isGreaterThan(300);
    }

    @Test
    @Rule(value = "D-4", kind = REFUSES)
    void opensAndSeals() {
        AesGcm aead = suite.aead();
        int tests = 0;
        for (Json group : tests("aes_gcm_test.json")) {
            if (group.get("keySize").number() != 256
                    || group.get("ivSize").number() != 96
                    || group.get("tagSize").number() != 128) {
                continue;
            }
            for (Json test : group.get("tests").elements()) {
                byte[] nonce = test.get("iv").bytes();
                byte[] associated = test.get("aad").bytes();
                byte[] plaintext = test.get("msg").bytes();
                byte[] sealed = concat(test.get("ct").bytes(), test.get("tag").bytes());
                Secret secret = Secret.owning(test.get("key").bytes());
                boolean valid = test.get("result").text().equals("valid");

                assertThat(aead.openOnce(secret, nonce, associated, sealed))
                        .as(test.toString())
                        .isEqualTo(valid ? plaintext : null);
                if (valid) {
                    assertThat(aead.sealOnce(secret, nonce, associated, plaintext))
                            .as(test.toString())
                            .isEqualTo(sealed);
                }
                if (associated.length == 0) {
                    AeadKey key = aead.key(secret.copy());
                    byte[] opened = new byte[plaintext.length];
                    assertThat(aead.open(key, nonce, sealed, 0, sealed.length, opened, 0))
                            .as(test.toString())
                            .isEqualTo(valid);
                    assertThat(opened).isEqualTo(valid ? plaintext : new byte[plaintext.length]);
                    aead.forget(key);
                }
                tests++;
            }
        }
        assertThat(tests).isGreaterThan(50);
    }

    @Test
    @Rule(value = "C-3", kind = ACCEPTS)
    void computesCodes() {
        int tests = 0;
        for (Json group : tests("hmac_sha256_test.json")) {
            int length = group.get("tagSize").number() / 8;
            for (Json test : group.get("tests").elements()) {
                byte[] code = suite.hmac()
                        .of(
                                Secret.owning(test.get("key").bytes()),
                                test.get("msg").bytes());
                boolean valid = test.get("result").text().equals("valid");
                assertThat(Arrays.equals(
                                Arrays.copyOf(code, length), test.get("tag").bytes()))
                        .as(test.toString())
                        .isEqualTo(valid);
                tests++;
            }
        }
        assertThat(tests).isGreaterThan(150);
    }

    /** Ours derives one block, so it is compared with the first 32 bytes of those that are longer. */
    @Test
    void derivesKeysFromPassphrases() {
        int tests = 0;
        for (Json group : tests("pbkdf2_hmacsha256_test.json")) {
            for (Json test : group.get("tests").elements()) {
                byte[] expected = test.get("dk").bytes();
                int compared = Math.min(32, expected.length);
                byte[] derived = Pbkdf2.derive(
                                suite.hmac(),
                                Secret.owning(test.get("password").bytes()),
                                test.get("salt").bytes(),
                                test.get("iterationCount").number())
                        .toBytes();
                assertThat(Arrays.copyOf(derived, compared))
                        .as(test.toString())
                        .isEqualTo(Arrays.copyOf(expected, compared));
                tests++;
            }
        }
        assertThat(tests).isGreaterThan(50);
    }

    private static Iterable<Json> tests(String file) {
        return Json.read(folder.resolve(file)).get("testGroups").elements();
    }

    private static byte[] concat(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
