package dev.securesession.testkit;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.CRC32C;

/**
 * Every kind of damage that can be done to a byte string: what refuses damaged messages must refuse each of them. The
 * same bytes always give the same list, in the same order.
 *
 * <pre>{@code
 * for (Mutations.Mutation mutation : Mutations.of(message)) {
 *     assertThatThrownBy(() -> session.unwrap(mutation.bytes())).as(mutation.name()).isInstanceOf(...);
 * }
 * }</pre>
 *
 * <p>What stands behind a checksum is not reached by plain damage: {@link #repaired} puts the checksums right again.
 */
public final class Mutations {
    private Mutations() {}

    /**
     * Returns all damaged forms of these bytes: one bit of each byte flipped, a byte set to its extremes, cut at each
     * length, a byte put in or left out anywhere, neighbours swapped, runs of zeros, 32-bit fields blown up, all or half of
     * it repeated. None of them equals the original, no two are equal.
     *
     * @param original the good bytes; not kept
     * @return the damaged ones
     */
    public static List<Mutation> of(byte[] original) {
        Collector collector = new Collector(original);
        for (int i = 0; i < original.length; i++) {
            collector.replaced("bit " + i % 8 + " of byte " + i + " flipped", i, original[i] ^ 1 << i % 8);
        }
        for (int i = 0; i < original.length; i++) {
            collector.replaced("byte " + i + " set to 00", i, 0);
            collector.replaced("byte " + i + " set to ff", i, 0xFF);
        }
        for (int length = 0; length < original.length; length++) {
            collector.add("cut to " + length + " bytes", Arrays.copyOf(original, length));
            collector.add(
                    "without the first " + (original.length - length) + " bytes",
                    Arrays.copyOfRange(original, original.length - length, original.length));
        }
        for (int i = 0; i <= original.length; i++) {
            collector.inserted("a zero put in before byte " + i, i, new byte[1]);
        }
        for (int i = 0; i < original.length; i++) {
            collector.removed("byte " + i + " left out", i, 1);
        }
        for (int i = 0; i + 1 < original.length; i++) {
            byte[] swapped = original.clone();
            swapped[i] = original[i + 1];
            swapped[i + 1] = original[i];
            collector.add("bytes " + i + " and " + (i + 1) + " swapped", swapped);
        }
        for (int run = 4; run <= original.length; run *= 2) {
            for (int i = 0; i + run <= original.length; i += run) {
                byte[] zeroed = original.clone();
                Arrays.fill(zeroed, i, i + run, (byte) 0);
                collector.add(run + " zeros from byte " + i, zeroed);
            }
        }
        for (int i = 0; i + 4 <= original.length; i += 2) {
            for (int size : SIZES) {
                byte[] blown = original.clone();
                ByteBuffer.wrap(blown).putInt(i, size);
                collector.add(String.format("%08x from byte %d", size, i), blown);
            }
        }
        collector.add("twice", joined(original, original));
        collector.add("first half twice", joined(Arrays.copyOf(original, original.length / 2), original));
        return collector.mutations;
    }

    /**
     * Returns encodings of a signature that strict DER refuses, though the numbers in them are the right ones, and
     * signatures whose numbers are out of range or in the wrong places.
     *
     * @param signature a good signature, in strict DER
     * @param order the order of the group that it is on
     * @return the bad ones
     */
    public static List<Mutation> ofSignature(byte[] signature, BigInteger order) {
        BigInteger[] numbers = Signatures.numbers(signature);
        BigInteger r = numbers[0];
        BigInteger s = numbers[1];
        byte[] content = joined(Signatures.integer(r), Signatures.integer(s));
        Collector collector = new Collector(signature);
        collector.add("r and s swapped", Signatures.sequence(s, r));
        collector.add("r zero", Signatures.sequence(BigInteger.ZERO, s));
        collector.add("s zero", Signatures.sequence(r, BigInteger.ZERO));
        collector.add("r and s zero", Signatures.sequence(BigInteger.ZERO, BigInteger.ZERO));
        collector.add("r one, s one", Signatures.sequence(BigInteger.ONE, BigInteger.ONE));
        collector.add("r the order", Signatures.sequence(order, s));
        collector.add("s the order", Signatures.sequence(r, order));
        collector.add("r plus the order", Signatures.sequence(r.add(order), s));
        collector.add("s plus the order", Signatures.sequence(r, s.add(order)));
        collector.add("r minus the order", Signatures.sequence(r.subtract(order), s));
        collector.add("s minus the order", Signatures.sequence(r, s.subtract(order)));
        collector.add("r negative", Signatures.sequence(r.negate(), s));
        collector.add("r enormous", Signatures.sequence(BigInteger.ONE.shiftLeft(1000), s));
        collector.add("r padded", Signatures.wrapped(joined(Signatures.padded(r), Signatures.integer(s))));
        collector.add("s padded", Signatures.wrapped(joined(Signatures.integer(r), Signatures.padded(s))));
        collector.add("a third number", Signatures.wrapped(joined(content, Signatures.integer(s))));
        collector.add("one number only", Signatures.wrapped(Signatures.integer(r)));
        collector.add("no numbers", Signatures.wrapped(new byte[0]));
        collector.add("a byte behind", joined(signature, new byte[1]));
        collector.add("a byte behind the numbers", Signatures.wrapped(joined(content, new byte[1])));
        collector.add("a long length", joined(new byte[] {0x30, (byte) 0x82, 0, (byte) content.length}, content));
        collector.add("an indefinite length", joined(new byte[] {0x30, (byte) 0x80}, content, new byte[2]));
        collector.add("a length of 4 GB", joined(bytes(0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF), content));
        collector.add("a set", joined(bytes(0x31), Arrays.copyOfRange(signature, 1, signature.length)));
        collector.add("no encoding", joined(Signatures.fixed(r, order), Signatures.fixed(s, order)));
        collector.add("nothing", new byte[0]);
        return collector.mutations;
    }

    /**
     * Returns the bytes with their checksums put right, as if whoever did the damage had known how: of the outer container
     * and of the containers right at the beginning of its payload. Sizes stay as they are. What is no container comes back
     * unchanged.
     *
     * @param damaged not kept
     * @return a new array
     */
    public static byte[] repaired(byte[] damaged) {
        byte[] repaired = damaged.clone();
        int size = size(repaired, 0, repaired.length);
        if (size == 0) {
            return repaired;
        }
        int at = HEADER_LENGTH;
        while (NESTED.contains(tag(repaired, at, size))) {
            int nested = size(repaired, at, size);
            if (nested == 0) {
                break;
            }
            putChecksum(repaired, at, nested);
            at += nested;
        }
        putChecksum(repaired, 0, size);
        return repaired;
    }

    /**
     * Returns the bytes as one container: with the size that they have, and their checksums put right. So a message that
     * was cut gets past the check of its size.
     *
     * @param damaged not kept
     * @return a new array
     */
    public static byte[] refitted(byte[] damaged) {
        byte[] refitted = damaged.clone();
        if (refitted.length >= HEADER_LENGTH) {
            ByteBuffer.wrap(refitted).putInt(4, refitted.length);
        }
        return repaired(refitted);
    }

    static void putChecksum(byte[] bytes, int at, int size) {
        ByteBuffer container = ByteBuffer.wrap(bytes, at, size).slice();
        container.putInt(8, 0);
        CRC32C crc = new CRC32C();
        crc.update(bytes, at, size);
        container.order(ByteOrder.LITTLE_ENDIAN).putInt(8, (int) crc.getValue());
    }

    static byte[] joined(byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteBuffer whole = ByteBuffer.allocate(length);
        for (byte[] part : parts) {
            whole.put(part);
        }
        return whole.array();
    }

    /** Returns the size of the container that begins there, or 0 if there is none. */
    private static int size(byte[] bytes, int at, int end) {
        if (end - at < HEADER_LENGTH) {
            return 0;
        }
        long size = Integer.toUnsignedLong(ByteBuffer.wrap(bytes).getInt(at + 4));
        return size < HEADER_LENGTH || size > end - at ? 0 : (int) size;
    }

    private static String tag(byte[] bytes, int at, int end) {
        return end - at < 4 ? "" : new String(bytes, at, 4, StandardCharsets.ISO_8859_1);
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    /** Damaged bytes, and what was done to them. */
    public static final class Mutation {
        private final String name;
        private final byte[] bytes;

        private Mutation(String name, byte[] bytes) {
            this.name = name;
            this.bytes = bytes;
        }

        /**
         * Returns what was done.
         *
         * @return the name, for failure messages
         */
        public String name() {
            return name;
        }

        /**
         * Returns the damaged bytes.
         *
         * @return a new array
         */
        public byte[] bytes() {
            return bytes.clone();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** Collects mutations, leaving out those that change nothing or are there already. */
    private static final class Collector {
        private final byte[] original;
        private final Set<byte[]> seen = new TreeSet<>(Arrays::compare);
        final List<Mutation> mutations = new ArrayList<>();

        Collector(byte[] original) {
            this.original = original;
            seen.add(original);
        }

        void add(String name, byte[] bytes) {
            if (seen.add(bytes)) {
                mutations.add(new Mutation(name, bytes));
            }
        }

        void replaced(String name, int at, int value) {
            byte[] changed = original.clone();
            changed[at] = (byte) value;
            add(name, changed);
        }

        void inserted(String name, int at, byte[] more) {
            add(name, joined(Arrays.copyOf(original, at), more, Arrays.copyOfRange(original, at, original.length)));
        }

        void removed(String name, int at, int length) {
            add(name, joined(Arrays.copyOf(original, at), Arrays.copyOfRange(original, at + length, original.length)));
        }
    }

    private static final int HEADER_LENGTH = 12;
    private static final Set<String> NESTED = Set.of("TSID", "UEC2", "UEC3", "UEC5");

    /** Sizes that a careless reader believes: nothing, a little, the limits of signed and unsigned integers. */
    private static final int[] SIZES = {0, 1, 11, 12, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF4, 0xFFFF_FFFF};
}
