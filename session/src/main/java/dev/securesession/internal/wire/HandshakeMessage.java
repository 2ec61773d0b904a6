package dev.securesession.internal.wire;

import dev.securesession.internal.codec.ByteReader;
import dev.securesession.internal.codec.Container;
import dev.securesession.internal.codec.MalformedException;

/** The container around each of the four handshake messages; bytes behind it mean nothing (PROTOCOL.md P-2). */
final class HandshakeMessage {
    private static final String TAG = "TSPM";

    private HandshakeMessage() {}

    static Container read(byte[] message) throws MalformedException {
        return Container.read(new ByteReader(message), TAG, "a handshake message");
    }

    static byte[] seal(byte[]... elements) {
        return Container.write(TAG, elements);
    }
}
