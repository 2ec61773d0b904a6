package dev.securesession.internal.codec;

/**
 * CRC-32C (Castagnoli, reflected; RFC 3309). It detects accidental damage, not attacks.
 *
 * <p>{@code java.util.zip.CRC32C} exists on Android only since API 34. Containers are short, so a table is fast enough.
 */
public final class Crc32c {
    private static final int POLYNOMIAL = 0x82F6_3B78;
    private static final int[] TABLE = new int[256];

    static {
        for (int i = 0; i < TABLE.length; i++) {
            int remainder = i;
            for (int bit = 0; bit < 8; bit++) {
                remainder = (remainder & 1) == 0 ? remainder >>> 1 : remainder >>> 1 ^ POLYNOMIAL;
            }
            TABLE[i] = remainder;
        }
    }

    private Crc32c() {}

    /** Returns the checksum, with some of the bytes counted as zeros. Makes no copy, because the bytes may be secret. */
    public static int withZeroField(byte[] bytes, int at, int length) {
        int crc = -1;
        for (int i = 0; i < bytes.length; i++) {
            int b = i >= at && i < at + length ? 0 : bytes[i];
            crc = crc >>> 8 ^ TABLE[(crc ^ b) & 0xFF];
        }
        return ~crc;
    }
}
