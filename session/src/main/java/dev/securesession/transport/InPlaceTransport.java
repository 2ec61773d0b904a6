package dev.securesession.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A transport that sends a message where it was put together, and lends the array that it received one into. */
interface InPlaceTransport {
    /** Returns the bytes to leave free in front of a message that is sent in place. */
    int headerLength();

    /** Sends what follows {@link #headerLength} free bytes, up to this end; the array is not kept. */
    void sendInPlace(byte[] framed, int end) throws IOException;

    /**
     * Waits for the next message.
     *
     * @return the message, which belongs to the caller until {@link #recycle} or the next call; null if the peer has ended
     *     the connection between two messages
     */
    @Nullable
    ByteBuffer receiveInPlace(int maxLength, Deadline deadline) throws IOException;

    /** Wipes and takes back the message that was received last. */
    void recycle();
}
