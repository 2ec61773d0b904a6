package dev.securesession.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The first bytes of the stream from the proxy, which name the target (docs/tunnel-protocol.md TN-1).
 *
 * <pre>
 *   offset  0       1               2
 *           +-------+---------------+--------------------+
 *           | 01    | target length | target, UTF-8      |
 *           +-------+---------------+--------------------+
 *   length    1       1               0 to 255
 * </pre>
 */
final class OpenRequest {
    static final int VERSION = 1;
    static final int MAX_TARGET_LENGTH = 255;

    private static final int HEADER_LENGTH = 2;

    private OpenRequest() {}

    /** Encodes a request; the name was checked by {@link #requireName}. */
    static ByteBuf encode(ByteBufAllocator allocator, String target) {
        byte[] name = target.getBytes(StandardCharsets.UTF_8);
        return allocator
                .buffer(HEADER_LENGTH + name.length)
                .writeByte(VERSION)
                .writeByte(name.length)
                .writeBytes(name);
    }

    /**
     * Takes a request from the front of what has arrived.
     *
     * @return the name of the target; null if the request is not complete yet
     */
    static @Nullable String decode(ByteBuf arrived) throws TunnelException {
        if (!arrived.isReadable()) {
            return null;
        }
        int version = arrived.getUnsignedByte(arrived.readerIndex());
        if (version != VERSION) {
            throw new TunnelException(
                    TunnelException.Code.UNSUPPORTED, "version " + version + " of the tunnel; expected " + VERSION);
        }
        if (arrived.readableBytes() < HEADER_LENGTH) {
            return null;
        }
        int length = arrived.getUnsignedByte(arrived.readerIndex() + 1);
        if (arrived.readableBytes() < HEADER_LENGTH + length) {
            return null;
        }
        arrived.skipBytes(HEADER_LENGTH);
        byte[] name = new byte[length];
        arrived.readBytes(name);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(name))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new TunnelException(TunnelException.Code.UNSUPPORTED, "a target whose name is not UTF-8");
        }
    }

    /** Refuses names that do not fit. */
    static void requireName(String target) {
        int length = target.getBytes(StandardCharsets.UTF_8).length;
        if (length > MAX_TARGET_LENGTH) {
            throw new IllegalArgumentException(
                    "a target name of " + length + " bytes; it must have at most " + MAX_TARGET_LENGTH);
        }
    }
}
