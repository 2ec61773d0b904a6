package dev.securesession.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A transport that sends a message where it was put together, and receives messages into arrays of the pool. */
interface InPlaceTransport {
    /** Returns the bytes to leave free in front of a message that is sent in place. */
    int headerLength();

    /** Sends what follows {@link #headerLength} free bytes, up to this end; the array is not kept. */
    void sendInPlace(byte[] framed, int end) throws IOException;

    /**
     * Waits for the next message.
     *
     * @return the message, the caller's to {@link BufferPool#release}; null if the peer has ended the connection between two
     *     messages
     */
    @Nullable
    ByteBuffer receiveInPlace(int maxLength, Deadline deadline) throws IOException;
}
