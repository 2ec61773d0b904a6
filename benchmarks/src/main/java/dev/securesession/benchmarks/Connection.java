package dev.securesession.benchmarks;

/** A mutually authenticated connection whose two ends are in one process, and on one thread. */
public interface Connection extends AutoCloseable {
    /** Prepares round trips of payloads of one size from client to server, all through the same buffers. */
    RoundTrip roundTrip(int size);

    @Override
    void close();

    /** Encrypts a payload at one end and decrypts it at the other. */
    interface RoundTrip {
        /** Returns the number of bytes that arrived. */
        int once() throws Exception;
    }
}
