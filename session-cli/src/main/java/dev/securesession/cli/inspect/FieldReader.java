package dev.securesession.cli.inspect;

import dev.securesession.cli.command.Hex;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads fields one after the other and reports each. Where bytes are missing it takes what is there and reports that, so
 * that damaged input is shown as far as it goes.
 */
final class FieldReader {
    private final byte[] bytes;
    private final int end;
    private final int depth;
    private final Report report;
    private int position;

    FieldReader(byte[] bytes, Report report) {
        this(bytes, 0, bytes.length, 0, report);
    }

    private FieldReader(byte[] bytes, int start, int end, int depth, Report report) {
        this.bytes = bytes;
        this.position = start;
        this.end = end;
        this.depth = depth;
        this.report = report;
    }

    Report report() {
        return report;
    }

    int position() {
        return position;
    }

    int remaining() {
        return end - position;
    }

    /** Reads bytes that are shown in hexadecimal. */
    byte[] hex(int length, String name) {
        return take(length, name, Shown.HEX);
    }

    /** Reads bytes that are not shown; the array is the caller's to wipe. */
    byte[] secret(int length, String name) {
        return take(length, name, Shown.AS_SECRET);
    }

    String ascii(int length, String name) {
        return new String(take(length, name, Shown.ASCII), StandardCharsets.ISO_8859_1);
    }

    /** Reads a big-endian number of up to 8 bytes; the missing ones count as zeros. */
    long number(int length, String name) {
        return numberOf(take(length, name, Shown.NUMBER), length);
    }

    long littleEndian(int length, String name) {
        return numberOf(reversed(take(length, name, Shown.LITTLE_ENDIAN)), length);
    }

    /** Returns the next bytes without passing them. */
    byte[] peek(int length) {
        return Arrays.copyOfRange(bytes, position, position + Math.min(length, remaining()));
    }

    /** Reports a field of the next bytes and returns a reader for what is in it; this one passes them. */
    FieldReader enter(int length, String name, String value) {
        int there = Math.min(length, remaining());
        report.field(depth, position, there, name, value);
        FieldReader inner = new FieldReader(bytes, position, position + there, depth + 1, report);
        position += there;
        return inner;
    }

    private byte[] take(int length, String name, Shown shown) {
        int there = Math.min(length, remaining());
        byte[] taken = Arrays.copyOfRange(bytes, position, position + there);
        if (there > 0) {
            report.field(depth, position, there, name, show(taken, shown));
        }
        if (there < length) {
            report.check(name, false, "needs " + length + " bytes where " + there + " are left");
        }
        position += there;
        return taken;
    }

    private static String show(byte[] taken, Shown shown) {
        return switch (shown) {
            case HEX -> Hex.of(taken);
            case AS_SECRET -> "secret, " + taken.length + " bytes";
            case ASCII -> printable(taken);
            case NUMBER -> Long.toUnsignedString(numberOf(taken, taken.length));
            case LITTLE_ENDIAN -> Long.toUnsignedString(numberOf(reversed(taken), taken.length));
        };
    }

    private static String printable(byte[] text) {
        for (byte b : text) {
            if (b < ' ' || b > '~') {
                return Hex.of(text);
            }
        }
        return new String(text, StandardCharsets.US_ASCII);
    }

    private static long numberOf(byte[] bigEndian, int length) {
        long number = 0;
        for (int i = 0; i < length; i++) {
            number = number << 8 | (i < bigEndian.length ? bigEndian[i] & 0xFF : 0);
        }
        return number;
    }

    private static byte[] reversed(byte[] taken) {
        byte[] reversed = new byte[taken.length];
        for (int i = 0; i < taken.length; i++) {
            reversed[i] = taken[taken.length - 1 - i];
        }
        return reversed;
    }

    private enum Shown {
        HEX,
        AS_SECRET,
        ASCII,
        NUMBER,
        LITTLE_ENDIAN
    }
}
