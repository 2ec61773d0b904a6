package com.cossacklabs.themis;

/**
 * Looks up peer keys and observes state changes.
 *
 * <p>Called on the thread that calls the session, under the session's lock: a callback that blocks also blocks other threads
 * that use the session. It may close the session.
 */
public interface ISessionCallbacks {
    /**
     * Looks up the public key of a peer.
     *
     * @param session the session that asks
     * @param id who claims to be there; nothing is proved yet
     * @return the key, or {@code null} to refuse the peer. What is thrown comes out of {@link SecureSession#unwrap}. In
     *     both cases a later attempt may succeed.
     */
    PublicKey getPublicKeyForId(SecureSession session, byte[] id);

    /**
     * Is told of a change after it has happened; {@link SecureSession#getState} tells the new state. What is thrown comes
     * out of the method of the session that was called, and the change remains.
     *
     * @param session the session that has changed
     */
    void stateChanged(SecureSession session);
}
