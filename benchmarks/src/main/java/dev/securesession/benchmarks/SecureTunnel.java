package dev.securesession.benchmarks;

import dev.securesession.IdentityKeyPair;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/**
 * A tunnel of {@code secure-session serve} and {@code secure-session proxy}, with default options. The system property {@code
 * securesession.command} names the jar of the command, or the launcher of a distribution.
 */
final class SecureTunnel implements Tunnel.Starter {
    private static final String COMMAND = "securesession.command";
    private static final String DEFAULT_COMMAND = "session-cli/target/quick/secure-session.jar";

    private final Provider provider;

    SecureTunnel(Provider provider) {
        this.provider = provider;
    }

    /** The provider of the elliptic curves: the one that the command brings, or a faster one beside it. */
    enum Provider {
        BOUNCY_CASTLE,
        CORRETTO
    }

    @Override
    public int start(Processes processes, int targetPort) throws IOException {
        Path directory = Files.createTempDirectory("secure-session-benchmarks");
        directory.toFile().deleteOnExit();
        writeKeys(directory, "client");
        writeKeys(directory, "server");
        int serverPort = startOne(
                processes, options(directory, "server", "client"), List.of("serve", "--to", "127.0.0.1:" + targetPort));
        return startOne(
                processes,
                options(directory, "client", "server"),
                List.of("proxy", "--connect", "127.0.0.1:" + serverPort));
    }

    private int startOne(Processes processes, List<String> options, List<String> end) throws IOException {
        int port = SocatTunnel.freePort();
        List<String> command = new ArrayList<>();
        Path named = Path.of(System.getProperty(COMMAND, DEFAULT_COMMAND)).toAbsolutePath();
        if (!Files.exists(named)) {
            throw new IOException("there is no " + named + "; build session-cli, or name the command by -D" + COMMAND);
        }
        // The benchmarks hold the faster provider; their other classes come after those of the command.
        String providers = provider == Provider.CORRETTO ? benchmarks() : "";
        if (named.toString().endsWith(".jar")) {
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.addAll(Child.jvmOptions());
            command.addAll(List.of("-cp", named + (providers.isEmpty() ? "" : File.pathSeparator + providers)));
            command.add("dev.securesession.cli.Main");
        } else {
            command.add(named.toString());
        }
        command.addAll(end);
        command.addAll(options);
        command.addAll(List.of("--listen", "127.0.0.1:" + port, "--quiet"));
        ProcessBuilder prepared = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        if (!providers.isEmpty()) {
            prepared.environment().put("SECURE_SESSION_PROVIDERS", providers);
        }
        processes.start(prepared);
        return port;
    }

    private static List<String> options(Path directory, String own, String peer) {
        return List.of(
                "--id",
                own,
                "--key",
                directory.resolve(own).toString(),
                "--peer",
                peer + "=" + directory.resolve(peer + ".pub"));
    }

    private static void writeKeys(Path directory, String name) throws IOException {
        IdentityKeyPair keys = IdentityKeyPair.generate();
        // The directory is readable by its owner only.
        write(directory.resolve(name), keys.privateKey().encodeSecret());
        write(directory.resolve(name + ".pub"), keys.publicKey().encode());
    }

    private static void write(Path file, byte[] content) throws IOException {
        Files.write(Files.createFile(file, OWNER_ONLY), content);
        file.toFile().deleteOnExit();
    }

    private static String benchmarks() {
        return Path.of(System.getProperty("java.class.path").split(File.pathSeparator, -1)[0])
                .toAbsolutePath()
                .toString();
    }

    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
}
