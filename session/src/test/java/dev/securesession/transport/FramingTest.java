package dev.securesession.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.ProtocolException;
import org.junit.jupiter.api.Test;

/** The headers of messages (PROTOCOL.md, section 10.1). */
class FramingTest {
    @Test
    void lengthPrefixIsFourBytesBigEndian() throws Exception {
        byte[] header = new byte[4];
        Framing.lengthPrefix().writeHeader(0x0102_0304, header);

        assertThat(header).containsExactly(1, 2, 3, 4);
        assertThat(Framing.lengthPrefix().readHeader(header)).isEqualTo(0x0102_0304);
        assertThat(Framing.lengthPrefix().headerLength()).isEqualTo(4);
        assertThat(Framing.lengthPrefix().maxMessageLength()).isGreaterThan(1 << 30);
    }

    @Test
    void lengthPrefixIsUnsigned() throws Exception {
        assertThat(Framing.lengthPrefix().readHeader(bytes(0xFF, 0xFF, 0xFF, 0xFF)))
                .isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void themisSocketIsAMarkAndTwoBytesBigEndian() throws Exception {
        byte[] header = new byte[4];
        Framing.themisSocket().writeHeader(0xFE02, header);

        assertThat(header).containsExactly(0xFF, 0xFF, 0xFE, 0x02);
        assertThat(Framing.themisSocket().readHeader(header)).isEqualTo(0xFE02);
        assertThat(Framing.themisSocket().headerLength()).isEqualTo(4);
        assertThat(Framing.themisSocket().maxMessageLength()).isEqualTo(65_535);
    }

    @Test
    void themisSocketRefusesAWrongMark() {
        int[][] marks = {{0, 0}, {0xFF, 0xFE}, {0xFE, 0xFF}, {0x7F, 0xFF}};
        for (int[] mark : marks) {
            assertThatThrownBy(() -> Framing.themisSocket().readHeader(bytes(mark[0], mark[1], 0, 1)))
                    .isInstanceOf(ProtocolException.class)
                    .hasMessageContaining("FF FF");
        }
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }
}
