package dev.securesession.benchmarks;

/** A mutually authenticated connection whose two ends are in one process, and on one thread. */
public interface Connection extends AutoCloseable {
    /** Prepares to carry payloads of a size from the client to the server, again and again through the same buffers. */
    RoundTrip roundTrip(int size);

    @Override
    void close();

    /** Encrypts a payload at one end and decrypts it at the other. */
    interface RoundTrip {
        /** Returns how many bytes arrived. */
        int once() throws Exception;
    }
}
