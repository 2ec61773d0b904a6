package dev.securesession.internal.wire;

/**
 * CRC-32C (Castagnoli, reflected; RFC 3309), which finds accidents, never attackers.
 *
 * <p>The JDK has it as {@code java.util.zip.CRC32C}, but Android only since API 34; containers are short, so a table
 * serves everywhere.
 */
final class Crc32c {
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

    static int of(byte[] bytes) {
        int crc = -1;
        for (byte b : bytes) {
            crc = crc >>> 8 ^ TABLE[(crc ^ b) & 0xFF];
        }
        return ~crc;
    }
}
