package dev.securesession.transport;

import java.io.IOException;

/** Bytes that can be waited for until a deadline. */
interface TimedInput {
    /**
     * Reads at least one byte.
     *
     * @return how many bytes were read, or -1 at the end
     * @throws java.net.SocketTimeoutException at the deadline; nothing was lost
     */
    int read(byte[] target, int offset, int length, Deadline deadline, String awaited) throws IOException;
}
