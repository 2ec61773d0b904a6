package dev.securesession.cli.inspect;

import dev.securesession.cli.command.Hex;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/** The container that keys, ids, messages and the 60-byte state are in (PROTOCOL.md, section 2). */
final class ContainerFields {
    private final String tag;
    private final FieldReader payload;

    private ContainerFields(String tag, FieldReader payload) {
        this.tag = tag;
        this.payload = payload;
    }

    /** Reads the header and checks it; the payload is what of it is there. */
    static ContainerFields read(FieldReader outer, String what) {
        byte[] all = outer.peek(outer.remaining());
        long stated = statedSize(all);
        boolean sizeFits = stated >= HEADER_LENGTH && stated <= all.length;
        FieldReader inner = outer.enter(sizeFits ? (int) stated : all.length, what, "");
        Report report = inner.report();
        String tag = inner.ascii(4, "tag");
        inner.number(4, "size");
        byte[] crc = inner.hex(4, "crc");
        if (stated >= 0) {
            report.check(
                    "size of " + what,
                    sizeFits,
                    stated
                            + (stated < HEADER_LENGTH
                                    ? ", the smallest is " + HEADER_LENGTH
                                    : " of " + all.length + " bytes"));
        }
        if (sizeFits) {
            byte[] computed = crc(all, (int) stated);
            boolean right = java.util.Arrays.equals(crc, computed);
            report.check("CRC-32C of " + what, right, Hex.of(crc) + (right ? "" : ", computed " + Hex.of(computed)));
        }
        return new ContainerFields(tag, inner);
    }

    /** Returns a container with a correct header. */
    static byte[] write(String tag, byte[] payload) {
        ByteBuffer container = ByteBuffer.allocate(HEADER_LENGTH + payload.length);
        container.put(tag.getBytes(StandardCharsets.ISO_8859_1)).putInt(container.capacity());
        container.putInt(0).put(payload);
        container.put(CRC_OFFSET, crc(container.array(), container.capacity()));
        return container.array();
    }

    /** The four characters, or what there is of them. */
    String tag() {
        return tag;
    }

    FieldReader payload() {
        return payload;
    }

    private static long statedSize(byte[] all) {
        return all.length < 8 ? -1 : ByteBuffer.wrap(all).getInt(4) & 0xFFFF_FFFFL;
    }

    private static byte[] crc(byte[] container, int size) {
        CRC32C crc = new CRC32C();
        crc.update(container, 0, CRC_OFFSET);
        crc.update(new byte[4]);
        crc.update(container, HEADER_LENGTH, size - HEADER_LENGTH);
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) crc.getValue())
                .array();
    }

    private static final int CRC_OFFSET = 8;
    private static final int HEADER_LENGTH = 12;
}
