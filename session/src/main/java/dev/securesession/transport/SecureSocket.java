package dev.securesession.transport;

import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketOption;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Collections;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A socket whose bytes travel through a session: the stream layer over TCP, for programs that know sockets only.
 *
 * <p>Made by a {@link SecureSocketFactory}, or accepted by a server socket of a {@link SecureServerSocketFactory}. The
 * handshake is part of connecting, so there is no way to exchange a byte with a peer that is not authenticated.
 *
 * <ul>
 *   <li>{@link #shutdownOutput} is the authenticated end of our direction. A read answers -1 after that of the peer only; a
 *       connection that ends in any other way is an {@link java.io.EOFException}, an abort of the peer a
 *       {@link StreamAbortedException}.
 *   <li>{@link #close}, and closing one of the streams, ends our direction too, as closing a TCP socket does, and acknowledges
 *       that of the peer if a read has answered -1. It does not wait for the peer. With {@code setSoLinger(true, 0)} it
 *       aborts instead, and the reads of the peer fail.
 *   <li>{@link SecureStream#awaitAcknowledgement} of the {@link #stream} proves that the peer has everything.
 *   <li>{@link #setSoTimeout} limits reads, which can go on after a {@link java.net.SocketTimeoutException}.
 *   <li>A socket is closed after a connect that fails for whatever reason but a wrong argument.
 *   <li>Urgent data and channels are not supported, nor is any option of {@code setOption}, which throws
 *       {@link UnsupportedOperationException}; the options that have a method of their own are those of the TCP socket.
 * </ul>
 *
 * <p>Any number of threads may read, write and close. Each write is sent at once, in chunks of up to 32 KiB.
 *
 * <p>PROTOCOL.md, Part 4.
 */
@SuppressWarnings("UnsynchronizedOverridesSynchronized") // A thread in close must not wait for one in another method.
public final class SecureSocket extends Socket {
    private final Socket tcp;
    private final Opener opener;
    private final Runnable onClose;
    private final InputStream input = new Input();
    private final OutputStream output = new Output();

    private volatile @Nullable SecureStream stream;
    private volatile int readTimeoutMillis;
    private volatile boolean abortsOnClose;
    private volatile boolean inputShutdown;
    private volatile boolean closed;

    private SecureSocket(Socket tcp, Opener opener, Runnable onClose) throws IOException {
        // No socket of the superclass is ever made: everything is overridden.
        super((SocketImpl) null);
        this.tcp = tcp;
        this.opener = opener;
        this.onClose = onClose;
    }

    /** Returns a socket that is not connected; the handshake expects this peer. */
    static SecureSocket client(SessionConfig config, PeerId expectedPeer, ConnectionOptions options)
            throws IOException {
        return opening((tcp, deadline) -> handshake(tcp, deadline, config, expectedPeer, options));
    }

    /** Returns a socket over an established connection. */
    static SecureSocket accepted(Socket tcp, SecureConnection connection, Runnable onClose) throws IOException {
        SecureSocket socket = new SecureSocket(
                tcp,
                (unused, deadline) -> {
                    throw new SocketException("the socket is already connected");
                },
                onClose);
        socket.stream = SecureStream.over(connection);
        return socket;
    }

    /** Returns a socket that is not connected and makes its stream in another way. */
    static SecureSocket opening(Opener opener) throws IOException {
        return new SecureSocket(new Socket(), opener, () -> {});
    }

    private static SecureStream handshake(
            Socket tcp, Deadline deadline, SessionConfig config, PeerId expectedPeer, ConnectionOptions options)
            throws IOException {
        StreamTransport transport = StreamTransport.of(tcp, options.framing());
        Deadline handshakeEnd = deadline.earliest(Deadline.after(options.handshakeDeadline()));
        try (Handshake handshake = Handshake.client(config, expectedPeer)) {
            SecureSession session = new HandshakeRunner(
                            transport, handshake, expectedPeer.toString(), options, handshakeEnd, Deadline.NEVER)
                    .run();
            return SecureStream.over(SecureConnection.over(transport, session, options));
        } catch (HandshakeException refusal) {
            throw new IOException(
                    "handshake with " + expectedPeer + " at " + tcp.getRemoteSocketAddress() + " failed: "
                            + refusal.getMessage(),
                    refusal);
        }
    }

    /**
     * Returns the session, for its peer and fingerprints.
     *
     * @return the session; closed with the socket
     * @throws IllegalStateException if the socket was never connected
     */
    public SecureSession session() {
        return stream().connection().session();
    }

    /**
     * Returns the stream under the socket, for aborts with a code and keep-alives.
     *
     * @return the stream; closed with the socket
     * @throws IllegalStateException if the socket was never connected
     */
    public SecureStream stream() {
        SecureStream established = stream;
        if (established == null) {
            throw new IllegalStateException("a socket without a session; connect it first");
        }
        return established;
    }

    @Override
    public void connect(SocketAddress endpoint) throws IOException {
        connect(endpoint, 0);
    }

    /**
     * Connects and performs the handshake.
     *
     * @param endpoint where the expected peer listens
     * @param timeout milliseconds for both together, or 0 for no limit but the handshake deadline of the options
     * @throws java.net.SocketTimeoutException at the timeout; the socket is closed
     * @throws SocketException if the socket is closed, or connected before, in which case the connection goes on
     * @throws IOException if the connection or the handshake fails, with a {@link HandshakeException} as its cause if the
     *     peer was refused; the socket is closed
     */
    @Override
    public void connect(SocketAddress endpoint, int timeout) throws IOException {
        requireOpen();
        requireEndpoint(endpoint, timeout);
        if (tcp.isConnected()) {
            throw new SocketException("the socket is already connected");
        }
        Deadline deadline = Deadline.after(Duration.ofMillis(timeout));
        boolean connected = false;
        try {
            tcp.connect(endpoint, timeout);
            SecureStream established = opener.open(tcp, deadline);
            stream = established;
            established.setReadTimeout(Duration.ofMillis(readTimeoutMillis));
            // A thread that closes either sees the stream, or is seen here.
            if (closed) {
                established.close();
                throw new SocketException("the socket was closed while it connected");
            }
            connected = true;
        } finally {
            if (!connected) {
                closed = true;
                tcp.close();
            }
        }
    }

    @Override
    public void bind(SocketAddress local) throws IOException {
        requireOpen();
        tcp.bind(local);
    }

    @Override
    public InputStream getInputStream() throws IOException {
        requireConnected();
        if (inputShutdown) {
            throw new SocketException("the input of the socket is shut down");
        }
        return input;
    }

    @Override
    public OutputStream getOutputStream() throws IOException {
        requireConnected();
        if (isOutputShutdown()) {
            throw new SocketException("the output of the socket is shut down");
        }
        return output;
    }

    /** Stops reading: reads answer -1 from now on, whatever has arrived. The peer does not learn of it. */
    @Override
    public void shutdownInput() throws IOException {
        requireConnected();
        inputShutdown = true;
    }

    /**
     * Ends our direction: the peer's reads answer -1 after everything that was written. Reading goes on.
     *
     * @throws SocketException if the socket is closed, not connected, or its output shut down before
     * @throws IOException if the connection has failed
     */
    @Override
    public void shutdownOutput() throws IOException {
        SecureStream established = requireConnected();
        if (isOutputShutdown()) {
            throw new SocketException("the output of the socket is shut down");
        }
        established.shutdownOutput();
    }

    /**
     * Closes the socket. If our direction has not ended, it ends now, and if that of the peer was read to its end, it is
     * acknowledged; a peer that does not take that within a second sees a connection that was cut off. With
     * {@code setSoLinger(true, 0)} aborts instead. May be called twice, and by any thread.
     */
    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        SecureStream established = stream;
        try {
            if (established == null) {
                closed = true;
                tcp.close();
                closeLate(stream);
            } else if (abortsOnClose) {
                closed = true;
                established.close();
            } else {
                established.finish(() -> closed = true);
            }
        } finally {
            onClose.run();
        }
    }

    /** Closes the stream that was made after the socket was closed; the network is gone. */
    private static void closeLate(@Nullable SecureStream late) throws IOException {
        if (late != null) {
            late.connection().close();
        }
    }

    /** Closes a socket that no program has seen, and tells the peer if that is possible without waiting: there may be many. */
    void abort() {
        abortsOnClose = true;
        SecureStream established = stream;
        try {
            if (established != null) {
                established.close(Duration.ZERO);
            }
            close();
        } catch (IOException e) {
            // The socket is abandoned, closed or not.
        }
    }

    @Override
    public void setSoTimeout(int timeout) throws SocketException {
        requireOpen();
        readTimeoutMillis = requireTimeout(timeout);
        SecureStream established = stream;
        if (established != null) {
            established.setReadTimeout(Duration.ofMillis(timeout));
        }
    }

    @Override
    public int getSoTimeout() throws SocketException {
        requireOpen();
        return readTimeoutMillis;
    }

    @Override
    public void setSoLinger(boolean on, int linger) throws SocketException {
        abortsOnClose = on && linger == 0;
        // A TCP socket that does not linger would destroy the abort that is on its way.
        tcp.setSoLinger(on && linger != 0, linger);
    }

    @Override
    public int getSoLinger() throws SocketException {
        return abortsOnClose ? 0 : tcp.getSoLinger();
    }

    @Override
    public <T> Socket setOption(SocketOption<T> name, T value) throws IOException {
        requireOpen();
        throw unsupported(name);
    }

    @Override
    public <T> T getOption(SocketOption<T> name) throws IOException {
        requireOpen();
        throw unsupported(name);
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
        return Collections.emptySet();
    }

    static UnsupportedOperationException unsupported(SocketOption<?> name) {
        return new UnsupportedOperationException(
                "the option " + name.name() + " by its name; use the method for it, setTcpNoDelay for example");
    }

    static int requireTimeout(int timeout) {
        if (timeout < 0) {
            throw new IllegalArgumentException("a timeout of " + timeout + " ms; it must be 0 (none) or more");
        }
        return timeout;
    }

    private static void requireEndpoint(@Nullable SocketAddress endpoint, int timeout) {
        if (!(endpoint instanceof InetSocketAddress)) {
            throw new IllegalArgumentException(
                    "an endpoint of " + endpoint + "; it must be an internet address and port");
        }
        requireTimeout(timeout);
    }

    @Override
    public boolean isConnected() {
        return stream != null;
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    @Override
    public boolean isInputShutdown() {
        return inputShutdown;
    }

    @Override
    public boolean isOutputShutdown() {
        SecureStream established = stream;
        return established != null && established.isOutputShutdown();
    }

    @Override
    @SuppressWarnings("NullAway") // As the superclass says: a socket without a channel.
    public SocketChannel getChannel() {
        return null;
    }

    @Override
    public void sendUrgentData(int value) throws IOException {
        throw new SocketException("urgent data are not supported; they would not be encrypted");
    }

    @Override
    public void setOOBInline(boolean on) throws SocketException {
        throw new SocketException("urgent data are not supported; they would not be encrypted");
    }

    @Override
    public boolean getOOBInline() {
        return false;
    }

    @Override
    public boolean isBound() {
        return tcp.isBound();
    }

    @Override
    public InetAddress getInetAddress() {
        return tcp.getInetAddress();
    }

    @Override
    public InetAddress getLocalAddress() {
        return tcp.getLocalAddress();
    }

    @Override
    public int getPort() {
        return tcp.getPort();
    }

    @Override
    public int getLocalPort() {
        return tcp.getLocalPort();
    }

    @Override
    public SocketAddress getRemoteSocketAddress() {
        return tcp.getRemoteSocketAddress();
    }

    @Override
    public SocketAddress getLocalSocketAddress() {
        return tcp.getLocalSocketAddress();
    }

    @Override
    public void setTcpNoDelay(boolean on) throws SocketException {
        tcp.setTcpNoDelay(on);
    }

    @Override
    public boolean getTcpNoDelay() throws SocketException {
        return tcp.getTcpNoDelay();
    }

    @Override
    public void setSendBufferSize(int size) throws SocketException {
        tcp.setSendBufferSize(size);
    }

    @Override
    public int getSendBufferSize() throws SocketException {
        return tcp.getSendBufferSize();
    }

    @Override
    public void setReceiveBufferSize(int size) throws SocketException {
        tcp.setReceiveBufferSize(size);
    }

    @Override
    public int getReceiveBufferSize() throws SocketException {
        return tcp.getReceiveBufferSize();
    }

    @Override
    public void setKeepAlive(boolean on) throws SocketException {
        tcp.setKeepAlive(on);
    }

    @Override
    public boolean getKeepAlive() throws SocketException {
        return tcp.getKeepAlive();
    }

    @Override
    public void setTrafficClass(int trafficClass) throws SocketException {
        tcp.setTrafficClass(trafficClass);
    }

    @Override
    public int getTrafficClass() throws SocketException {
        return tcp.getTrafficClass();
    }

    @Override
    public void setReuseAddress(boolean on) throws SocketException {
        tcp.setReuseAddress(on);
    }

    @Override
    public boolean getReuseAddress() throws SocketException {
        return tcp.getReuseAddress();
    }

    @Override
    public void setPerformancePreferences(int connectionTime, int latency, int bandwidth) {
        tcp.setPerformancePreferences(connectionTime, latency, bandwidth);
    }

    /**
     * Describes the socket for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        SecureStream established = stream;
        if (established == null) {
            return "secure socket that is not connected";
        }
        return "secure socket: " + established.connection();
    }

    private void requireOpen() throws SocketException {
        if (closed) {
            throw new SocketException("the socket is closed");
        }
    }

    private SecureStream requireConnected() throws SocketException {
        requireOpen();
        SecureStream established = stream;
        if (established == null) {
            throw new SocketException("the socket is not connected");
        }
        return established;
    }

    /** Programs expect a failure of this type from a socket that another thread has closed. */
    private IOException explained(IOException failure) {
        if (!closed || failure instanceof SocketException) {
            return failure;
        }
        SocketException explained = new SocketException("the socket is closed");
        explained.initCause(failure);
        return explained;
    }

    /** Makes a stream of a TCP connection. */
    interface Opener {
        SecureStream open(Socket tcp, Deadline deadline) throws IOException;
    }

    /** The bytes of the peer. */
    private final class Input extends InputStream {
        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, target.length);
            SecureStream established = requireConnected();
            if (inputShutdown) {
                return -1;
            }
            try {
                return established.input().read(target, offset, length);
            } catch (IOException e) {
                throw explained(e);
            }
        }

        @Override
        public int available() throws IOException {
            return inputShutdown ? 0 : requireConnected().input().available();
        }

        @Override
        public void close() throws IOException {
            SecureSocket.this.close();
        }
    }

    /** The bytes to the peer. */
    private final class Output extends OutputStream {
        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, source.length);
            SecureStream established = requireConnected();
            try {
                established.output().write(source, offset, length);
            } catch (IOException e) {
                throw explained(e);
            } catch (IllegalStateException e) {
                SocketException unusable = new SocketException("the socket cannot be written: " + e.getMessage());
                unusable.initCause(e);
                throw unusable;
            }
        }

        @Override
        public void close() throws IOException {
            SecureSocket.this.close();
        }
    }
}
