package dev.securesession.http;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The body of a request, read into memory that grows with what arrives and is reserved before. */
final class RequestBody implements AutoCloseable {
    private static final int FIRST_LENGTH = 4096;

    private final Admission admission;
    private final @Nullable String token;
    private byte[] bytes = new byte[0];
    private int reserved;

    private RequestBody(Admission admission, @Nullable String token) {
        this.admission = admission;
        this.token = token;
    }

    /** Returns the body of a request, which counts for its session. */
    static RequestBody ofRequest(Admission admission, String token) {
        return new RequestBody(admission, token);
    }

    /** Returns the body of a handshake message, which is short: their number limits the bytes that they hold. */
    static RequestBody ofHandshake(Admission admission) {
        return new RequestBody(admission, null);
    }

    /** Reads all; returns 200, or the status that refuses the body. */
    int read(InputStream in, int limit) throws IOException {
        int length = 0;
        while (true) {
            if (length == bytes.length) {
                if (length == limit) {
                    if (in.read() < 0) {
                        return Status.OK;
                    }
                    admission.turnAway();
                    return Status.TOO_LONG;
                }
                int longer = (int) Math.min(limit, Math.max(FIRST_LENGTH, 2L * length));
                if (token != null && !admission.reserve(token, longer - reserved)) {
                    return Status.NO_ROOM;
                }
                reserved = longer;
                bytes = Arrays.copyOf(bytes, longer);
            }
            int count = in.read(bytes, length, bytes.length - length);
            if (count < 0) {
                bytes = Arrays.copyOf(bytes, length);
                return Status.OK;
            }
            length += count;
        }
    }

    byte[] bytes() {
        return bytes;
    }

    @Override
    public void close() {
        if (token != null && reserved > 0) {
            admission.release(token, reserved);
        }
        reserved = 0;
    }
}
