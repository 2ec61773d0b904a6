package com.cossacklabs.themis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.net.Socket;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The reader of frames: memory, and messages that arrive in pieces. */
class SocketMessagesTest {
    @Test
    void memoryGrowsWithTheBytesThatHaveArrived() {
        byte[] claim = {(byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 1};
        ObservedInput in = new ObservedInput(claim, claim.length);
        SocketMessages messages = new SocketMessages(new Socket(), in);

        assertThatExceptionOfType(EOFException.class)
                .isThrownBy(messages::next)
                .withMessage("the connection ended after 1 bytes of a message of 65535");
        assertThat(in.longestTarget).isEqualTo(4096);
    }

    @Test
    void messagesOfEachLengthArriveWhole() throws Exception {
        for (int length : new int[] {1, 4095, 4096, 4097, 8192, 8193, 65_535}) {
            byte[] frames = new byte[2 * (4 + length)];
            Arrays.fill(frames, (byte) 7);
            putHeader(frames, 0, length);
            putHeader(frames, 4 + length, length);
            SocketMessages messages = new SocketMessages(new Socket(), new ObservedInput(frames, 1000));

            for (int i = 0; i < 2; i++) {
                assertThat(messages.next())
                        .hasValueSatisfying(
                                message -> assertThat(message).hasSize(length).containsOnly(7));
            }
            assertThat(messages.next()).isEmpty();
        }
    }

    private static void putHeader(byte[] frames, int at, int length) {
        byte[] header = new byte[4];
        SocketMessages.FRAMING.writeHeader(length, header);
        System.arraycopy(header, 0, frames, at, header.length);
    }

    /** A stream that delivers pieces and records the longest array that it was to fill. */
    private static final class ObservedInput extends ByteArrayInputStream {
        private final int pieceLength;
        private int longestTarget;

        ObservedInput(byte[] bytes, int pieceLength) {
            super(bytes);
            this.pieceLength = pieceLength;
        }

        @Override
        public synchronized int read(byte[] target, int offset, int length) {
            longestTarget = Math.max(longestTarget, target.length);
            return super.read(target, offset, Math.min(length, pieceLength));
        }
    }
}
