package dev.securesession.cli;

import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.command.Terminal;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedReader;
import java.io.PipedWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * The command {@code prepare}: one byte through a {@code serve} and a {@code proxy} of its own and back, so that the launcher can
 * archive all the classes that they need until their first connection is open.
 */
@Command(
        name = "prepare",
        hidden = true,
        description = "Loads the classes of the other commands; for the archive that makes them start faster.")
final class PrepareCommand extends Subcommand {
    private static final String ANY_PORT = "127.0.0.1:0";

    @Parameters(paramLabel = "DIRECTORY", description = "Gets the keys of both ends; to be deleted afterwards.")
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    @Override
    public Integer call() throws IOException {
        Main.loadAhead();
        String server = key("server");
        String client = key("client");
        try (ServerSocket service = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Running serve = new Running(
                        "serve",
                        "--id",
                        "server",
                        "--key",
                        server,
                        "--peer",
                        "client=" + client + ".pub",
                        "--listen",
                        ANY_PORT,
                        "--to",
                        "127.0.0.1:" + service.getLocalPort());
                Running proxy = new Running(
                        "proxy",
                        "--id",
                        "client",
                        "--key",
                        client,
                        "--peer",
                        "server=" + server + ".pub",
                        "--listen",
                        ANY_PORT,
                        "--connect",
                        "127.0.0.1:" + serve.port());
                Socket program = new Socket(InetAddress.getLoopbackAddress(), proxy.port())) {
            program.getOutputStream().write(1);
            try (Socket accepted = service.accept()) {
                accepted.getOutputStream().write(accepted.getInputStream().read());
                if (program.getInputStream().read() != 1) {
                    throw new EOFException("a tunnel on the loopback interface does not work");
                }
            }
        }
        return 0;
    }

    private String key(String name) throws IOException {
        String file = directory.resolve(name).toString();
        int status = Main.commandLine(terminal(Writer.nullWriter()), "keygen").execute("keygen", "--out", file);
        if (status != 0) {
            throw new IOException("no key can be made in " + directory);
        }
        return file;
    }

    private static Terminal terminal(Writer err) {
        return new Terminal(
                InputStream.nullInputStream(),
                OutputStream.nullOutputStream(),
                new PrintWriter(Writer.nullWriter()),
                new PrintWriter(err, true),
                null,
                false);
    }

    /** A command that listens, until it is closed. */
    private static final class Running implements AutoCloseable {
        private static final Pattern LISTENING = Pattern.compile("listening on 127\\.0\\.0\\.1:(\\d+)");
        private static final int LOG_CHARACTERS = 64 * 1024;

        private final Thread thread;
        private final int port;

        Running(String... arguments) throws IOException {
            PipedWriter log = new PipedWriter();
            BufferedReader lines = new BufferedReader(new PipedReader(log, LOG_CHARACTERS));
            thread = new Thread(() -> {
                // The end of the log ends the wait below, if the command fails.
                try (log) {
                    Main.commandLine(terminal(log), arguments).execute(arguments);
                } catch (IOException e) {
                    throw new AssertionError("a pipe closes without a failure", e);
                }
            });
            thread.start();
            port = portIn(lines, arguments[0]);
        }

        private static int portIn(BufferedReader lines, String command) throws IOException {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Matcher listening = LISTENING.matcher(line);
                if (listening.find()) {
                    return Integer.parseInt(listening.group(1));
                }
            }
            throw new IOException(command + " does not listen");
        }

        int port() {
            return port;
        }

        @Override
        public void close() {
            thread.interrupt();
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
