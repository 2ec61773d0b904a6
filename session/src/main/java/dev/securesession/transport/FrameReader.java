package dev.securesession.transport;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a stream of bytes into messages. Memory grows with the bytes that have arrived, never with the length that a header
 * claims (PROTOCOL.md P-4). A message that has arrived in part at a deadline is continued by the next call.
 */
final class FrameReader {
    private static final int AHEAD_LENGTH = 512;
    private static final int MAX_AHEAD_LENGTH = 8192;

    private final TimedInput in;
    private final Framing framing;
    private final byte[] header;
    private int headerRead;

    // The body of the message that is being read, as far as it has arrived.
    private byte @Nullable [] body;
    private int bodyRead;
    private int bodyLength;

    // Bytes that were read ahead. The buffer grows when a read has filled it.
    private byte[] ahead = {};
    private int aheadPosition;
    private int aheadEnd;
    private boolean aheadWasFull = true;

    private volatile ByteBudget.@Nullable Account account;

    FrameReader(TimedInput in, Framing framing) {
        this.in = in;
        this.framing = framing;
        this.header = new byte[framing.headerLength()];
    }

    /** From now on counts incomplete messages in this account. */
    void use(ByteBudget.Account newAccount) throws IOException {
        newAccount.hold(body == null ? 0 : body.length);
        ByteBudget.Account before = account;
        account = newAccount;
        if (before != null) {
            before.release();
        }
    }

    /** Releases what an incomplete message holds in its account. May be called by any thread. */
    void close() {
        ByteBudget.Account closing = account;
        if (closing != null) {
            closing.close();
        }
    }

    private void hold(int bytes) throws IOException {
        ByteBudget.Account holding = account;
        if (holding != null) {
            holding.hold(bytes);
        }
    }

    /** Returns the next message in an array of its own, or empty at the end. */
    Optional<byte[]> read(int maxLength, Deadline deadline, String awaited) throws IOException {
        byte[] message = readMessage(maxLength, deadline, awaited, false);
        if (message == null) {
            return Optional.empty();
        }
        return Optional.of(message.length == bodyLength ? message : Arrays.copyOf(message, bodyLength));
    }

    /** Returns the next message in an array of the pool, the caller's to {@link BufferPool#release}, or null at the end. */
    @Nullable
    ByteBuffer readInPlace(int maxLength, Deadline deadline, String awaited) throws IOException {
        byte[] message = readMessage(maxLength, deadline, awaited, true);
        return message == null ? null : ByteBuffer.wrap(message, 0, bodyLength);
    }

    private byte @Nullable [] readMessage(int maxLength, Deadline deadline, String awaited, boolean pooled)
            throws IOException {
        try {
            return next(maxLength, deadline, awaited, pooled);
        } catch (InterruptedIOException e) {
            // A timeout is one of these: the next call continues.
            throw e;
        } catch (IOException e) {
            body = null;
            ByteBudget.Account holding = account;
            if (holding != null) {
                holding.explain(e);
            }
            throw e;
        }
    }

    private byte @Nullable [] next(int maxLength, Deadline deadline, String awaited, boolean pooled)
            throws IOException {
        while (headerRead < header.length) {
            int count = fill(header, headerRead, header.length - headerRead, deadline, awaited);
            if (count < 0) {
                if (headerRead == 0) {
                    return null;
                }
                throw new EOFException("the connection ended after " + headerRead + " bytes of a header of "
                        + header.length + "; the message is lost");
            }
            headerRead += count;
        }
        if (body == null) {
            bodyLength = Frames.announcedLength(framing, header, maxLength);
            grow(Frames.pieceLength(0, bodyLength), pooled);
        }
        return readBody(deadline, awaited, pooled);
    }

    private byte[] readBody(Deadline deadline, String awaited, boolean pooled) throws IOException {
        byte[] part = body == null ? new byte[0] : body;
        while (bodyRead < bodyLength) {
            if (bodyRead == part.length) {
                part = grow(Frames.pieceLength(bodyRead, bodyLength), pooled);
            }
            int count = fill(part, bodyRead, Math.min(part.length, bodyLength) - bodyRead, deadline, awaited);
            if (count < 0) {
                throw new EOFException("the connection ended after " + bodyRead + " bytes of a message of " + bodyLength
                        + "; the message is lost");
            }
            bodyRead += count;
        }
        headerRead = 0;
        body = null;
        bodyRead = 0;
        hold(0);
        return part;
    }

    private byte[] grow(int length, boolean pooled) throws IOException {
        hold(length);
        byte[] grown = pooled ? BufferPool.acquire(length) : new byte[length];
        byte[] before = body;
        if (before != null) {
            System.arraycopy(before, 0, grown, 0, bodyRead);
        }
        body = grown;
        return grown;
    }

    /** Copies bytes that were read ahead; if there are none, reads ahead, or into the target if it is long. */
    private int fill(byte[] target, int offset, int length, Deadline deadline, String awaited) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (aheadPosition == aheadEnd) {
            if (length >= ahead.length && ahead.length > 0) {
                return in.read(target, offset, length, deadline, awaited);
            }
            if (aheadWasFull && ahead.length < MAX_AHEAD_LENGTH) {
                ahead = new byte[ahead.length == 0 ? AHEAD_LENGTH : Math.min(MAX_AHEAD_LENGTH, 2 * ahead.length)];
            }
            int count = in.read(ahead, 0, ahead.length, deadline, awaited);
            if (count < 0) {
                return count;
            }
            aheadPosition = 0;
            aheadEnd = count;
            aheadWasFull = count == ahead.length;
        }
        int count = Math.min(length, aheadEnd - aheadPosition);
        System.arraycopy(ahead, aheadPosition, target, offset, count);
        aheadPosition += count;
        return count;
    }
}
