package dev.securesession.internal.wire;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.AesGcm;
import dev.securesession.internal.crypto.HmacSha256;
import dev.securesession.rules.Rule;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Messages at the limits of their lengths. */
class MessageLimitsTest {
    @Test
    @Rule(value = "P-3", kind = ACCEPTS)
    @Rule(value = "P-3", kind = REFUSES)
    void message3HasASignatureOfOneByteOrMore() throws Exception {
        byte[] mac = new byte[HmacSha256.LENGTH];
        ClientConfirmation shortest = ClientConfirmation.parse(ClientConfirmation.write(new byte[] {7}, mac));
        assertThat(shortest.signature()).containsExactly(7);
        assertThat(shortest.mac()).hasSize(HmacSha256.LENGTH);
        assertThatExceptionOfType(MalformedException.class)
                .isThrownBy(() -> ClientConfirmation.parse(ClientConfirmation.write(new byte[0], mac)));
    }

    @Test
    void aSignedMessageHasAPayloadAndASignatureOfOneByteOrMore() throws Exception {
        SignedMessage shortest = SignedMessage.parse(new SignedMessage(new byte[] {1}, new byte[] {2}).write());
        assertThat(shortest.message()).containsExactly(1);
        assertThat(shortest.signature()).containsExactly(2);
        for (SignedMessage empty : List.of(
                new SignedMessage(new byte[0], new byte[] {2}), new SignedMessage(new byte[] {1}, new byte[0]))) {
            assertThatExceptionOfType(MalformedException.class).isThrownBy(() -> SignedMessage.parse(empty.write()));
        }
    }

    @Test
    void fourBytesTellThatAMessageUsesRsa() {
        byte[] signed = HexFormat.of().parseHex("10260426");
        byte[] sealed = HexFormat.of().parseHex("10270426");
        assertThat(SignedMessage.isRsa(signed)).isTrue();
        assertThat(SignedMessage.isRsa(sealed)).isFalse();
        assertThat(SignedMessage.isRsa(Arrays.copyOf(signed, 3))).isFalse();
        assertThat(SealedMessage.isRsa(sealed)).isTrue();
        assertThat(SealedMessage.isRsa(signed)).isFalse();
        assertThat(SealedMessage.isRsa(Arrays.copyOf(sealed, 3))).isFalse();
    }

    @Test
    void theUnusedBytesOfAMessageAreZero() {
        byte[] message = new byte[DataMessage.MIN_LENGTH];
        Arrays.fill(message, (byte) 7);
        DataMessage.writeHeader(message, 0, 0x01020304, new byte[AesGcm.NONCE_LENGTH]);
        assertThat(message).startsWith(1, 2, 3, 4);
        assertThat(Arrays.copyOfRange(message, 16, DataMessage.CIPHERTEXT_OFFSET))
                .containsOnly(0);
        assertThat(message[DataMessage.CIPHERTEXT_OFFSET]).isEqualTo((byte) 7);
    }
}
