package dev.securesession.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Runs programs of the operating system for a test, and ends those that still run. */
final class Programs {
    private static final long PATIENCE_SECONDS = 120;

    private final Path folder;
    private final List<Process> services = new ArrayList<>();
    private final AtomicInteger count = new AtomicInteger();

    Programs(Path folder) {
        this.folder = folder;
    }

    /** Returns the path of a program; ends the test with a printed reason if its package is not installed. */
    static String require(String program, String debianPackage) throws IOException {
        List<Path> folders = new ArrayList<>();
        Pattern.compile(Pattern.quote(File.pathSeparator))
                .splitAsStream(System.getenv().getOrDefault("PATH", ""))
                .map(Path::of)
                .forEach(folders::add);
        folders.add(Path.of("/usr/sbin"));
        if (Files.isDirectory(POSTGRESQL)) {
            try (Stream<Path> versions = Files.list(POSTGRESQL)) {
                versions.sorted(Comparator.reverseOrder())
                        .map(v -> v.resolve("bin"))
                        .forEach(folders::add);
            }
        }
        for (Path folder : folders) {
            if (Files.isExecutable(folder.resolve(program))) {
                return folder.resolve(program).toString();
            }
        }
        skip(program + " was not found; install Debian's package " + debianPackage + " to run this test");
        throw new AssertionError("skipped");
    }

    /** Ends the test with a printed reason; as a failure where programs are required. */
    static void skip(String reason) {
        assertThat(System.getenv("SECURE_SESSION_REQUIRE_FOREIGN_PEERS"))
                .as(reason)
                .isNotEqualTo("true");
        System.out.println(reason);
        assumeTrue(false, reason);
    }

    /** Starts a service, which runs until the end of the test. */
    void serve(String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("service.log").toFile());
        services.add(builder.start());
    }

    /** Waits until the service accepts connections on a port of loopback. */
    void awaitPort(int port) throws IOException, InterruptedException {
        await(() -> {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return socket.isConnected();
            } catch (IOException e) {
                return false;
            }
        });
    }

    /** Waits until something is the case, while the service runs. */
    void await(Condition condition) throws IOException, InterruptedException {
        Process service = services.get(services.size() - 1);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.holds()) {
            assertThat(service.waitFor(20, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline)
                    .as(Files.readString(folder.resolve("service.log")))
                    .isFalse();
        }
    }

    interface Condition {
        boolean holds() throws IOException, InterruptedException;
    }

    /** Runs a program without input to its end, which must be a success, and returns what it printed. */
    String run(String... command) throws IOException, InterruptedException {
        return Files.readString(pipe(new File("/dev/null"), command));
    }

    /** Runs a program to its end, which must be a success, and returns the file with its output. */
    Path pipe(File input, String... command) throws IOException, InterruptedException {
        int number = count.getAndIncrement();
        Path out = folder.resolve("out" + number);
        Path err = folder.resolve("err" + number);
        Process process = new ProcessBuilder(command)
                .redirectInput(input)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        try {
            boolean ended = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
            assertThat(ended ? process.exitValue() : -1)
                    .as(Arrays.toString(command) + "\n" + Files.readString(err))
                    .isZero();
        } finally {
            process.destroyForcibly();
        }
        return out;
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    /** Ends the services. */
    void stop() throws InterruptedException {
        services.forEach(Process::destroy);
        for (Process service : services) {
            if (!service.waitFor(20, TimeUnit.SECONDS)) {
                service.destroyForcibly().waitFor();
            }
        }
    }

    private static final Path POSTGRESQL = Path.of("/usr/lib/postgresql");
}
