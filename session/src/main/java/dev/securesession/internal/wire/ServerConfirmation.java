package dev.securesession.internal.wire;

import dev.securesession.internal.codec.ByteReader;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.HmacSha256;

/**
 * Message 4, in which the server confirms the keys (PROTOCOL.md, section 6.3; P-3).
 *
 * <pre>{@code
 * TSPM( mac )      exactly 32 bytes
 * }</pre>
 */
public final class ServerConfirmation {
    private final byte[] mac;

    private ServerConfirmation(byte[] mac) {
        this.mac = mac;
    }

    public static ServerConfirmation parse(byte[] message) throws MalformedException {
        ByteReader body = HandshakeMessage.read(message).payloadReader();
        if (body.remaining() != HmacSha256.LENGTH) {
            throw new MalformedException(
                    "message 4 with a payload of " + body.remaining() + " bytes; it is " + HmacSha256.LENGTH);
        }
        return new ServerConfirmation(body.rest());
    }

    public static byte[] write(byte[] mac) {
        return HandshakeMessage.seal(mac);
    }

    public byte[] mac() {
        return mac;
    }
}
