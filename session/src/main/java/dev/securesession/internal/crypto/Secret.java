package dev.securesession.internal.crypto;

import java.util.Arrays;
import javax.crypto.SecretKey;

/**
 * Secret bytes with one owner, who wipes them.
 *
 * <p>A secret cannot be compared, printed or serialized. Wiping overwrites it with zeros; the owner makes sure that no thread
 * uses it afterwards.
 */
public final class Secret {
    private final byte[] bytes;

    private Secret(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Takes over an array: the caller keeps no reference to it. */
    public static Secret owning(byte[] bytes) {
        return new Secret(bytes);
    }

    /** Copies an array that stays the caller's. */
    public static Secret copyOf(byte[] bytes) {
        return new Secret(bytes.clone());
    }

    public int length() {
        return bytes.length;
    }

    /** Returns a copy, the caller's to wipe. */
    public byte[] toBytes() {
        return bytes.clone();
    }

    public Secret copy() {
        return new Secret(bytes.clone());
    }

    public void wipe() {
        Arrays.fill(bytes, (byte) 0);
    }

    /** Returns this secret as a key for a JCA object that is about to be initialized with it. */
    SecretKey asKey(String algorithm) {
        return new LentKey(algorithm, this::toBytes);
    }

    @Override
    public String toString() {
        return "Secret of " + bytes.length + " bytes";
    }
}
