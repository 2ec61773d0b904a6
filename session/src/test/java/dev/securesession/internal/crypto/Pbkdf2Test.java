package dev.securesession.internal.crypto;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import java.util.Random;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Pbkdf2Test {
    @ParameterizedTest
    @CsvSource({
        // RFC 7914, section 11, the first of two blocks
        "passwd, salt, 1, 55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc",
        "Password, NaCl, 80000, 4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56",
    })
    void derivesKnownValues(String passphrase, String salt, int iterations, String expected) {
        assertThat(derive(passphrase, salt.getBytes(US_ASCII), iterations))
                .isEqualTo(HexFormat.of().parseHex(expected));
    }

    @Test
    void derivesWhatThePlatformDerives() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("Pbkdf2Test: seed " + seed);
        Random random = new Random(seed);
        SecretKeyFactory platform = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256");
        for (int iterations : new int[] {1, 2, 3, 7, 1000}) {
            for (int length : new int[] {1, 31, 63, 64, 65, 200}) {
                char[] passphrase = new char[length];
                for (int i = 0; i < length; i++) {
                    passphrase[i] = (char) (' ' + random.nextInt(95));
                }
                byte[] salt = new byte[1 + random.nextInt(40)];
                random.nextBytes(salt);
                byte[] expected = platform.generateSecret(new PBEKeySpec(passphrase, salt, iterations, 256))
                        .getEncoded();

                assertThat(derive(new String(passphrase), salt, iterations))
                        .as("seed %d", seed)
                        .isEqualTo(expected);
            }
        }
    }

    private static byte[] derive(String passphrase, byte[] salt, int iterations) {
        return Pbkdf2.derive(Suites.PLATFORM.hmac(), Secret.owning(passphrase.getBytes(US_ASCII)), salt, iterations)
                .toBytes();
    }
}
