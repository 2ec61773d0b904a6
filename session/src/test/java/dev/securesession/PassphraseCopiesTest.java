package dev.securesession;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A passphrase leaves no copy of its bytes in the heap, not even one that the garbage collector will remove. */
class PassphraseCopiesTest {
    @TempDir
    private Path folder;

    @Test
    void leavesNoCopyOfAPassphrase() throws Exception {
        Path dump = folder.resolve("heap.hprof");
        Path output = folder.resolve("output.txt");
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Child.class.getName(),
                        dump.toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(child.waitFor(60, TimeUnit.SECONDS))
                    .as("the child ends in time")
                    .isTrue();
        } finally {
            child.destroyForcibly();
        }
        assertThat(child.exitValue()).as(Files.readString(output)).isZero();

        byte[] heap = Files.readAllBytes(dump);
        for (int kind = 0; kind < KINDS; kind++) {
            byte[] whole = passphrase(kind);
            assertThat(contains(heap, Arrays.copyOf(whole, PIECE_LENGTH)))
                    .as("the beginning of passphrase %d is in the heap", kind)
                    .isFalse();
            assertThat(contains(heap, Arrays.copyOfRange(whole, whole.length - PIECE_LENGTH, whole.length)))
                    .as("the end of passphrase %d is in the heap", kind)
                    .isFalse();
        }
        assertThat(contains(heap, Arrays.copyOf(passphrase(FORGOTTEN), PIECE_LENGTH)))
                .as("a dump shows what was dropped but not wiped")
                .isTrue();
    }

    /** Returns a passphrase in UTF-8; only a program that computes it has it in its heap. */
    private static byte[] passphrase(int kind) {
        return new String(characters(kind)).getBytes(StandardCharsets.UTF_8);
    }

    /** Returns characters that take 1, 2, 3 or 4 bytes, without a string or an array of bytes on the way. */
    private static char[] characters(int kind) {
        char[] characters = new char[2 * LENGTH];
        int length = 0;
        for (int i = 0; i < LENGTH; i++) {
            int mixed = (7 * i * i + (2 * kind + 3) * i) % 25;
            int first = FIRST_CHARACTERS[kind % KINDS];
            length += Character.toChars(first + mixed, characters, length);
        }
        return Arrays.copyOf(characters, length);
    }

    private static boolean contains(byte[] heap, byte[] part) {
        for (int at = 0; at + part.length <= heap.length; at++) {
            if (heap[at] == part[0] && Arrays.equals(heap, at, at + part.length, part, 0, part.length)) {
                return true;
            }
        }
        return false;
    }

    /** Makes a sealer of each kind of passphrase, destroys it, and writes down the whole heap, garbage included. */
    static final class Child {
        public static void main(String[] arguments) throws IOException {
            byte[] forgotten = passphrase(FORGOTTEN);
            for (int kind = 0; kind < KINDS; kind++) {
                char[] passphrase = characters(kind);
                Sealer.withPassphrase(passphrase).destroy();
                Arrays.fill(passphrase, '\0');
            }
            ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class).dumpHeap(arguments[0], false);
            if (forgotten.length == 0) {
                throw new AssertionError();
            }
        }
    }

    private static final int[] FIRST_CHARACTERS = {'a', 0xE0, 0x4E00, 0x1F600};
    private static final int KINDS = FIRST_CHARACTERS.length;
    private static final int FORGOTTEN = KINDS;
    private static final int LENGTH = 64;
    private static final int PIECE_LENGTH = 16;
}
