package dev.securesession;

/** Which end of a handshake a peer is: the one that begins it or the one that answers. */
public enum Role {
    /** The peer that sends the first message. */
    CLIENT,
    /** The peer that answers it. */
    SERVER;

    /**
     * Returns the role of the peer at the other end.
     *
     * @return {@link #SERVER} for a client, {@link #CLIENT} for a server
     */
    public Role opposite() {
        return this == CLIENT ? SERVER : CLIENT;
    }
}
