package dev.securesession.transport;

import dev.securesession.Delivery;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ProtocolException;
import java.net.Socket;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Messages over a stream of bytes, each behind a header that says how long it is.
 *
 * <p>Over a {@link Socket} waiting can be limited, whose own timeout is overwritten for that; over bare streams it cannot,
 * and a timeout is looked at between two reads only. A message that has come in part when the time is over is not lost:
 * the next call goes on with it.
 *
 * <p>PROTOCOL.md, section 10.
 */
public final class StreamTransport implements Transport {
    private final InputStream in;
    private final OutputStream out;
    private final Framing framing;
    private final TimedInput timed;
    private final Closing closing;

    // What has come of the next message.
    private Part header;
    private @Nullable Part body;

    private StreamTransport(TimedInput timed, OutputStream out, Framing framing, Closing closing) {
        this.timed = timed;
        this.in = new BufferedInputStream(timed);
        this.out = out;
        this.framing = framing;
        this.closing = closing;
        this.header = new Part(framing.headerLength());
    }

    /**
     * Returns a transport over a connected socket. Switches off the delay that TCP adds to small messages.
     *
     * @param socket connected; belongs to the transport from now on, which closes it
     * @param framing the same as the peer's
     * @return the transport
     * @throws IOException if the socket is not connected, or closed
     */
    public static StreamTransport of(Socket socket, Framing framing) throws IOException {
        socket.setTcpNoDelay(true);
        TimedInput input = new TimedInput(socket.getInputStream(), socket::setSoTimeout);
        return new StreamTransport(input, socket.getOutputStream(), framing, socket::close);
    }

    /**
     * Returns a transport over two streams.
     *
     * @param in where the peer's messages come from; belongs to the transport, which closes it
     * @param out where ours go, flushed after each; belongs to the transport, which closes it
     * @param framing the same as the peer's
     * @return the transport
     */
    public static StreamTransport of(InputStream in, OutputStream out, Framing framing) {
        return new StreamTransport(new TimedInput(in, timeout -> {}), out, framing, () -> {
            // In this order: closing a buffered output waits for a thread that writes, which ends with the input of the
            // same socket.
            try {
                in.close();
            } finally {
                out.close();
            }
        });
    }

    @Override
    public void send(byte[] message) throws IOException {
        if (message.length > framing.maxMessageLength()) {
            throw new ProtocolException("a message of " + message.length + " bytes; the framing takes at most "
                    + framing.maxMessageLength());
        }
        // One write: a header on its own would travel in a packet of its own.
        byte[] header = new byte[framing.headerLength()];
        framing.writeHeader(message.length, header);
        byte[] framed = new byte[header.length + message.length];
        System.arraycopy(header, 0, framed, 0, header.length);
        System.arraycopy(message, 0, framed, header.length, message.length);
        out.write(framed);
        out.flush();
    }

    @Override
    public Optional<byte[]> receive(int longest, Duration timeout) throws IOException {
        timed.startTimer(timeout);
        fill(header);
        if (header.isEmpty()) {
            return Optional.empty();
        }
        if (!header.isFull()) {
            throw new EOFException(
                    "the connection ended after " + header.read + " bytes of a header of " + header.bytes.length);
        }
        long length = framing.readHeader(header.bytes);
        if (length > longest) {
            throw new ProtocolException("a message of " + length + " bytes; the limit is " + longest);
        }
        if (body == null) {
            body = new Part((int) length);
        }
        Part message = body;
        fill(message);
        if (!message.isFull()) {
            throw new EOFException(
                    "the connection ended after " + message.read + " bytes of a message of " + message.bytes.length);
        }
        header = new Part(header.bytes.length);
        body = null;
        return Optional.of(message.bytes);
    }

    @Override
    public int maxMessageLength() {
        return framing.maxMessageLength();
    }

    @Override
    public Delivery delivery() {
        return Delivery.ORDERED;
    }

    @Override
    public void close() throws IOException {
        closing.close();
    }

    /** Reads until a part is full or the stream ends; goes on where it stood when the time was over before. */
    private void fill(Part part) throws IOException {
        while (!part.isFull()) {
            int count = in.read(part.bytes, part.read, part.bytes.length - part.read);
            if (count < 0) {
                return;
            }
            part.read += count;
        }
    }

    /** A header or a message, as far as it has come. */
    private static final class Part {
        final byte[] bytes;
        int read;

        Part(int length) {
            bytes = new byte[length];
        }

        boolean isEmpty() {
            return read == 0;
        }

        boolean isFull() {
            return read == bytes.length;
        }
    }

    /** Closes what is under the transport. */
    private interface Closing {
        void close() throws IOException;
    }
}
