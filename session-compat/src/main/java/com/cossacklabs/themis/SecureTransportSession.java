package com.cossacklabs.themis;

/**
 * A session that sends and receives by callbacks.
 *
 * <pre>{@code
 * session.connect();                      // the client; the server begins with read()
 * while (!session.isEstablished()) {
 *     session.read();                     // answers to messages of the handshake go out by themselves
 * }
 * session.write(payload);
 * byte[] payload = session.read();
 * }</pre>
 */
public class SecureTransportSession extends SecureSession {
    /**
     * Makes a session that can take either role.
     *
     * @param id the name that the peer looks up our key by, 1 byte or more; copied
     * @param signPrivateKey proves who we are
     * @param callbacks send and receive messages, find keys, and are told of changes
     */
    public SecureTransportSession(byte[] id, PrivateKey signPrivateKey, ITransportSessionCallbacks callbacks) {
        super(id, signPrivateKey, callbacks);
    }

    /**
     * Makes a session that can take either role.
     *
     * @param id the name that the peer looks up our key by, 1 character or more; travels as big-endian UTF-16 behind a
     *     byte order mark
     * @param signPrivateKey proves who we are
     * @param callbacks send and receive messages, find keys, and are told of changes
     */
    public SecureTransportSession(String id, PrivateKey signPrivateKey, ITransportSessionCallbacks callbacks) {
        super(id, signPrivateKey, callbacks);
    }

    /**
     * Sends the first message of the handshake and makes this end the client.
     *
     * @throws RuntimeException if this end is the server, or past its first message
     * @throws IllegalStateException if the session was closed
     */
    public void connect() {
        transport().write(generateConnectRequest());
    }

    /**
     * Wraps a payload and sends it.
     *
     * @param data 1 byte or more
     * @throws SecureSessionException if the session is not established, the payload is empty, or no message number is left
     * @throws IllegalStateException if the session was closed
     */
    public void write(byte[] data) throws SecureSessionException {
        transport().write(wrap(data));
    }

    /**
     * Receives one message. If it belongs to the handshake, the answer to it is sent.
     *
     * @return the payload, or an empty array if the message belongs to the handshake
     * @throws SecureSessionException if the message is refused: the cause says why
     * @throws IllegalStateException if the session was closed
     */
    public byte[] read() throws SecureSessionException {
        ITransportSessionCallbacks transport = transport();
        UnwrapResult result = unwrap(transport.read());
        if (result.getDataType() == SessionDataType.USER_DATA) {
            return result.getData();
        }
        if (result.getDataType() == SessionDataType.PROTOCOL_DATA) {
            transport.write(result.getData());
        }
        return new byte[0];
    }

    private ITransportSessionCallbacks transport() {
        return (ITransportSessionCallbacks) Arguments.requireNonNull(callbacks, "callbacks cannot be null");
    }
}
