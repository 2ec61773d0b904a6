package dev.securesession.cli.net;

import dev.securesession.MessageRejectedException;
import dev.securesession.cli.command.Failure;
import dev.securesession.transport.SecureConnection;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * A stream of bytes in each direction of a connection, whose end is part of what is authenticated: neither sessions nor
 * sockets tell the end of the data from a connection that was cut.
 *
 * <p>Each payload is one of
 *
 * <pre>{@code
 * 00 | data, 1 byte or more
 * 01                           the end; nothing follows
 * }</pre>
 *
 * <p>One thread may send while another receives.
 */
public final class SecureStream {
    private final SecureConnection connection;

    public SecureStream(SecureConnection connection) {
        this.connection = connection;
    }

    /** Sends everything that comes from a source, as it comes, and then the end. */
    public void sendAll(Source source) throws IOException {
        byte[] payload = new byte[1 + CHUNK];
        payload[0] = DATA;
        try {
            for (int length = source.read(payload, 1, CHUNK); length >= 0; length = source.read(payload, 1, CHUNK)) {
                if (length > 0) {
                    connection.send(ByteBuffer.wrap(payload, 0, 1 + length));
                }
            }
        } finally {
            Arrays.fill(payload, (byte) 0);
        }
        connection.send(new byte[] {END});
    }

    /**
     * Receives everything up to the end.
     *
     * @throws EOFException if the connection ends without it: something may be missing
     */
    public void receiveAll(Sink sink) throws IOException, MessageRejectedException, Failure {
        while (true) {
            Optional<byte[]> received = connection.receive();
            if (received.isEmpty()) {
                throw new EOFException(
                        "the connection ended before the peer had said that its data were complete; what "
                                + "has arrived may be cut short");
            }
            byte[] payload = received.get();
            if (payload[0] == END && payload.length == 1) {
                return;
            }
            if (payload[0] != DATA || payload.length == 1) {
                throw new Failure("the peer sends something that is neither data nor their end; is it secure-session?");
            }
            sink.write(payload, 1, payload.length - 1);
        }
    }

    public static Source of(InputStream in) {
        return in::read;
    }

    /** Where bytes come from. */
    public interface Source {
        /** Works like {@link InputStream#read(byte[], int, int)}. */
        int read(byte[] target, int offset, int length) throws IOException;
    }

    /** Where bytes go. */
    public interface Sink {
        void write(byte[] bytes, int offset, int length) throws IOException, Failure;
    }

    private static final byte DATA = 0;
    private static final byte END = 1;

    /** Long enough for full speed, and short enough for the caches of a processor. */
    private static final int CHUNK = 128 * 1024;
}
