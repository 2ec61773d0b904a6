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

/**
 * Messages over a stream of bytes, each behind a header that says how long it is.
 *
 * <p>Over a {@link Socket} waiting can be limited; over bare streams it cannot, and a timeout is not looked at.
 */
public final class StreamTransport implements Transport {
    private final InputStream in;
    private final OutputStream out;
    private final Framing framing;
    private final TimedInput timed;
    private final Closing closing;

    private StreamTransport(TimedInput timed, OutputStream out, Framing framing, Closing closing) {
        this.timed = timed;
        this.in = new BufferedInputStream(timed);
        this.out = out;
        this.framing = framing;
        this.closing = closing;
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
            try {
                out.close();
            } finally {
                in.close();
            }
        });
    }

    @Override
    public void send(byte[] message) throws IOException {
        if (message.length > framing.longestMessage()) {
            throw new ProtocolException(
                    "a message of " + message.length + " bytes; the framing takes at most " + framing.longestMessage());
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
        byte[] header = new byte[framing.headerLength()];
        int headerRead = readUpTo(header);
        if (headerRead == 0) {
            return Optional.empty();
        }
        if (headerRead < header.length) {
            throw new EOFException(
                    "the connection ended after " + headerRead + " bytes of a header of " + header.length);
        }
        long length = framing.readHeader(header);
        if (length > longest) {
            throw new ProtocolException("a message of " + length + " bytes; the limit is " + longest);
        }
        byte[] message = new byte[(int) length];
        int read = readUpTo(message);
        if (read < message.length) {
            throw new EOFException("the connection ended after " + read + " bytes of a message of " + message.length);
        }
        return Optional.of(message);
    }

    @Override
    public Delivery delivery() {
        return Delivery.ORDERED;
    }

    @Override
    public void close() throws IOException {
        closing.close();
    }

    private int readUpTo(byte[] target) throws IOException {
        int total = 0;
        while (total < target.length) {
            int count = in.read(target, total, target.length - total);
            if (count < 0) {
                break;
            }
            total += count;
        }
        return total;
    }

    /** Closes what is under the transport. */
    private interface Closing {
        void close() throws IOException;
    }
}
