package dev.securesession.netty;

import dev.securesession.transport.Framing;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.net.ProtocolException;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the bytes of a network into messages. A message that has arrived whole is a slice of the network's buffer; what has
 * arrived of any other is collected in a heap buffer, which grows with the bytes that arrive, never with the length that a
 * header claims (PROTOCOL.md P-4). Belongs to one event loop.
 */
final class FrameDecoder {
    private static final int FIRST_PIECE_LENGTH = 4096;

    private final Framing framing;
    private final byte[] header;
    private int headerRead;
    private int bodyLength = -1;
    private @Nullable ByteBuf body;

    FrameDecoder(Framing framing) {
        this.framing = framing;
        this.header = new byte[framing.headerLength()];
    }

    /**
     * Consumes bytes up to the end of the next message.
     *
     * @return the message, the caller's to release; or null if all bytes were consumed and it is not complete
     * @throws ProtocolException if the message is too long, or the peer uses another framing
     */
    @Nullable
    ByteBuf next(ByteBuf network, ByteBufAllocator allocator, int maxLength) throws ProtocolException {
        if (bodyLength < 0) {
            int count = Math.min(header.length - headerRead, network.readableBytes());
            network.readBytes(header, headerRead, count);
            headerRead += count;
            if (headerRead < header.length) {
                return null;
            }
            long length = framing.readHeader(header);
            if (length > maxLength) {
                throw new ProtocolException("a message of " + length + " bytes; the limit is " + maxLength);
            }
            bodyLength = (int) length;
        }
        ByteBuf message;
        if (body == null && network.readableBytes() >= bodyLength) {
            message = network.readRetainedSlice(bodyLength);
        } else {
            message = collect(network, allocator);
            if (message == null) {
                return null;
            }
        }
        headerRead = 0;
        bodyLength = -1;
        body = null;
        return message;
    }

    private @Nullable ByteBuf collect(ByteBuf network, ByteBufAllocator allocator) {
        ByteBuf collected = body;
        int held = collected == null ? 0 : collected.readableBytes();
        int count = Math.min(bodyLength - held, network.readableBytes());
        if (count == 0) {
            return null;
        }
        if (collected == null) {
            // Up to twice what has arrived: half of the messages need not grow.
            int first =
                    count > bodyLength / 2 ? bodyLength : Math.min(bodyLength, Math.max(2 * count, FIRST_PIECE_LENGTH));
            collected = allocator.heapBuffer(first, bodyLength);
            body = collected;
        }
        collected.writeBytes(network, count);
        return collected.readableBytes() < bodyLength ? null : collected;
    }

    /** Tells whether bytes of an incomplete message have arrived. */
    boolean isWithinMessage() {
        return headerRead > 0;
    }

    /** Returns how many bytes the incomplete message holds. */
    int held() {
        return body == null ? 0 : body.capacity();
    }

    /** Drops the incomplete message. */
    void release() {
        ByteBuf dropped = body;
        body = null;
        bodyLength = -1;
        headerRead = 0;
        if (dropped != null) {
            dropped.release();
        }
    }
}
