package dev.securesession.internal.message;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.rules.Rule;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NonceCounterTest {
    @ParameterizedTest
    @CsvSource({
        "000000000000000000000000, 000000000000000000000001",
        "0000000000000000000000ff, 000000000000000000000100",
        "0000000000000000ffffffff, 000000000000000100000000",
        "000000007fffffffffffffff, 000000008000000000000000",
        "00000000ffffffffffffffff, 000000010000000000000000",
        "7fffffffffffffffffffffff, 800000000000000000000000",
        "ffffffffffffffffffffffff, 000000000000000000000000",
        "0123456789abcdef01234567, 0123456789abcdef01234568",
    })
    @Rule(value = "C-5", kind = ACCEPTS)
    void countsUpByOneInAllItsBits(String random, String next) {
        assertThat(new NonceCounter(HexFormat.of().parseHex(random)).next())
                .isEqualTo(HexFormat.of().parseHex(next));
    }

    @Test
    void givesEachNonceInAnArrayOfItsOwn() {
        NonceCounter nonces = new NonceCounter(new byte[12]);
        byte[] first = nonces.next();
        byte[] second = nonces.next();
        assertThat(first).endsWith(0, 1);
        assertThat(second).endsWith(0, 2);
    }
}
