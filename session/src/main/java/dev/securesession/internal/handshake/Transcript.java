package dev.securesession.internal.handshake;

import dev.securesession.PeerId;
import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.crypto.CryptoSuite;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.crypto.Sha256;
import dev.securesession.internal.crypto.SoterKdf;
import dev.securesession.internal.keys.KeyContainer;
import dev.securesession.internal.message.SessionSecrets;

/**
 * The public values of a handshake: both ephemeral keys as they were sent, and both ids. The peers sign them and derive the
 * session id from them.
 *
 * <pre>{@code
 * signed in message 2   E_s || E_c || id_s || id_c
 * signed in message 3   E_c || E_s || id_c || id_s
 * sid                   KDF(none, "Themis secure session unique identifier", [E_c, E_s, id_c, id_s], 4)
 * }</pre>
 */
final class Transcript {
    private static final int SID_LENGTH = Integer.BYTES;

    private final byte[] clientEphemeral;
    private final byte[] serverEphemeral;
    private final PeerId clientId;
    private final PeerId serverId;

    Transcript(byte[] clientEphemeral, byte[] serverEphemeral, PeerId clientId, PeerId serverId) {
        this.clientEphemeral = clientEphemeral;
        this.serverEphemeral = serverEphemeral;
        this.clientId = clientId;
        this.serverId = serverId;
    }

    byte[] clientEphemeral() {
        return clientEphemeral;
    }

    byte[] serverEphemeral() {
        return serverEphemeral;
    }

    byte[][] signedByServer() {
        return new byte[][] {serverEphemeral, clientEphemeral, serverId.toBytes(), clientId.toBytes()};
    }

    byte[][] signedByClient() {
        return new byte[][] {clientEphemeral, serverEphemeral, clientId.toBytes(), serverId.toBytes()};
    }

    /** Derives the secrets of the session; the shared secret is wiped. */
    SessionSecrets secrets(CryptoSuite crypto, Secret shared) {
        try {
            byte[] sid = new SoterKdf(crypto.hmac())
                    .deriveWithoutKey(
                            "Themis secure session unique identifier",
                            SID_LENGTH,
                            clientEphemeral,
                            serverEphemeral,
                            clientId.toBytes(),
                            serverId.toBytes());
            return SessionSecrets.ofShared(crypto, shared, sid);
        } finally {
            shared.wipe();
        }
    }

    /** The channel binding (PROTOCOL.md H-10): the same at both ends, and of no other session. */
    byte[] hash(EcPublicKey clientKey, EcPublicKey serverKey) {
        byte[] fields = Bytes.lengthPrefixed(
                clientEphemeral,
                serverEphemeral,
                clientId.toBytes(),
                serverId.toBytes(),
                KeyContainer.write(clientKey),
                KeyContainer.write(serverKey));
        return Sha256.of(fields);
    }
}
