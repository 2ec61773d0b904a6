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
