package com.cossacklabs.themis;

/** What a {@link SecureTransportSession} sends and receives by. */
public interface ITransportSessionCallbacks extends ISessionCallbacks {
    /**
     * Sends one message to the peer.
     *
     * @param wrappedData the whole message
     */
    void write(byte[] wrappedData);

    /**
     * Receives one message of the peer.
     *
     * @return the whole message
     */
    byte[] read();
}
