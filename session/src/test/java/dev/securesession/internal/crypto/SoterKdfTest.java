package dev.securesession.internal.crypto;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.Json;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class SoterKdfTest {
    private final SoterKdf kdf = new SoterKdf(Suites.PLATFORM.hmac());

    @Test
    void derivesWhatTheReferenceDerives() {
        for (Json vector : Json.vectors("primitives.json").get("soter_kdf").elements()) {
            byte[] expected = vector.get("output").bytes();
            byte[][] contexts =
                    vector.get("context").elements().stream().map(Json::bytes).toArray(byte[][]::new);
            String label = vector.get("label").text();

            byte[] derived = vector.get("key").isNull()
                    ? kdf.deriveWithoutKey(label, expected.length, contexts)
                    : kdf.derive(Secret.owning(vector.get("key").bytes()), label, expected.length, contexts);

            assertThat(derived).as(label).isEqualTo(expected);
        }
    }

    @Test
    void derivesTheCheckValuesOfTheSpecification() {
        Secret key = Secret.owning("Noh6Uwaehied1kijothah2oPoh0eeQue".getBytes(US_ASCII));
        byte[][] contexts = {"2020-12-20".getBytes(US_ASCII), "11:18:24".getBytes(US_ASCII)};

        assertThat(kdf.derive(key, "Example key derivation", 32, contexts))
                .isEqualTo(hex("d5f5be45fd6eab6dcbf93c21c3d2d1e3e888fa20ef38f2f4a121c196382342dd"));
        assertThat(kdf.deriveWithoutKey("Example key derivation", 32, contexts))
                .isEqualTo(hex("cf9846b8026c5b76a0641aa85f4152ff02c15ad45b726c6e578be52afdfd6930"));
    }

    @Test
    void cutsTheFrontOfTheLongestResult() {
        Secret key = Secret.owning(new byte[] {1});
        byte[] longest = kdf.derive(key, "label", 32);
        for (int length = 1; length <= 32; length++) {
            assertThat(kdf.derive(key, "label", length)).isEqualTo(Arrays.copyOf(longest, length));
        }
    }

    @Test
    void keepsTheKeyAsItWas() {
        Secret key = Secret.owning(new byte[] {1, 2, 3});
        kdf.derive(key, "label", 32);
        assertThat(key.toBytes()).containsExactly(1, 2, 3);
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }
}
