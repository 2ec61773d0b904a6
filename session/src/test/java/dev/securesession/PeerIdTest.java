package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.securesession.rules.Rule;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class PeerIdTest {
    @Test
    @Rule(value = "P-5", kind = ACCEPTS)
    void isAnyBytesComparedOneByOne() {
        byte[] bytes = new byte[256];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) i;
        }
        PeerId id = PeerId.of(bytes);

        assertThat(id.toBytes()).isEqualTo(bytes);
        assertThat(id.length()).isEqualTo(256);
        assertThat(id).isEqualTo(PeerId.of(bytes)).hasSameHashCodeAs(PeerId.of(bytes));
        for (int i = 0; i < bytes.length; i++) {
            byte[] other = bytes.clone();
            other[i] ^= 1;
            assertThat(PeerId.of(other)).isNotEqualTo(id);
        }
        assertThat(PeerId.of(Arrays.copyOf(bytes, 255))).isNotEqualTo(id);
        assertThat(PeerId.of(Arrays.copyOf(bytes, 257))).isNotEqualTo(id);
    }

    @Test
    @Rule(value = "P-5", kind = REFUSES)
    void takesNoTwoSpellingsForTheSame() {
        PeerId id = PeerId.ofUtf8("client");
        assertThat(PeerId.ofUtf8("Client")).isNotEqualTo(id);
        assertThat(PeerId.ofUtf8("client ")).isNotEqualTo(id);
        assertThat(PeerId.ofUtf8("client\0")).isNotEqualTo(id);
        assertThat(PeerId.ofUtf16WithMark("client")).isNotEqualTo(id);
        // The same letter, composed and decomposed.
        assertThat(PeerId.ofUtf8("\u00e9")).isNotEqualTo(PeerId.ofUtf8("e\u0301"));
        assertThat(id).isNotEqualTo("client");
    }

    @Test
    void writesTextInTheNamedCharset() {
        assertThat(PeerId.ofUtf8("\u00e9\ud83d\ude00").toBytes()).isEqualTo(hex("c3a9f09f9880"));
        assertThat(PeerId.ofUtf8("client").toBytes()).isEqualTo("client".getBytes(UTF_8));
        // PROTOCOL.md 10.1
        assertThat(PeerId.ofUtf16WithMark("client").toBytes()).isEqualTo(hex("feff0063006c00690065006e0074"));
    }

    @Test
    void refusesEmptyIds() {
        assertThatIllegalArgumentException().isThrownBy(() -> PeerId.of(new byte[0]));
        assertThatIllegalArgumentException().isThrownBy(() -> PeerId.ofUtf8(""));
        assertThatIllegalArgumentException().isThrownBy(() -> PeerId.ofUtf16WithMark(""));
    }

    @Test
    void refusesTextThatIsNotWellFormed() {
        for (String text : new String[] {"\ud800", "a\udc00b", "\ude00\ud83d"}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> PeerId.ofUtf8(text))
                    .withMessageContaining("surrogate");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> PeerId.ofUtf16WithMark(text))
                    .withMessageContaining("surrogate");
        }
    }

    @Test
    void sharesNoArrayWithItsCallers() {
        byte[] bytes = {1, 2, 3};
        PeerId id = PeerId.of(bytes);
        bytes[0] = 9;
        id.toBytes()[1] = 9;
        assertThat(id.toBytes()).containsExactly(1, 2, 3);
    }

    @Test
    void describesItselfWithoutControlCharacters() {
        assertThat(PeerId.ofUtf8("client ~")).hasToString("\"client ~\"");
        assertThat(PeerId.of(new byte[] {'a', '\n'})).hasToString("0x610a");
        assertThat(PeerId.of(new byte[] {'"'})).hasToString("0x22");
        assertThat(PeerId.of(new byte[] {0x7F})).hasToString("0x7f");
        assertThat(PeerId.ofUtf8("x".repeat(64))).hasToString('"' + "x".repeat(64) + '"');
        assertThat(PeerId.ofUtf8("x".repeat(1000))).hasToString('"' + "x".repeat(64) + "\"... (1000 bytes)");
        assertThat(PeerId.of(new byte[65])).hasToString("0x" + "00".repeat(64) + "... (65 bytes)");
    }

    @Test
    void printsUtf8AsText() {
        for (String text : new String[] {
            "\u00e9",
            "e\u0301",
            "M\u00fcller & S\u00f6hne",
            "\u0414\u0430\u0440\u044c\u044f",
            "\u6771\u4eac",
            "\u05d3\u05d5\u05d3",
            "\ud83d\ude00"
        }) {
            assertThat(PeerId.ofUtf8(text)).hasToString('"' + text + '"');
        }
    }

    /** Characters that are invisible, or change how the text around them is shown, could make one id look like another. */
    @Test
    void printsWhatCouldMisleadAReaderInHexadecimal() {
        for (String text : new String[] {
            "\u202e", // shows the text that follows from right to left
            "\u2066", // the same, isolated
            "\u200f", // direction of the next neutral character
            "\u200b", // space without width
            "\ufeff", // byte order mark
            "\u0085", // control character of ISO 8859-1
            "\u2028", // line separator
            "\u2029", // paragraph separator
            "\u00a0", // space that looks like any other
            "\ue000", // private use
            "\uffff", // no character
            "\udb40\udc41", // invisible tag
            "\u3164", // a letter that shows nothing
            "\u2800", // a symbol that shows nothing
            "\ufe0f", // variation selectors
            "\udb40\udd00"
        }) {
            byte[] id = ("a" + text + "b").getBytes(UTF_8);
            assertThat(PeerId.of(id)).hasToString("0x" + HexFormat.of().formatHex(id));
        }
    }

    @Test
    void printsBytesThatAreNoUtf8InHexadecimal() {
        for (String id : new String[] {"61c3", "c328", "c0af", "eda080", "f4908080", "61ff", "feff0061"}) {
            assertThat(PeerId.of(hex(id))).hasToString("0x" + id);
        }
    }

    @Test
    void cutsNoCharacterInHalf() {
        String text = "x".repeat(63) + "\u00e9";
        assertThat(PeerId.ofUtf8(text)).hasToString('"' + "x".repeat(63) + "\"... (65 bytes)");
        assertThat(PeerId.ofUtf8("x".repeat(61) + "\ud83d\ude00"))
                .hasToString('"' + "x".repeat(61) + "\"... (65 bytes)");
        // Cut in front of a byte that continues no character.
        byte[] broken = ("x".repeat(63) + "??").getBytes(UTF_8);
        broken[63] = (byte) 0xC3;
        broken[64] = (byte) 0xC3;
        assertThat(PeerId.of(broken).toString()).startsWith("0x78").endsWith("78c3... (65 bytes)");
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }
}
