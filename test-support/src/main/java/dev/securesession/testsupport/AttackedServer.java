package dev.securesession.testsupport;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A server in a process of its own, with a heap and direct memory of 64 MB each; closing it asserts that it ends by itself. Its
 * main method uses {@link AttackedProgram}.
 */
public final class AttackedServer implements AutoCloseable {
    /** The id of the server. */
    public static final PeerId SERVER = PeerId.ofUtf8("server");

    /** The id of the clients. */
    public static final PeerId CLIENT = PeerId.ofUtf8("client");

    private static final int DESCRIPTORS = 4000;
    private static final int PATIENCE_SECONDS = 60;

    private final SessionConfig client;
    private final Process process;
    private final BufferedReader output;
    private final int port;

    private AttackedServer(SessionConfig client, Process process) throws IOException {
        this.client = client;
        this.process = process;
        this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), US_ASCII));
        this.port = Integer.parseInt(output.readLine());
    }

    /**
     * Starts a program, or skips the test where a process may not open enough files.
     *
     * @param program its main method uses {@link AttackedProgram}
     */
    public static AttackedServer start(Class<?> program) throws IOException {
        assumeTrue(
                ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
                        && system.getMaxFileDescriptorCount() >= DESCRIPTORS,
                () -> "the attack needs " + DESCRIPTORS + " files that a process may open");
        IdentityKeyPair serverKeys = IdentityKeyPair.generate();
        IdentityKeyPair clientKeys = IdentityKeyPair.generate();
        SessionConfig client = SessionConfig.of(
                LocalIdentity.of(CLIENT, clientKeys.privateKey()), PeerDirectory.of(SERVER, serverKeys.publicKey()));
        return new AttackedServer(
                client,
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString(),
                                "-Xmx64m",
                                "-XX:MaxDirectMemorySize=64m",
                                "-XX:+ExitOnOutOfMemoryError",
                                "-cp",
                                System.getProperty("java.class.path"),
                                program.getName(),
                                text(serverKeys.privateKey().encodeSecret()),
                                text(clientKeys.publicKey().encode()))
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start());
    }

    private static String text(byte[] key) {
        return Base64.getEncoder().encodeToString(key);
    }

    /** Returns the configuration of an honest client. */
    public SessionConfig client() {
        return client;
    }

    /** Returns the port of the server, on the loopback address. */
    public int port() {
        return port;
    }

    /** Asks the server for its counters; returns the text of the record. */
    public String counters() throws IOException {
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
        return String.valueOf(output.readLine());
    }

    /** Returns one number of the counters. */
    public static long number(String counters, String name) {
        // Not any "shed=": "established=" ends with it.
        Matcher number = Pattern.compile("\\b" + name + "=(-?\\d+)").matcher(counters);
        assertThat(number.find()).as(name + " in " + counters).isTrue();
        return Long.parseLong(number.group(1));
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        assertThat(process.onExit()).as("the end of the server").succeedsWithin(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(process.exitValue()).as("exit status").isZero();
    }
}
