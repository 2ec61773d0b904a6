package dev.securesession.internal.wire;

import dev.securesession.internal.codec.ByteReader;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.HmacSha256;

/**
 * Message 3, in which the client proves its identity and confirms the keys (PROTOCOL.md, section 6.2; P-3).
 *
 * <pre>{@code
 * TSPM( signature || mac )      the mac is the last 32 bytes
 * }</pre>
 */
public final class ClientConfirmation {
    private final byte[] signature;
    private final byte[] mac;

    private ClientConfirmation(byte[] signature, byte[] mac) {
        this.signature = signature;
        this.mac = mac;
    }

    public static ClientConfirmation parse(byte[] message) throws MalformedException {
        ByteReader body = HandshakeMessage.read(message).payloadReader();
        int signatureLength = body.remaining() - HmacSha256.LENGTH;
        if (signatureLength < 1) {
            throw new MalformedException("message 3 with a payload of " + body.remaining()
                    + " bytes; it is a signature and " + HmacSha256.LENGTH + " bytes");
        }
        byte[] signature = body.take(signatureLength, "the signature of message 3");
        return new ClientConfirmation(signature, body.rest());
    }

    public static byte[] write(byte[] signature, byte[] mac) {
        return HandshakeMessage.seal(signature, mac);
    }

    public byte[] signature() {
        return signature;
    }

    public byte[] mac() {
        return mac;
    }
}
