package dev.securesession.interop;

/**
 * One end of a session, of this library or of a foreign peer, so that one test covers both roles. A refusal is an exception
 * that {@link Refusals} understands.
 */
interface End extends AutoCloseable {
    /** Returns message 1; the end becomes the client. */
    byte[] request() throws Exception;

    /** Processes a handshake message and returns the answer, empty if there is none. */
    byte[] reply(byte[] message) throws Exception;

    byte[] wrap(byte[] payload) throws Exception;

    byte[] unwrap(byte[] message) throws Exception;

    /** Returns the session in the 60-byte form (PROTOCOL.md, section 9). */
    byte[] save() throws Exception;

    /** Returns the id of the peer. */
    byte[] remote() throws Exception;

    boolean isEstablished();

    @Override
    void close();
}
