package dev.securesession.http;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The body of a request, gathered in memory that grows with what arrives. What counts for a session is reserved before;
 * handshake messages are short, and the number of requests limits the bytes that they hold. For one thread at a time.
 */
final class RequestBody implements AutoCloseable {
    private static final int FIRST_LENGTH = 4096;

    private final Admission admission;
    private final RequestHead head;
    private byte[] bytes = new byte[0];
    private int length;
    private int reserved;

    RequestBody(Admission admission, RequestHead head) {
        this.admission = admission;
        this.head = head;
    }

    /** Reads all; returns 200, or the status that refuses the body. */
    int read(InputStream in) throws IOException {
        while (true) {
            if (length == bytes.length) {
                if (length == head.maxLength && in.read() < 0) {
                    return Status.OK;
                }
                int status = grow();
                if (status != Status.OK) {
                    return status;
                }
            }
            int count = in.read(bytes, length, bytes.length - length);
            if (count < 0) {
                return Status.OK;
            }
            length += count;
        }
    }

    /** Adds a part; returns 200, or the status that refuses the body. */
    int add(ByteBuffer part) {
        while (part.hasRemaining()) {
            if (length == bytes.length) {
                int status = grow();
                if (status != Status.OK) {
                    return status;
                }
            }
            int count = Math.min(part.remaining(), bytes.length - length);
            part.get(bytes, length, count);
            length += count;
        }
        return Status.OK;
    }

    private int grow() {
        if (length == head.maxLength) {
            admission.turnAway();
            return Status.TOO_LONG;
        }
        int longer = (int) Math.min(head.maxLength, Math.max(FIRST_LENGTH, 2L * length));
        String session = head.countedSession();
        if (session != null && !admission.reserve(session, longer - reserved)) {
            return Status.NO_ROOM;
        }
        reserved = longer;
        bytes = Arrays.copyOf(bytes, longer);
        return Status.OK;
    }

    /** Returns what has arrived. */
    byte[] bytes() {
        return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
    }

    @Override
    public void close() {
        String session = head.countedSession();
        if (session != null && reserved > 0) {
            admission.release(session, reserved);
        }
        reserved = 0;
    }
}
