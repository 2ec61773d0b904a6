package dev.securesession.internal.codec;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.Json;
import dev.securesession.rules.Rule;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContainerTest {
    @Test
    @Rule(value = "P-1", kind = ACCEPTS)
    void readsAndWritesWhatTheReferenceWrites() throws Exception {
        for (Json vector : Json.vectors("primitives.json").get("containers").elements()) {
            byte[] encoded = vector.get("container").bytes();
            String tag = vector.get("tag").text();

            Container container = Container.read(new ByteReader(encoded), tag, "a container");

            assertThat(container.payload()).isEqualTo(vector.get("data").bytes());
            assertThat(container.whole()).isEqualTo(encoded);
            assertThat(Arrays.copyOfRange(encoded, 8, 12))
                    .isEqualTo(vector.get("crc_field").bytes());
            assertThat(Container.write(tag, vector.get("data").bytes())).isEqualTo(encoded);
        }
    }

    @Test
    void computesTheChecksumOfThePlatform() {
        assertThat(Crc32c.withZeroField("123456789".getBytes(US_ASCII), 0, 0)).isEqualTo(0xE306_9283);
        long seed = new Random().nextLong();
        System.out.println("ContainerTest: seed " + seed);
        Random random = new Random(seed);
        for (int length = 0; length < 300; length++) {
            byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            CRC32C expected = new CRC32C();
            expected.update(bytes);
            assertThat(Crc32c.withZeroField(bytes, 0, 0)).as("seed %d", seed).isEqualTo((int) expected.getValue());
        }
    }

    @Test
    @Rule(value = "P-1", kind = ACCEPTS)
    void leavesWhatFollows() throws Exception {
        byte[] two = Bytes.concat(Container.write("ABCD", new byte[] {1}), Container.write("EFGH", new byte[] {2, 3}));
        ByteReader reader = new ByteReader(two);

        assertThat(Container.read(reader, "the first").payload()).containsExactly(1);
        assertThat(reader.remaining()).isEqualTo(14);
        assertThat(Container.read(reader, "the second").payload()).containsExactly(2, 3);
        reader.requireEnd("both");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 11, 17, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF})
    @Rule(value = "P-1", kind = REFUSES)
    void refusesSizesBeyondWhatIsThere(int size) {
        byte[] container = Container.write("ABCD", new byte[4]);
        Bytes.putInt32(container, 4, size);
        assertMalformed(container, "states a size of " + Integer.toUnsignedString(size));
    }

    @Test
    @Rule(value = "P-1", kind = REFUSES)
    void refusesLessThanAHeader() {
        byte[] container = Container.write("ABCD");
        for (int length = 0; length < 12; length++) {
            assertMalformed(Arrays.copyOf(container, length), "of " + length + " bytes");
        }
    }

    @Test
    void refusesAnotherTagAndAnyFlippedBit() {
        byte[] container = Container.write("ABCD", new byte[] {1, 2, 3, 4});
        assertThatExceptionOfType(MalformedException.class)
                .isThrownBy(() -> Container.read(new ByteReader(container), "ABCE", "a container"))
                .withMessageContaining("ABCD instead of ABCE");
        for (int bit = 0; bit < 8 * container.length; bit++) {
            byte[] damaged = container.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            assertMalformed(damaged, "a container");
        }
    }

    @Test
    void namesATagOnlyIfAllOfItIsPrintable() throws Exception {
        assertThat(Container.read(new ByteReader(Container.write(" A~!")), "a container")
                        .describeTag())
                .isEqualTo(" A~!");
        for (String tag : List.of("ABC\u001F", "ABC\u007F")) {
            assertThat(Container.read(new ByteReader(Container.write(tag)), "a container")
                            .describeTag())
                    .isEqualTo("of unprintable bytes");
        }
    }

    @Test
    void wipesAllOfItsBytes() throws Exception {
        Container container = Container.read(new ByteReader(Container.write("ABCD", new byte[] {1, 2})), "a container");
        container.wipe();
        assertThat(container.whole()).hasSize(14).containsOnly(0);
    }

    @Test
    void readsNothingOutsideItsArray() throws Exception {
        ByteReader inner = new ByteReader(new byte[] {1, 2, 3});

        assertThat(inner.remaining()).isEqualTo(3);
        assertThat(inner.uint8("a byte")).isEqualTo(1);
        assertThatExceptionOfType(MalformedException.class).isThrownBy(() -> inner.uint32("four"));
        assertThatExceptionOfType(MalformedException.class).isThrownBy(() -> inner.int64("eight"));
        assertThatExceptionOfType(MalformedException.class).isThrownBy(() -> inner.take(3, "three"));
        assertThatExceptionOfType(MalformedException.class).isThrownBy(() -> inner.requireEnd("a part"));
        assertThat(inner.rest()).containsExactly(2, 3);
        inner.requireEnd("a part");
        assertThatExceptionOfType(MalformedException.class).isThrownBy(() -> inner.uint8("one more"));
    }

    @Test
    void refusesLengthsBeyondWhatIsThere() throws Exception {
        assertThat(new ByteReader(new byte[] {0, 0, 0, 1, 7}).lengthPrefixed("a field"))
                .containsExactly(7);
        for (int length : new int[] {2, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF}) {
            byte[] field = {0, 0, 0, 0, 7};
            Bytes.putInt32(field, 0, length);
            assertThatExceptionOfType(MalformedException.class)
                    .isThrownBy(() -> new ByteReader(field).lengthPrefixed("a field"))
                    .withMessageContaining(Integer.toUnsignedString(length));
        }
    }

    private static void assertMalformed(byte[] container, String message) {
        assertThatExceptionOfType(MalformedException.class)
                .isThrownBy(() -> Container.read(new ByteReader(container), "a container"))
                .withMessageContaining(message);
    }
}
