package dev.securesession.internal.wire;

/** The container around each of the four negotiation messages; bytes behind it mean nothing (PROTOCOL.md P-2). */
final class NegotiationMessage {
    private static final String TAG = "TSPM";

    private NegotiationMessage() {}

    static Container read(byte[] message) throws MalformedException {
        return Container.read(new ByteReader(message), TAG, "a negotiation message");
    }

    static byte[] seal(byte[]... elements) {
        return Container.write(TAG, elements);
    }
}
