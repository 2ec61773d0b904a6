package dev.securesession.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.cossacklabs.themis.SecureCompare;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoadedLibraryTest {
    @TempDir
    Path directory;

    @Test
    void acceptsTheDropInAlone() {
        assertThat(LoadedLibrary.isDropIn()).isTrue();
        assertThat(LoadedLibrary.places()).hasSize(1);
        assertThatCode(LoadedLibrary::requireDropIn).doesNotThrowAnyException();
    }

    @Test
    void programTellsTheLibraryAndTheProviders() {
        PrintStream before = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            LoadedLibrary.main(new String[0]);
        } finally {
            System.setOut(before);
        }

        assertThat(printed.toString(StandardCharsets.UTF_8))
                .startsWith("drop-in, from ")
                .contains("providers: " + DropInProviders.current());
    }

    @Test
    void refusesAnotherLibraryAndNamesThePlaces() {
        assertThatIllegalStateException()
                .isThrownBy(() -> LoadedLibrary.requireOnly(false, List.of("other.jar")))
                .withMessageContaining("not the drop-in's")
                .withMessageContaining("other.jar");
        assertThatIllegalStateException()
                .isThrownBy(() -> LoadedLibrary.requireOnly(true, List.of("ours.jar", "other.jar")))
                .withMessageContaining("2 places")
                .withMessageContaining("other.jar");
    }

    /** A program of its own, with classes of the same names in front of the drop-in, behind it, and not there. */
    @Test
    void findsTheOtherLibraryOnAClassPath() throws Exception {
        Path stubs = Files.createDirectory(directory.resolve("stubs"));
        Stubs.compile(stubs);
        String ours = System.getProperty("java.class.path");

        assertThat(run(ours)).startsWith("drop-in, from").contains("EC BC");
        assertThat(run(stubs + File.pathSeparator + ours))
                .contains("not the drop-in's")
                .contains(stubs.toString());
        assertThat(run(ours + File.pathSeparator + stubs)).contains("2 places").contains(stubs.toString());
    }

    /** Programs may exclude BouncyCastle: the platform takes its place. */
    @Test
    void runsWithoutBouncyCastle() throws Exception {
        String without = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(place -> !Path.of(place).getFileName().toString().startsWith("bcprov"))
                .collect(Collectors.joining(File.pathSeparator));

        assertThat(run(without)).startsWith("drop-in, from").contains("EC SunEC");
        assertThat(run(without, ComparesSecrets.class)).contains("SecureCompare needs BouncyCastle");
    }

    /** A program that needs what is missing. */
    static final class ComparesSecrets {
        public static void main(String[] arguments) {
            try {
                System.out.println(new SecureCompare(new byte[] {1}));
            } catch (IllegalStateException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    private static String run(String classPath) throws Exception {
        return run(classPath, LoadedLibrary.class);
    }

    private static String run(String classPath, Class<?> program) throws Exception {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        Process process = new ProcessBuilder(java.toString(), "-Xmx128m", "-cp", classPath, program.getName())
                .redirectErrorStream(true)
                .start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            return output;
        } finally {
            process.destroyForcibly();
        }
    }
}
