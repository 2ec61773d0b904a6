package dev.securesession.transport.datagram;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.PeerId;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** What a datagram is taken for before anything is computed. */
class HandshakeDatagramsTest {
    private static byte[] message(int length, int size) {
        byte[] message = new byte[length];
        System.arraycopy(new byte[] {'T', 'S', 'P', 'M'}, 0, message, 0, 4);
        message[4] = (byte) (size >>> 24);
        message[5] = (byte) (size >>> 16);
        message[6] = (byte) (size >>> 8);
        message[7] = (byte) size;
        return message;
    }

    @Test
    void handshakeMessagesHaveATagAndLimits() {
        assertThat(HandshakeDatagrams.isPlausible(message(43, 43))).isFalse();
        assertThat(HandshakeDatagrams.isPlausible(message(44, 44))).isTrue();
        assertThat(HandshakeDatagrams.isPlausible(message(16 * 1024, 44))).isTrue();
        assertThat(HandshakeDatagrams.isPlausible(message(16 * 1024 + 1, 44))).isFalse();
        assertThat(HandshakeDatagrams.isPlausible(new byte[44])).isFalse();
    }

    @Test
    void repetitionsAreEqualUpToTheirTrailingBytes() {
        byte[] former = message(50, 44);
        assertThat(HandshakeDatagrams.isRepetition(message(44, 44), former)).isTrue();
        assertThat(HandshakeDatagrams.isRepetition(Arrays.copyOf(former, 60), former))
                .isTrue();
        byte[] changed = message(50, 44);
        changed[43] ^= 1;
        assertThat(HandshakeDatagrams.isRepetition(changed, former)).isFalse();
        changed = message(50, 44);
        changed[44] ^= 1;
        assertThat(HandshakeDatagrams.isRepetition(changed, former)).isTrue();
    }

    /** The length in a message is the peer's word. */
    @Test
    void lengthsThatDoNotFitAreNoRepetition() {
        assertThat(HandshakeDatagrams.isRepetition(message(50, -1), message(50, -1)))
                .isFalse();
        assertThat(HandshakeDatagrams.isRepetition(message(50, 51), message(60, 51)))
                .isFalse();
        assertThat(HandshakeDatagrams.isRepetition(message(60, 51), message(50, 51)))
                .isFalse();
    }

    @Test
    void paddingNeverShortensAMessage() {
        PeerId server = PeerId.ofUtf8("server");
        int longest = HandshakeDatagrams.maxIntroductionLength(server);

        assertThat(HandshakeDatagrams.padded(new byte[100], server, DatagramOptions.defaults()))
                .hasSize(longest);
        assertThat(HandshakeDatagrams.padded(new byte[longest + 1], server, DatagramOptions.defaults()))
                .hasSize(longest + 1);
    }
}
