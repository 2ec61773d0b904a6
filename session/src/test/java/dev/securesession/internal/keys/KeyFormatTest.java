package dev.securesession.internal.keys;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.internal.codec.Bytes;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** How the format of a key is recognized, at the limits of the lengths. */
class KeyFormatTest {
    @Test
    void recognizesAFormatByItsFirstBytesAlone() {
        byte[] sealed = {0, 1, 1, '@'};
        assertThat(KeyFormat.of(sealed)).isEqualTo(KeyFormat.SEALED_WITH_KEY);
        assertThat(KeyFormat.of(Arrays.copyOf(sealed, 3))).isEqualTo(KeyFormat.UNKNOWN);
        assertThat(KeyFormat.of("UEC".getBytes(US_ASCII))).isEqualTo(KeyFormat.PUBLIC_CONTAINER);
        assertThat(KeyFormat.of("REC".getBytes(US_ASCII))).isEqualTo(KeyFormat.PRIVATE_CONTAINER);
        assertThat(KeyFormat.of("URA".getBytes(US_ASCII))).isEqualTo(KeyFormat.PUBLIC_CONTAINER);
        assertThat(KeyFormat.of("RRA".getBytes(US_ASCII))).isEqualTo(KeyFormat.PRIVATE_CONTAINER);
    }

    /** The first element of a real certificate has a length of two or three bytes. */
    @Test
    void readsLongLengthsOfDerElements() {
        byte[] content = new byte[300];
        byte[] first = Bytes.concat(HexFormat.of().parseHex("3082012c"), content);
        byte[] whole = Bytes.concat(
                HexFormat.of().parseHex("30820132"), first, HexFormat.of().parseHex("3000"));
        assertThat(KeyFormat.of(whole)).isEqualTo(KeyFormat.CERTIFICATE);
        assertThat(KeyFormat.of(Arrays.copyOf(whole, whole.length - 2))).isEqualTo(KeyFormat.UNKNOWN);
    }

    @Test
    void blankTextIsNoKeyInBase64() {
        byte[] blank = " \n".getBytes(US_ASCII);
        assertThat(KeyText.decode(blank)).isEqualTo(blank).isNotSameAs(blank);
    }

    @Test
    void findsTheRsaIdentifierUpToTheLastByte() {
        byte[] identifier = HexFormat.of().parseHex("2a864886f70d010101");
        assertThat(SubjectPublicKeyInfo.mentionsRsa(identifier)).isTrue();
        assertThat(SubjectPublicKeyInfo.mentionsRsa(Bytes.concat(new byte[31], identifier)))
                .isTrue();
        assertThat(SubjectPublicKeyInfo.mentionsRsa(Bytes.concat(new byte[32], identifier)))
                .isFalse();
        assertThat(SubjectPublicKeyInfo.mentionsRsa(Arrays.copyOf(identifier, 8)))
                .isFalse();
    }
}
