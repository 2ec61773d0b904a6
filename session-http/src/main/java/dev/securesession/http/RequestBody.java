package dev.securesession.http;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The body of a request, gathered in memory that grows with what arrives: at most twice as much, and 4 KiB to begin with. What
 * counts for a peer is reserved before; handshake messages are short, and the number of requests limits the bytes that they hold.
 * For one thread at a time.
 */
final class RequestBody {
    private static final int FIRST_LENGTH = 4096;

    private final Admission admission;
    private final RequestHead head;
    private final Admission.Place place;
    private byte[] bytes = new byte[0];
    private int length;

    RequestBody(Admission admission, RequestHead head, Admission.Place place) {
        this.admission = admission;
        this.head = head;
        this.place = place;
    }

    /** Reads all; returns 200, or the status that refuses the body. */
    int read(InputStream in) throws IOException {
        int status = readAll(in);
        return status == Status.OK ? complete() : status;
    }

    private int readAll(InputStream in) throws IOException {
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
        if (!place.hold(longer)) {
            return Status.NO_ROOM;
        }
        bytes = Arrays.copyOf(bytes, longer);
        return Status.OK;
    }

    /** Notes that all has arrived; returns 200, or the status that refuses the request. */
    int complete() {
        return place.complete();
    }

    /** Returns what has arrived. */
    byte[] bytes() {
        return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
    }
}
