package dev.securesession.interop;

/**
 * One end of a session, whoever implements it, so that a test can be written once for both roles. What is refused comes
 * out as an exception that {@link Refusals} knows how to read.
 */
interface End extends AutoCloseable {
    /** Returns message 1; the end becomes the client. */
    byte[] request() throws Exception;

    /** Takes in a handshake message and returns the answer, which is empty if there is none. */
    byte[] reply(byte[] message) throws Exception;

    byte[] wrap(byte[] payload) throws Exception;

    byte[] unwrap(byte[] message) throws Exception;

    /** Returns the 60 bytes of PROTOCOL.md, section 9. */
    byte[] save() throws Exception;

    /** Returns the id of the peer. */
    byte[] remote() throws Exception;

    boolean isEstablished();

    @Override
    void close();
}
