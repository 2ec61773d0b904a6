package dev.securesession.transport;

import dev.securesession.Delivery;
import java.io.Closeable;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;

/**
 * Moves whole messages to a peer and back; to be implemented for what an application already has.
 *
 * <p>A transport keeps the bounds of messages. The four handshake messages must arrive in order and without loss, and
 * the server's second one before anything that the server wraps. One thread may send while another receives; a
 * {@link SecureConnection} never has two threads send, or two receive, at the same time.
 *
 * <p>PROTOCOL.md, section 10.
 */
public interface Transport extends Closeable {
    /**
     * Sends one message, and waits until that is done or queued.
     *
     * @param message not kept after the call returns
     * @throws IOException if it cannot be sent: close the connection
     */
    void send(byte[] message) throws IOException;

    /**
     * Waits for the next message.
     *
     * @param maxLength bytes that the message may have; memory must grow with the bytes that arrive, not with a claimed length
     *     (PROTOCOL.md P-4)
     * @param timeout how long to wait for the whole of it, or zero for as long as it takes
     * @return the message, a new array; or empty if the peer has ended the connection between two messages
     * @throws java.net.SocketTimeoutException at the timeout; the part received so far is kept for the next call
     * @throws IOException if the message is too long or was cut off, or the connection fails: close the connection
     */
    Optional<byte[]> receive(int maxLength, Duration timeout) throws IOException;

    /**
     * Tells what may happen to messages on the way.
     *
     * @return {@link Delivery#ORDERED} for streams, {@link Delivery#UNORDERED} for datagrams
     */
    Delivery delivery();

    /**
     * Returns the longest message that can be sent, so that a longer one is refused before it uses up a number.
     *
     * @return bytes; without limit unless a transport says otherwise
     */
    default int maxMessageLength() {
        return Integer.MAX_VALUE;
    }

    /**
     * Returns the address of the peer, for logs and limits.
     *
     * @return the address, or empty if the transport has none
     */
    default Optional<SocketAddress> remoteAddress() {
        return Optional.empty();
    }

    /** Ends the connection; a thread that sends or receives fails. May be called twice, and by any thread. */
    @Override
    void close() throws IOException;
}
