package dev.securesession.internal.wire;

import dev.securesession.internal.codec.ByteReader;
import dev.securesession.internal.codec.Container;
import dev.securesession.internal.codec.MalformedException;
import java.security.MessageDigest;

/** The container around each of the four handshake messages; trailing bytes are ignored (PROTOCOL.md P-2). */
public final class HandshakeMessage {
    private static final String TAG = "TSPM";

    private HandshakeMessage() {}

    static Container read(byte[] message) throws MalformedException {
        return Container.read(new ByteReader(message), TAG, "a handshake message");
    }

    static byte[] seal(byte[]... elements) {
        return Container.write(TAG, elements);
    }

    /** Tells whether a message repeats one that was accepted before; ignores the trailing bytes of both. */
    public static boolean isRepetition(byte[] message, byte[] accepted) {
        try {
            return MessageDigest.isEqual(read(message).whole(), read(accepted).whole());
        } catch (MalformedException e) {
            return false;
        }
    }
}
