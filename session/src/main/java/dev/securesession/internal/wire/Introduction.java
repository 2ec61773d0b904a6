package dev.securesession.internal.wire;

import dev.securesession.PeerId;
import dev.securesession.internal.codec.ByteReader;
import dev.securesession.internal.codec.Container;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.EphemeralKey;
import dev.securesession.internal.keys.KeyContainer;

/**
 * Messages 1 and 2, in which client and server introduce themselves (PROTOCOL.md, section 6.1; P-2, P-3).
 *
 * <pre>{@code
 * TSPM( TSID( id ) || ephemeral key || signature )      the signature takes the rest
 * }</pre>
 */
public final class Introduction {
    private static final String ID_TAG = "TSID";

    private final byte[] message;
    private final PeerId id;
    private final byte[] ephemeral;
    private final EcPublicKey ephemeralKey;
    private final byte[] signature;

    private Introduction(byte[] message, PeerId id, byte[] ephemeral, EcPublicKey ephemeralKey, byte[] signature) {
        this.message = message;
        this.id = id;
        this.ephemeral = ephemeral;
        this.ephemeralKey = ephemeralKey;
        this.signature = signature;
    }

    public static Introduction parse(byte[] message) throws MalformedException {
        Container container = HandshakeMessage.read(message);
        ByteReader body = container.payloadReader();
        byte[] id = Container.read(body, ID_TAG, "a peer id").payload();
        if (id.length == 0) {
            throw new MalformedException("a peer id of 0 bytes; it needs at least 1");
        }
        Container ephemeral = Container.read(body, "an ephemeral key");
        EcPublicKey ephemeralKey = KeyContainer.readPublic(ephemeral, EphemeralKey.CURVE);
        return new Introduction(container.whole(), PeerId.of(id), ephemeral.whole(), ephemeralKey, body.rest());
    }

    public static byte[] write(PeerId id, byte[] ephemeral, byte[] signature) {
        return HandshakeMessage.seal(Container.write(ID_TAG, id.toBytes()), ephemeral, signature);
    }

    /** Returns the message without trailing bytes. */
    public byte[] message() {
        return message;
    }

    public PeerId id() {
        return id;
    }

    /** Returns the ephemeral key as it was sent, with its container: these bytes are signed and hashed. */
    public byte[] ephemeral() {
        return ephemeral;
    }

    public EcPublicKey ephemeralKey() {
        return ephemeralKey;
    }

    public byte[] signature() {
        return signature;
    }
}
