package dev.securesession.internal.crypto;

import java.nio.ByteBuffer;
import java.util.Arrays;
import javax.crypto.SecretKey;

/**
 * An AES-256 key for the many messages of one direction; {@link AesGcm} keeps a cipher at hand for it while it is busy.
 *
 * <p>Every session has two, so its bytes are in fields: an array would cost half as much again.
 */
public final class AeadKey {
    public static final int LENGTH = 32;

    private final int slot;
    private long first;
    private long second;
    private long third;
    private long fourth;

    /** Takes over the secret, and wipes it. */
    AeadKey(Secret secret, int slot) {
        this.slot = slot;
        byte[] bytes = secret.toBytes();
        ByteBuffer reader = ByteBuffer.wrap(bytes);
        first = reader.getLong();
        second = reader.getLong();
        third = reader.getLong();
        fourth = reader.getLong();
        Arrays.fill(bytes, (byte) 0);
        secret.wipe();
    }

    /** A number that spreads directions over shared tables. */
    public int slot() {
        return slot;
    }

    /** Returns a copy, the caller's to wipe. */
    public byte[] toBytes() {
        byte[] bytes = new byte[LENGTH];
        putLong(bytes, 0, first);
        putLong(bytes, 8, second);
        putLong(bytes, 16, third);
        putLong(bytes, 24, fourth);
        return bytes;
    }

    /** Without a buffer, which would be garbage for every message. */
    private static void putLong(byte[] target, int at, long value) {
        for (int i = 0; i < Long.BYTES; i++) {
            target[at + i] = (byte) (value >>> (56 - 8 * i));
        }
    }

    /** Returns this key for a JCA object that is about to be initialized with it. */
    SecretKey asJcaKey() {
        return new LentKey("AES", this::toBytes);
    }

    void wipe() {
        first = 0;
        second = 0;
        third = 0;
        fourth = 0;
    }
}
