package dev.securesession.transport;

import dev.securesession.Delivery;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ProtocolException;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Messages over a stream of bytes, each after a header that states its length.
 *
 * <p>Over a {@link Socket} the socket's own timeout is overwritten. Over bare streams, which cannot limit their waiting, a
 * daemon thread reads the input; it ends with the stream. Memory grows with the bytes that have arrived, not with the
 * length that a header states. A message that has arrived in part when a timeout ends is not lost: the next call continues
 * with it.
 *
 * <p>PROTOCOL.md, section 10; P-4.
 */
public final class StreamTransport implements Transport, InPlaceTransport {
    private final FrameReader reader;
    private final OutputStream out;
    private final Framing framing;
    private final Closeable resource;
    private final @Nullable SocketAddress remote;
    private final String awaited;

    // Used by the one thread that sends.
    private final byte[] header;

    private StreamTransport(
            TimedInput in, OutputStream out, Framing framing, Closeable resource, @Nullable SocketAddress remote) {
        this.reader = new FrameReader(in, framing);
        this.out = out;
        this.framing = framing;
        this.resource = resource;
        this.remote = remote;
        this.awaited = remote == null ? "a message" : "a message from " + remote;
        this.header = new byte[framing.headerLength()];
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
        return new StreamTransport(
                new SocketInput(socket), socket.getOutputStream(), framing, socket, socket.getRemoteSocketAddress());
    }

    /**
     * Returns a transport over two streams.
     *
     * @param in the peer's messages; belongs to the transport, which closes it
     * @param out our messages, flushed after each; belongs to the transport, which closes it
     * @param framing the same as the peer's
     * @return the transport
     */
    public static StreamTransport of(InputStream in, OutputStream out, Framing framing) {
        PumpedInput pumped = new PumpedInput(in);
        Closeable both = () -> {
            pumped.close();
            // In this order: closing a buffered output waits for a thread that writes, which ends with the input of the
            // same socket.
            try {
                in.close();
            } finally {
                out.close();
            }
        };
        return new StreamTransport(pumped, out, framing, both, null);
    }

    /** From now on counts incomplete messages in this account. */
    void use(ByteBudget.Account account) throws IOException {
        reader.use(account);
    }

    @Override
    public void send(byte[] message) throws IOException {
        if (message.length > framing.maxMessageLength()) {
            throw new ProtocolException("a message of " + message.length + " bytes; the framing allows at most "
                    + framing.maxMessageLength());
        }
        int end = header.length + message.length;
        byte[] framed = BufferPool.acquire(end);
        System.arraycopy(message, 0, framed, header.length, message.length);
        sendInPlace(framed, end);
        BufferPool.release(framed);
    }

    @Override
    public int headerLength() {
        return header.length;
    }

    @Override
    public void sendInPlace(byte[] framed, int end) throws IOException {
        // One write: a header on its own would travel in a packet of its own.
        framing.writeHeader(end - header.length, header);
        System.arraycopy(header, 0, framed, 0, header.length);
        out.write(framed, 0, end);
        out.flush();
    }

    @Override
    public Optional<byte[]> receive(int maxLength, Duration timeout) throws IOException {
        return reader.read(maxLength, Deadline.after(timeout), awaited);
    }

    @Override
    @SuppressWarnings("exports") // Of an interface that is not public.
    public @Nullable ByteBuffer receiveInPlace(int maxLength, Deadline deadline) throws IOException {
        return reader.readInPlace(maxLength, deadline, awaited);
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
    public Optional<SocketAddress> remoteAddress() {
        return Optional.ofNullable(remote);
    }

    @Override
    public void close() throws IOException {
        reader.close();
        resource.close();
    }

    @Override
    public String toString() {
        return remote == null ? "stream" : "stream to " + remote;
    }
}
