package dev.securesession.compat;

import static org.assertj.core.api.Assertions.assertThat;

import com.cossacklabs.themis.SecureSession;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Programs of users of the original, in {@code src/example}: the same sources are compiled against either library, and
 * the classes run on the drop-in. The recorded signatures stand for the original.
 */
class BothLibrariesTest {
    private static final Path EXAMPLES = Path.of(System.getProperty("project.basedir"), "src/example/java/example");

    @TempDir
    static Path directory;

    enum Library {
        ORIGINAL,
        DROP_IN
    }

    @BeforeAll
    static void compileExamples() throws Exception {
        Path stubs = Files.createDirectory(directory.resolve("stubs"));
        Stubs.compile(stubs);
        Path dropIn = Path.of(SecureSession.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        for (Library library : Library.values()) {
            Path target = Files.createDirectory(classes(library));
            Compiler.compileFiles(sources(), List.of(library == Library.ORIGINAL ? stubs : dropIn), target);
        }
    }

    @Test
    void stubsAreNotTheDropIn() throws Exception {
        try (URLClassLoader loader = new URLClassLoader(
                new URL[] {directory.resolve("stubs").toUri().toURL()}, ClassLoader.getPlatformClassLoader())) {
            Class<?> stub = loader.loadClass(SecureSession.class.getName());

            assertThat(stub).isNotEqualTo(SecureSession.class);
            assertThat(stub.getMethod("generateConnectRequest").getReturnType()).isEqualTo(byte[].class);
        }
    }

    @ParameterizedTest
    @EnumSource
    void sessionsByBuffers(Library library) throws Exception {
        assertThat(run(library, "Buffers"))
                .containsExactly(
                        "alice is NEGOTIATING false",
                        "bob asks for the key of alice",
                        "bob is NEGOTIATING false",
                        "PROTOCOL_DATA",
                        "alice asks for the key of bob",
                        "PROTOCOL_DATA",
                        "bob is ESTABLISHED true",
                        "PROTOCOL_DATA",
                        "alice is ESTABLISHED true",
                        "NO_DATA",
                        "Fine.",
                        "Secure Session failed to unwrap data",
                        "Secure Session is closed");
    }

    @ParameterizedTest
    @EnumSource
    void sessionsByCallbacks(Library library) throws Exception {
        assertThat(run(library, "Callbacks")).containsExactly("echo");
    }

    @ParameterizedTest
    @EnumSource
    void sockets(Library library) throws Exception {
        assertThat(run(library, "Sockets")).containsExactly("you said: grüße", "null");
    }

    @ParameterizedTest
    @EnumSource
    void savedSessionsAndKeys(Library library) throws Exception {
        assertThat(run(library, "SavedSessions"))
                .containsExactly(
                        "failed to serialize Secure Session",
                        "NO_DATA",
                        "60 bytes, true, IDLE",
                        "back again",
                        "failed to restore Secure Session",
                        "Invalid argument: keyType is invalid");
    }

    @ParameterizedTest
    @EnumSource
    void cells(Library library) throws Exception {
        assertThat(run(library, "Cells"))
                .containsExactly(
                        "sealed: true",
                        "needs its context: true",
                        "passphrase: true",
                        "token: true",
                        "imprint: true",
                        "old interface, mode 0: true",
                        "texts, mode 0: true",
                        "old interface, mode 1: true",
                        "texts, mode 1: true",
                        "old interface, mode 2: true",
                        "texts, mode 2: true",
                        "Invalid argument: data cannot be empty",
                        "context cannot be null");
    }

    @Test
    void noExampleIsForgotten() throws IOException {
        assertThat(sources().stream().map(path -> path.getFileName().toString()))
                .containsExactly("Buffers.java", "Callbacks.java", "Cells.java", "SavedSessions.java", "Sockets.java");
    }

    /** Runs a program on the drop-in, and returns what it prints to standard output; standard error must be silent. */
    private static List<String> run(Library library, String program) throws Exception {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        ByteArrayOutputStream complained = new ByteArrayOutputStream();
        try (URLClassLoader loader = new URLClassLoader(
                new URL[] {classes(library).toUri().toURL()}, BothLibrariesTest.class.getClassLoader())) {
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(complained, true, StandardCharsets.UTF_8));
            Method main = loader.loadClass("example." + program).getMethod("main", String[].class);
            main.invoke(null, (Object) new String[0]);
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
        assertThat(complained.toString(StandardCharsets.UTF_8)).isEmpty();
        return printed.toString(StandardCharsets.UTF_8).lines().collect(Collectors.toList());
    }

    private static Path classes(Library library) {
        return directory.resolve(library.name());
    }

    private static List<Path> sources() throws IOException {
        File[] files = EXAMPLES.toFile().listFiles((where, name) -> name.endsWith(".java"));
        try (Stream<File> sorted = Arrays.stream(files).sorted()) {
            return sorted.map(File::toPath).collect(Collectors.toList());
        }
    }
}
