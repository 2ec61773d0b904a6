package com.cossacklabs.themis;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;

/**
 * A server socket that negotiates a session with whoever connects.
 *
 * <p>The handshake runs inside {@link #accept}, one client after the other, each for 30 seconds at most. A server for
 * many clients is better built on {@code dev.securesession.transport.SecureServer}.
 */
public class SecureServerSocket extends ServerSocket {
    private final byte[] id;
    private final PrivateKey signPrivateKey;
    private final ISessionCallbacks callbacks;

    /**
     * Listens on a port of all addresses.
     *
     * @param port the port, or 0 for any that is free
     * @param id the name that clients look up our key by, 1 byte or more
     * @param signPrivateKey proves who we are
     * @param callbacks asked for keys and told of changes, for all connections
     * @throws IOException if the port cannot be had
     */
    public SecureServerSocket(int port, byte[] id, PrivateKey signPrivateKey, ISessionCallbacks callbacks)
            throws IOException {
        super(port);
        this.id = id == null ? null : id.clone();
        this.signPrivateKey = signPrivateKey;
        this.callbacks = callbacks;
    }

    /**
     * Waits for a client and negotiates with it as the server. What a callback throws comes out as it is. After a failure
     * the client's connection is closed, and the next client can be accepted: go on with the loop.
     *
     * @return a {@link SecureSocket} whose session is established, the caller's to close
     * @throws IOException if no client can be accepted, the handshake takes longer than 30 seconds, or the client is
     *     refused: then the cause is a {@link SecureSessionException}
     */
    @Override
    public Socket accept() throws IOException {
        if (isClosed()) {
            throw new SocketException("Socket is closed");
        }
        SecureSocket socket = new SecureSocket(id, signPrivateKey, callbacks);
        boolean accepted = false;
        try {
            implAccept(socket);
            accepted = true;
        } finally {
            if (!accepted) {
                socket.close();
            }
        }
        socket.acceptSession();
        return socket;
    }
}
