package com.cossacklabs.themis;

import com.cossacklabs.themis.SecureSession.SessionDataType;
import com.cossacklabs.themis.SecureSession.UnwrapResult;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A socket whose streams are wrapped by a session, negotiated when it is connected.
 *
 * <p>One thread may read while another writes; several threads that write do not mix up their arrays. A message
 * that is refused ends the connection. Nothing tells an end by the peer from an end by an attacker: where it matters, let
 * the last bytes say that they are the last.
 */
public class SecureSocket extends Socket {
    private final byte[] id;
    private final PrivateKey signPrivateKey;
    private final ISessionCallbacks callbacks;
    private final SecureInput secureInput = new SecureInput();
    private final SecureOutput secureOutput = new SecureOutput();

    // The session is there from the beginning of the handshake on, so that closing wipes it. The connection, which the
    // streams use, is there from the end of the handshake on: none of its messages is ever a payload.
    private volatile @Nullable SecureSession session;
    private volatile @Nullable Connection connection;

    /**
     * Makes a socket that is not connected.
     *
     * @param id the name that the peer looks up our key by, 1 byte or more
     * @param signPrivateKey proves who we are
     * @param callbacks asked for keys and told of changes
     */
    public SecureSocket(byte[] id, PrivateKey signPrivateKey, ISessionCallbacks callbacks) {
        this.id = id == null ? null : id.clone();
        this.signPrivateKey = signPrivateKey;
        this.callbacks = callbacks;
    }

    /**
     * Connects a socket and negotiates as the client.
     *
     * @param dstAddress where the server is
     * @param dstPort where the server listens
     * @param id the name that the peer looks up our key by, 1 byte or more
     * @param signPrivateKey proves who we are
     * @param callbacks asked for keys and told of changes
     * @throws IOException if there is no connection, the handshake takes longer than 30 seconds, or the server is
     *     refused: then the cause is a {@link SecureSessionException}
     */
    @SuppressWarnings("this-escape")
    public SecureSocket(
            InetAddress dstAddress, int dstPort, byte[] id, PrivateKey signPrivateKey, ISessionCallbacks callbacks)
            throws IOException {
        this(id, signPrivateKey, callbacks);
        boolean connected = false;
        try {
            connect(new InetSocketAddress(dstAddress, dstPort));
            connected = true;
        } finally {
            if (!connected) {
                close();
            }
        }
    }

    /**
     * Connects and negotiates as the client. What a callback throws comes out as it is, and leaves the socket closed.
     *
     * @param remoteAddr where the server is
     * @param timeout milliseconds to wait for the connection, 0 for no limit; the handshake has 30 seconds of its own
     * @throws IOException if there is no connection, the handshake takes too long, or the server is refused: then the
     *     cause is a {@link SecureSessionException}. The socket is closed.
     */
    @Override
    public void connect(SocketAddress remoteAddr, int timeout) throws IOException {
        super.connect(remoteAddr, timeout);
        negotiate(SecureSession::generateConnectRequest);
    }

    /**
     * Connects and negotiates as the client. What a callback throws comes out as it is, and leaves the socket closed.
     *
     * @param remoteAddr where the server is
     * @throws IOException if there is no connection, the handshake takes longer than 30 seconds, or the server is
     *     refused: then the cause is a {@link SecureSessionException}. The socket is closed.
     */
    @Override
    public void connect(SocketAddress remoteAddr) throws IOException {
        connect(remoteAddr, 0);
    }

    /** Performs the handshake as the server over a connection that was accepted. */
    final void acceptSession() throws IOException {
        negotiate(server -> NO_MESSAGE);
    }

    /** Closes the connection and wipes the keys of its session. May be called twice, and by any thread. */
    @Override
    @SuppressWarnings("UnsynchronizedOverridesSynchronized") // the original's is not; what it calls is safe by itself
    public void close() throws IOException {
        try {
            super.close();
        } finally {
            SecureSession closing = session;
            if (closing != null) {
                closing.close();
            }
        }
    }

    /**
     * Returns a stream that wraps what is written, each array as one message, or as several if it is longer than
     * 65,483 bytes. Closing it closes the socket.
     *
     * @return the stream, always the same
     * @throws IOException if the socket is not connected, or closed
     */
    @Override
    public OutputStream getOutputStream() throws IOException {
        connected();
        return secureOutput;
    }

    /**
     * Returns a stream of what the peer has written. It can be asked for before the socket is connected, but not read. It
     * ends where the peer has ended the connection between two messages; when the timeout of the socket passes, nothing is
     * lost. Closing it closes the socket.
     *
     * @return the stream, always the same
     */
    @Override
    public InputStream getInputStream() {
        return secureInput;
    }

    private void negotiate(FirstMessage firstMessage) throws IOException {
        boolean established = false;
        try {
            SecureSession own = new SecureSession(id, signPrivateKey, callbacks);
            Connection negotiating =
                    new Connection(own, new SocketMessages(this, super.getInputStream()), super.getOutputStream());
            session = own;
            if (isClosed()) {
                throw new SocketException("Socket is closed");
            }
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(HANDSHAKE_SECONDS);
            byte[] message = firstMessage.of(own);
            if (message.length > 0) {
                negotiating.send(message);
            }
            int received = 0;
            while (!own.isEstablished()) {
                if (received == MAX_HANDSHAKE_MESSAGES) {
                    throw new IOException("the peer has sent " + received
                            + " messages without completing the handshake; expected at most 2");
                }
                UnwrapResult result = own.unwrap(negotiating.messages.nextOfHandshake(deadline));
                received++;
                if (result.getDataType() == SessionDataType.PROTOCOL_DATA) {
                    negotiating.send(result.getData());
                }
            }
            own.requireOrder();
            connection = negotiating;
            established = true;
        } catch (SecureSessionException | NullArgumentException e) {
            throw new IOException(e);
        } catch (IllegalStateException e) {
            throw closedMeanwhile(e);
        } finally {
            if (!established) {
                close();
            }
        }
    }

    private Connection connected() throws SocketException {
        if (isClosed()) {
            throw new SocketException("Socket is closed");
        }
        Connection current = connection;
        if (current == null) {
            throw new SocketException("Socket is not connected");
        }
        return current;
    }

    /** The session of an established connection, and the way of its messages. */
    private static final class Connection {
        final SecureSession session;
        final SocketMessages messages;
        private final OutputStream out;

        Connection(SecureSession session, SocketMessages messages, OutputStream out) {
            this.session = session;
            this.messages = messages;
            this.out = out;
        }

        void send(byte[] message) throws IOException {
            byte[] framed = frame(message.length);
            System.arraycopy(message, 0, framed, HEADER_LENGTH, message.length);
            out.write(framed);
        }

        /** Wraps into the frame, and sends all of it at once: a header alone would travel in a packet of its own. */
        void sendWrapped(ByteBuffer payload) throws IOException {
            byte[] framed = frame(payload.remaining() + OVERHEAD);
            try {
                session.wrap(payload, ByteBuffer.wrap(framed, HEADER_LENGTH, framed.length - HEADER_LENGTH));
            } catch (SecureSessionException e) {
                throw new IOException(e);
            } catch (IllegalStateException e) {
                throw closedMeanwhile(e);
            }
            out.write(framed);
        }

        private static byte[] frame(int messageLength) {
            if (messageLength > SocketMessages.FRAMING.maxMessageLength()) {
                throw new IllegalArgumentException("a message of " + messageLength
                        + " bytes; the framing takes at most " + SocketMessages.FRAMING.maxMessageLength());
            }
            byte[] framed = new byte[HEADER_LENGTH + messageLength];
            SocketMessages.FRAMING.writeHeader(messageLength, framed);
            return framed;
        }
    }

    /** Another thread has closed the socket, and with it the session. */
    private static SocketException closedMeanwhile(IllegalStateException cause) {
        SocketException closed = new SocketException("Socket is closed");
        closed.initCause(cause);
        return closed;
    }

    private static void requireRange(byte[] array, int offset, int length) {
        if ((offset | length) < 0 || length > array.length - offset) {
            throw new IndexOutOfBoundsException(
                    length + " bytes from " + offset + " on; the array has " + array.length);
        }
    }

    /** Makes the first message of a handshake, or an empty array where the peer makes it. */
    private interface FirstMessage {
        byte[] of(SecureSession session);
    }

    private final class SecureOutput extends OutputStream {
        /** Held while messages are wrapped and sent: the peer must get them in the order of their numbers. */
        private final ReentrantLock sending = new ReentrantLock();

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException {
            requireRange(source, offset, length);
            Connection current = connected();
            sending.lock();
            try {
                for (int done = 0; done < length; done += MAX_PAYLOAD_LENGTH) {
                    int count = Math.min(MAX_PAYLOAD_LENGTH, length - done);
                    current.sendWrapped(ByteBuffer.wrap(source, offset + done, count));
                }
            } finally {
                sending.unlock();
            }
        }

        @Override
        public void close() throws IOException {
            SecureSocket.this.close();
        }
    }

    private final class SecureInput extends InputStream {
        private final ReentrantLock receiving = new ReentrantLock();

        // The payload that is being read, and how much of it was.
        private byte[] payload = NO_MESSAGE;
        private int payloadRead;

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            requireRange(target, offset, length);
            if (length == 0) {
                return 0;
            }
            receiving.lock();
            try {
                Connection current = connected();
                if (payloadRead == payload.length && !receive(current)) {
                    return -1;
                }
                int count = Math.min(length, payload.length - payloadRead);
                System.arraycopy(payload, payloadRead, target, offset, count);
                payloadRead += count;
                return count;
            } finally {
                receiving.unlock();
            }
        }

        /** Returns what is left of the payload at hand; more may have arrived. Does not wait for a thread that reads. */
        @Override
        public int available() throws IOException {
            connected();
            if (!receiving.tryLock()) {
                return 0;
            }
            try {
                return payload.length - payloadRead;
            } finally {
                receiving.unlock();
            }
        }

        @Override
        public void close() throws IOException {
            SecureSocket.this.close();
        }

        private boolean receive(Connection current) throws IOException {
            Optional<byte[]> message = current.messages.next();
            if (!message.isPresent()) {
                return false;
            }
            try {
                payload = current.session.unwrap(message.get()).getData();
                payloadRead = 0;
                return true;
            } catch (SecureSessionException e) {
                // TCP loses nothing and repeats nothing: this is an attack or a defect (PROTOCOL.md D-2, D-8).
                SecureSocket.this.close();
                throw new IOException(e);
            } catch (IllegalStateException e) {
                throw closedMeanwhile(e);
            }
        }
    }

    private static final int OVERHEAD = dev.securesession.SecureSession.OVERHEAD;

    /** The longest payload whose message fits into the framing: 65,535 bytes less the overhead. */
    private static final int MAX_PAYLOAD_LENGTH = 65_535 - OVERHEAD;

    private static final int HEADER_LENGTH = SocketMessages.FRAMING.headerLength();
    private static final int HANDSHAKE_SECONDS = 30;

    // A repeated message gets the same answer again. A peer that repeats without end and reads nothing would fill the
    // buffers of the connection, and writing has no timeout.
    private static final int MAX_HANDSHAKE_MESSAGES = 8;
    private static final byte[] NO_MESSAGE = {};
}
