package dev.securesession.internal.message;

import dev.securesession.Role;
import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.crypto.AeadKey;
import dev.securesession.internal.crypto.CryptoSuite;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.crypto.SoterKdf;

/**
 * What a session derives from its master secret (PROTOCOL.md, section 7).
 *
 * <pre>{@code
 * master  = KDF(shared, "Themis secure session master key", [sid], 32)
 * key_c   = KDF(master, "Themis secure session client key", [sid], 32)
 * key_s   = KDF(master, "Themis secure session server key", [sid], 32)
 * seq_c   = KDF(master, "Themis secure session client initial sequence number", [sid], 4), little-endian
 * seq_s   = KDF(master, "Themis secure session server initial sequence number", [sid], 4), little-endian
 * }</pre>
 */
public final class SessionSecrets {
    private static final int SEQUENCE_LENGTH = Integer.BYTES;

    private final CryptoSuite crypto;
    private final SoterKdf kdf;
    private final byte[] sid;
    private final Secret master;

    private SessionSecrets(CryptoSuite crypto, byte[] sid, Secret master) {
        this.crypto = crypto;
        this.kdf = new SoterKdf(crypto.hmac());
        this.sid = sid;
        this.master = master;
    }

    /** Derives the master secret; the shared secret stays the caller's to wipe. */
    public static SessionSecrets ofShared(CryptoSuite crypto, Secret shared, byte[] sid) {
        byte[] master = new SoterKdf(crypto.hmac())
                .derive(shared, "Themis secure session master key", SoterKdf.KEY_LENGTH, sid);
        return new SessionSecrets(crypto, sid, Secret.owning(master));
    }

    /** Restores the secrets from the session id in wire order and the master secret, which it takes over. */
    public static SessionSecrets ofMaster(CryptoSuite crypto, Secret master, int wireSessionId) {
        return new SessionSecrets(crypto, Bytes.int32LittleEndian(wireSessionId), master);
    }

    /** Returns the session id in the header of wrapped messages: the four bytes of sid in reverse order. */
    public int wireSessionId() {
        return (int) Bytes.uint32LittleEndian(sid, 0);
    }

    public Secret master() {
        return master;
    }

    /** HMAC(master, ephemeral || sid), by which a peer confirms that it has the master secret. */
    public byte[] confirmation(byte[] ephemeral) {
        return crypto.hmac().of(master, ephemeral, sid);
    }

    /** The key of the messages that a peer in this role sends. */
    public Secret key(Role sender) {
        return Secret.owning(kdf.derive(master, "Themis secure session " + name(sender) + " key", AeadKey.LENGTH, sid));
    }

    public int initialSequence(Role sender) {
        String label = "Themis secure session " + name(sender) + " initial sequence number";
        return (int) Bytes.uint32LittleEndian(kdf.derive(master, label, SEQUENCE_LENGTH, sid), 0);
    }

    public void wipe() {
        master.wipe();
    }

    private static String name(Role role) {
        return role == Role.CLIENT ? "client" : "server";
    }
}
