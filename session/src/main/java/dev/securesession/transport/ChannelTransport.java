package dev.securesession.transport;

import dev.securesession.Delivery;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Messages over channels in blocking mode: TCP, Unix-domain sockets and pipes.
 *
 * <p>A daemon thread reads the channel, so that waiting can be limited; it ends with the channel. A thread that is
 * interrupted while it sends closes the channel, as all channels do. For channels in non-blocking mode use a
 * {@link SecureEngine}.
 *
 * <p>PROTOCOL.md, section 10.
 */
public final class ChannelTransport implements Transport, InPlaceTransport {
    private final StreamTransport streams;
    private final @Nullable SocketAddress remote;

    private ChannelTransport(StreamTransport streams, @Nullable SocketAddress remote) {
        this.streams = streams;
        this.remote = remote;
    }

    /**
     * Returns a transport over a connected socket channel, of TCP or of a Unix-domain socket.
     *
     * @param channel connected and in blocking mode; belongs to the transport from now on, which closes it
     * @param framing the same as the peer's
     * @return the transport
     * @throws IOException if the channel is closed
     * @throws IllegalArgumentException if the channel is not connected, or not in blocking mode
     */
    public static ChannelTransport of(SocketChannel channel, Framing framing) throws IOException {
        SocketAddress remote = channel.getRemoteAddress();
        if (remote == null) {
            throw new IllegalArgumentException("a socket channel that is not connected; connect it first");
        }
        return new ChannelTransport(streams(channel, channel, framing), remote);
    }

    /**
     * Returns a transport over two channels, such as the ends of two pipes.
     *
     * @param in the peer's messages, in blocking mode; belongs to the transport, which closes it
     * @param out our messages, in blocking mode; belongs to the transport, which closes it
     * @param framing the same as the peer's
     * @return the transport
     * @throws IllegalArgumentException if a channel is not in blocking mode
     */
    public static ChannelTransport of(ReadableByteChannel in, WritableByteChannel out, Framing framing) {
        return new ChannelTransport(streams(in, out, framing), null);
    }

    private static StreamTransport streams(ReadableByteChannel in, WritableByteChannel out, Framing framing) {
        requireBlocking(in);
        requireBlocking(out);
        return StreamTransport.of(new Input(in), new Output(out), framing);
    }

    private static void requireBlocking(Object channel) {
        if (channel instanceof SelectableChannel selectable && !selectable.isBlocking()) {
            throw new IllegalArgumentException("a channel in non-blocking mode; configure it as blocking");
        }
    }

    /** From now on counts incomplete messages in this account. */
    void use(ByteBudget.Account account) throws IOException {
        streams.use(account);
    }

    @Override
    public void send(byte[] message) throws IOException {
        streams.send(message);
    }

    @Override
    public Optional<byte[]> receive(int maxLength, Duration timeout) throws IOException {
        return streams.receive(maxLength, timeout);
    }

    @Override
    public int headerLength() {
        return streams.headerLength();
    }

    @Override
    public void sendInPlace(byte[] framed, int end) throws IOException {
        streams.sendInPlace(framed, end);
    }

    @Override
    @SuppressWarnings("exports") // Of an interface that is not public.
    public @Nullable ByteBuffer receiveInPlace(int maxLength, Deadline deadline) throws IOException {
        return streams.receiveInPlace(maxLength, deadline);
    }

    @Override
    public int maxMessageLength() {
        return streams.maxMessageLength();
    }

    @Override
    public Delivery delivery() {
        return streams.delivery();
    }

    @Override
    public Optional<SocketAddress> remoteAddress() {
        return Optional.ofNullable(remote);
    }

    @Override
    public void close() throws IOException {
        streams.close();
    }

    @Override
    public String toString() {
        return remote == null ? "channels" : "channel to " + remote;
    }

    // The adapters of the JDK let reading and writing of one channel wait for each other before JDK 19.

    /** The bytes of a channel. */
    private static final class Input extends InputStream {
        private final ReadableByteChannel channel;

        Input(ReadableByteChannel channel) {
            this.channel = channel;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            return channel.read(ByteBuffer.wrap(target, offset, length));
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /** The bytes to a channel. */
    private static final class Output extends OutputStream {
        private final WritableByteChannel channel;

        Output(WritableByteChannel channel) {
            this.channel = channel;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException {
            ByteBuffer left = ByteBuffer.wrap(source, offset, length);
            while (left.hasRemaining()) {
                channel.write(left);
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
