package dev.securesession.cli.demo;

import dev.securesession.IdentityKeyPair;
import dev.securesession.cli.command.Amount;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.keyfile.NewFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "demo",
        description = {
            "Shows a session: two processes perform a handshake over TCP on this machine, one sends a file, the other "
                    + "returns its digest.",
            "",
            "The keys are new, in a temporary directory that is removed at the end. The two processes measure what is "
                    + "shown."
        },
        exitCodeList = {
            "0:What arrived is what was sent, and both ends agree on the session.",
            "1:The ends disagree, or something failed.",
            "2:The command was used wrongly."
        },
        footer = {"", "Examples:", "  secure-session demo", "  secure-session demo holiday.mp4"})
public final class DemoCommand extends Subcommand {
    @Parameters(arity = "0..1", paramLabel = "FILE", description = "What to send. Default: a short text.")
    private @Nullable Path file;

    private final List<ChildProcess> children = new CopyOnWriteArrayList<>();

    @Override
    public Integer call() throws IOException, Failure, InterruptedException {
        requireReadable();
        Path directory = Files.createTempDirectory("secure-session-demo-");
        Thread atEnd = new Thread(() -> endQuietly(directory));
        Runtime.getRuntime().addShutdownHook(atEnd);
        try {
            return run(directory) ? 0 : 1;
        } finally {
            remove(directory);
            removeShutdownHook(atEnd);
        }
    }

    private boolean run(Path directory) throws IOException, Failure, InterruptedException {
        String clientKey = makeKeys(directory, CLIENT);
        String serverKey = makeKeys(directory, SERVER);
        try (ChildProcess server = start("server", directory, arguments("demo-server", SERVER, CLIENT))) {
            try {
                String port = server.await(DemoFacts.PORT);
                List<String> arguments = arguments("demo-client", CLIENT, SERVER);
                arguments.add(port);
                if (file != null) {
                    arguments.add(file.toAbsolutePath().toString());
                }
                try (ChildProcess client = start("client", directory, arguments)) {
                    return follow(client, server, port, clientKey, serverKey);
                }
            } catch (Failure e) {
                throw server.complaint().isEmpty()
                        ? e
                        : new Failure(e.getMessage() + "; server: " + server.complaint(), e);
            }
        }
    }

    private ChildProcess start(String name, Path directory, List<String> arguments) throws IOException {
        ChildProcess child = ChildProcess.start(name, mainClass(), directory, arguments);
        children.add(child);
        return child;
    }

    private boolean follow(ChildProcess client, ChildProcess server, String port, String clientKey, String serverKey)
            throws IOException, Failure, InterruptedException {
        try {
            boolean agreed = new Story(terminal().out(), client, server).tell(port, clientKey, serverKey);
            if (!client.endsWell() || !server.endsWell()) {
                throw new Failure("a process did not end well");
            }
            return agreed;
        } catch (Failure e) {
            throw client.complaint().isEmpty() ? e : new Failure(e.getMessage() + "; client: " + client.complaint(), e);
        }
    }

    private void requireReadable() throws IOException, Failure {
        if (file == null) {
            return;
        }
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString());
        }
        if (Files.isDirectory(file)) {
            throw new Failure(file + " is a directory; give a file");
        }
        if (!Files.isReadable(file)) {
            throw new Failure("no permission to read " + file);
        }
    }

    /** Returns the fingerprint. */
    private static String makeKeys(Path directory, String id) throws IOException, Failure {
        IdentityKeyPair pair = IdentityKeyPair.generate();
        byte[] secret = pair.privateKey().encodeSecret();
        try (NewFile privateKey =
                        NewFile.write(directory.resolve(id), secret, NewFile.Readers.OWNER, NewFile.Existing.KEEP);
                NewFile publicKey = NewFile.write(
                        directory.resolve(id + ".pub"),
                        pair.publicKey().encode(),
                        NewFile.Readers.ANYONE,
                        NewFile.Existing.KEEP)) {
            NewFile.appearTogether(privateKey, publicKey);
        } finally {
            Arrays.fill(secret, (byte) 0);
            pair.privateKey().destroy();
        }
        return pair.publicKey().fingerprint();
    }

    /** Returns arguments with file names relative to the directory of the processes, whose own name may contain an =. */
    private static List<String> arguments(String command, String own, String other) {
        return new ArrayList<>(List.of(command, "--id", own, "--key", own, "--peer", other + "=" + other + ".pub"));
    }

    private static void remove(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.list(directory)) {
            for (Path each : (Iterable<Path>) files::iterator) {
                Files.deleteIfExists(each);
            }
        }
        Files.deleteIfExists(directory);
    }

    private static void removeShutdownHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending, and the hook is at work.
        }
    }

    /** Ends the processes and removes the files when the demo is terminated by a signal. */
    private void endQuietly(Path directory) {
        children.forEach(ChildProcess::close);
        try {
            remove(directory);
        } catch (IOException | UncheckedIOException e) {
            // The process is ending, and its standard error may be gone.
        }
    }

    /** Prints the facts that the two processes report, in order. */
    private static final class Story {
        private final PrintWriter out;
        private final ChildProcess client;
        private final ChildProcess server;
        private boolean good = true;

        Story(PrintWriter out, ChildProcess client, ChildProcess server) {
            this.out = out;
            this.client = client;
            this.server = server;
        }

        boolean tell(String port, String clientKey, String serverKey) throws IOException, Failure {
            say("Two processes, keys made a moment ago, TCP on 127.0.0.1:%s", port);
            say("");
            say("  client  %-7s  process %-7d  key %s", CLIENT, client.id(), clientKey);
            say("  server  %-7s  process %-7d  key %s", SERVER, server.id(), serverKey);
            tellHandshake();
            tellSession(clientKey, serverKey);
            tellTransfer();
            return good;
        }

        private void tellHandshake() throws IOException, Failure {
            say("");
            say("Exchange");
            tellMessage(1, client, server, "->", "id, ephemeral key, signature");
            tellMessage(2, server, client, "<-", "id, ephemeral key, signature");
            tellMessage(3, client, server, "->", "signature, confirmation");
            tellMessage(4, server, client, "<-", "confirmation");
            say(
                    "  %s round trips, %.1f ms",
                    client.await(DemoFacts.ROUND_TRIPS), client.awaitNumber(DemoFacts.HANDSHAKE_MICROS) / 1e3);
        }

        private void tellMessage(int number, ChildProcess from, ChildProcess to, String arrow, String content)
                throws IOException, Failure {
            int each = (number + 1) / 2;
            String sent = from.await(DemoFacts.SENT, each);
            say("  %d  client %s server  %4s bytes  %s", number, arrow, sent, content);
            require(sent.equals(to.await(DemoFacts.RECEIVED, each)), "message " + number + " changed its size");
        }

        private void tellSession(String clientKey, String serverKey) throws IOException, Failure {
            String clientSession = client.await(DemoFacts.SESSION) + "  " + client.await(DemoFacts.TRANSCRIPT);
            String serverSession = server.await(DemoFacts.SESSION) + "  " + server.await(DemoFacts.TRANSCRIPT);
            say("");
            say("Session   id        transcript hash");
            say("  client  %s", clientSession);
            say("  server  %s  %s", serverSession, compare(clientSession, serverSession));
            require(serverKey.equals(client.await(DemoFacts.PEER)), "the client has a session with another peer");
            require(clientKey.equals(server.await(DemoFacts.PEER)), "the server has a session with another peer");
        }

        private void tellTransfer() throws IOException, Failure {
            long bytes = client.awaitNumber(DemoFacts.BYTES);
            long messages = client.awaitNumber(DemoFacts.MESSAGES);
            double seconds = client.awaitNumber(DemoFacts.TRANSFER_MICROS) / 1e6;
            String sent = client.await(DemoFacts.SHA256);
            String arrived = server.await(DemoFacts.SHA256);
            say("");
            say("Transfer  SHA-256");
            say("  sent    %s  %,d bytes", sent, bytes);
            say("  got     %s  %,d bytes, %s", arrived, server.awaitNumber(DemoFacts.BYTES), compare(sent, arrived));
            say("  back    %s  %s", client.await(DemoFacts.RETURNED), compare(sent, client.await(DemoFacts.RETURNED)));
            say(
                    "  %d %s, the end included, %s until the digest was back, %s/s",
                    messages, messages == 1 ? "message" : "messages", time(seconds), Amount.of(bytes / seconds));
            require(bytes == server.awaitNumber(DemoFacts.BYTES), "the sizes differ");
            say("");
            say(good ? "Everything that was sent has arrived, and both ends agree." : "Something is wrong; see above.");
        }

        private String compare(String one, String other) {
            good &= one.equals(other);
            return one.equals(other) ? "equal" : "DIFFERENT";
        }

        private static String time(double seconds) {
            return seconds < 1
                    ? String.format(Locale.ROOT, "%.1f ms", seconds * 1e3)
                    : String.format(Locale.ROOT, "%.2f s", seconds);
        }

        private void require(boolean condition, String otherwise) {
            if (!condition) {
                say("  WRONG: %s", otherwise);
                good = false;
            }
        }

        @SuppressWarnings("AnnotateFormatMethod") // The annotation would be a dependency.
        private void say(String format, Object... values) {
            out.println(String.format(Locale.ROOT, format, values));
            out.flush();
        }
    }

    private static final String CLIENT = "alice";
    private static final String SERVER = "bob";
}
