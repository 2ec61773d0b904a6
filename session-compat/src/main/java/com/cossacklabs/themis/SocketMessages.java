package com.cossacklabs.themis;

import dev.securesession.transport.Framing;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.NullMarked;

/**
 * Reads messages from a socket, each behind {@code FF FF} and its length (PROTOCOL.md, section 10.1). A read that exceeds
 * the timeout of the socket loses nothing: the next one continues where it stopped. Memory grows with the bytes that have
 * arrived (PROTOCOL.md P-4). For one thread at a time.
 */
@NullMarked
final class SocketMessages {
    static final Framing FRAMING = Framing.themisSocket();

    private static final byte[] NO_MESSAGE = {};

    private final Socket socket;
    private final InputStream in;

    // What has arrived of the next message.
    private final byte[] header = new byte[FRAMING.headerLength()];
    private int headerRead;
    private int messageLength;
    private byte[] message = NO_MESSAGE;
    private int messageRead;

    /** Reads from the stream, which is that of the socket as TCP has it. */
    SocketMessages(Socket socket, InputStream in) {
        this.socket = socket;
        this.in = in;
    }

    /** Returns the next message, or empty if the stream has ended between two of them. */
    Optional<byte[]> next() throws IOException {
        return read(() -> {});
    }

    /** Returns the next message of a handshake, which must be complete before the deadline, however slowly it arrives. */
    byte[] nextOfHandshake(long deadline) throws IOException {
        int ownTimeout = socket.getSoTimeout();
        try {
            return read(() -> {
                        long left = (deadline - System.nanoTime()) / NANOS_PER_MILLI;
                        if (left <= 0) {
                            throw new SocketTimeoutException("the handshake took too long");
                        }
                        socket.setSoTimeout((int) (ownTimeout == 0 ? left : Math.min(left, ownTimeout)));
                    })
                    .orElseThrow(() -> new EOFException("the peer ended the connection during the handshake"));
        } finally {
            if (!socket.isClosed()) {
                socket.setSoTimeout(ownTimeout);
            }
        }
    }

    private Optional<byte[]> read(Limit limit) throws IOException {
        while (headerRead < header.length) {
            limit.apply();
            int count = in.read(header, headerRead, header.length - headerRead);
            if (count < 0) {
                if (headerRead == 0) {
                    return Optional.empty();
                }
                throw new EOFException("the connection ended after " + headerRead + " bytes of a header");
            }
            headerRead += count;
            if (headerRead == header.length) {
                messageLength = (int) FRAMING.readHeader(header);
            }
        }
        while (messageRead < messageLength) {
            if (messageRead == message.length) {
                int pieceLength = Math.max(FIRST_PIECE_LENGTH, 2 * messageRead);
                message = Arrays.copyOf(message, Math.min(messageLength, pieceLength));
            }
            limit.apply();
            int count = in.read(message, messageRead, message.length - messageRead);
            if (count < 0) {
                throw new EOFException(
                        "the connection ended after " + messageRead + " bytes of a message of " + messageLength);
            }
            messageRead += count;
        }
        byte[] complete = message;
        headerRead = 0;
        message = NO_MESSAGE;
        messageRead = 0;
        return Optional.of(complete);
    }

    /** Limits the next read. */
    private interface Limit {
        void apply() throws IOException;
    }

    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final int FIRST_PIECE_LENGTH = 4096;
}
