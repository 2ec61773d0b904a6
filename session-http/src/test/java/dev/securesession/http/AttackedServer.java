package dev.securesession.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.securesession.IdentityKeyPair;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Base64;
import java.util.concurrent.TimeUnit;

/** A server in a process of its own, with a heap and direct memory of 64 MB each; closing it asserts that it ends by itself. */
final class AttackedServer implements AutoCloseable {
    private static final int DESCRIPTORS = 4000;

    private final Process process;
    private final BufferedReader output;
    private final int port;

    private AttackedServer(Process process) throws IOException {
        this.process = process;
        this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), US_ASCII));
        this.port = Integer.parseInt(output.readLine());
    }

    /** Starts a program that prints its port, prints its counters after a line of input, and ends with the input. */
    static AttackedServer start(Class<?> program, IdentityKeyPair serverKeys, IdentityKeyPair clientKeys)
            throws IOException {
        assumeTrue(
                ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
                        && system.getMaxFileDescriptorCount() >= DESCRIPTORS,
                () -> "the attack needs " + DESCRIPTORS + " files that a process may open");
        return new AttackedServer(new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:MaxDirectMemorySize=64m",
                        "-XX:+ExitOnOutOfMemoryError",
                        "-cp",
                        System.getProperty("java.class.path"),
                        program.getName(),
                        Base64.getEncoder()
                                .encodeToString(serverKeys.privateKey().encodeSecret()),
                        Base64.getEncoder()
                                .encodeToString(clientKeys.publicKey().encode()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    int port() {
        return port;
    }

    String counters() throws IOException {
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
        return output.readLine();
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        assertThat(process.onExit()).as("the end of the server").succeedsWithin(60, TimeUnit.SECONDS);
        assertThat(process.exitValue()).isZero();
    }
}
