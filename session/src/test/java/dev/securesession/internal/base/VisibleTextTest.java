package dev.securesession.internal.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VisibleTextTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "\u0000",
                "\n",
                "\r",
                "\t",
                "\u001b", // ESC
                "\u007f", // DEL
                "\u0085", // next line of ISO 8859-1
                "\u009b", // CSI of ISO 8859-1
                "\u200b", // a space without width
                "\u202e", // the text that follows runs from right to left
                "\u2028", // line separator
                "\u2029", // paragraph separator
                "\ue000", // private use
                "\ud800", // half a character
                "\udbff\udfff" // unassigned
            })
    void replacesWhatIsNotVisible(String character) {
        assertThat(VisibleText.of("a" + character + "b")).isEqualTo("a?b");
    }

    @Test
    void keepsWhatIsVisible() {
        String text = "A z, 9 \"~\" \u00e4 \u4e2d \ud83d\ude00";

        assertThat(VisibleText.of(text)).isEqualTo(text);
    }

    @Test
    void cutsBetweenTwoCharacters() {
        assertThat(VisibleText.of("\ud83d\ude00\ud83d\ude00", 1)).isEqualTo("\ud83d\ude00");
        assertThat(VisibleText.of("abc", 0)).isEmpty();
    }

    @Test
    void cutsUtf8BetweenTwoCharacters() {
        for (int most = 0; most <= 9; most++) {
            String cut = new String(VisibleText.utf8("a\u00e4\u4e2d\ud83d\ude00", most), StandardCharsets.UTF_8);

            assertThat("a\u00e4\u4e2d\ud83d\ude00").startsWith(cut);
            assertThat(cut.getBytes(StandardCharsets.UTF_8)).hasSizeLessThanOrEqualTo(most);
        }
        assertThat(VisibleText.utf8("a\u00e4\u4e2d", 6)).hasSize(6);
        assertThat(VisibleText.utf8("a\u00e4\u4e2d", 5)).hasSize(3);
        assertThat(VisibleText.utf8("a\u00e4\u4e2d", 3)).hasSize(3);
    }
}
