package dev.securesession.cli.connect;

import dev.securesession.SecureSessionException;
import dev.securesession.SessionConfig;
import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.command.Terminal;
import dev.securesession.cli.keyfile.PeerOptions;
import dev.securesession.cli.net.Port;
import dev.securesession.cli.net.Refusals;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureServer;
import dev.securesession.transport.ServerOptions;
import dev.securesession.tunnel.TunnelAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "listen",
        description = {
            "Waits for a peer, and joins standard input and output to a session with it, like netcat.",
            "",
            "The first peer that proves to be one of those named by --peer gets the session; others are refused. At the "
                    + "end of standard input the peer is sent an authenticated end of that direction; the command exits "
                    + "when both directions have ended and the peer has acknowledged that it has written everything. If "
                    + "either side fails, the other one learns the reason.",
            "",
            "The peer is connect, or any program that uses SecureStream of the library; see docs/command.md."
        },
        exitCodeList = {
            "0:Both directions are complete: each side has written everything.",
            "1:It failed: what has arrived is incomplete, here or there.",
            "2:The command was used wrongly."
        },
        footer = {
            "",
            "Example:",
            "  secure-session listen --id bob --key bob.key --peer alice=alice.key.pub \\",
            "      --port 4000 > got.tar"
        })
public final class ListenCommand extends Subcommand {
    @Mixin
    private PeerOptions peers;

    @Option(
            names = "--host",
            paramLabel = "HOST",
            defaultValue = "127.0.0.1",
            order = 4,
            description = "The address to listen on. Default: ${DEFAULT-VALUE}.")
    @SuppressWarnings("NullAway.Init")
    private String host;

    @Option(
            names = "--port",
            required = true,
            paramLabel = "PORT",
            order = 5,
            converter = Port.class,
            description = "The TCP port to listen on; 0 for any that is free.")
    private int port;

    @Option(
            names = {"-q", "--quiet"},
            order = 6,
            description = "Print only the error that ends the command, no refused peers.")
    private boolean quiet;

    @Override
    public Integer call() throws IOException, SecureSessionException, Failure, InterruptedException {
        Terminal terminal = terminal();
        SessionConfig config = peers.config(terminal);
        config.crypto().warmUpInBackground();
        try (ServerSocket serverSocket = bind()) {
            try (Refusals refusals = new Refusals(terminal, System::nanoTime)) {
                OnePeer onePeer = new OnePeer(terminal, serverSocket, refusals, quiet);
                try (SecureServer server = SecureServer.listen(
                        serverSocket, config, onePeer, ServerOptions.defaults().withConnections(Duplex.CONNECTION))) {
                    if (!quiet) {
                        terminal.err().println("listening on " + TunnelAddress.describe(server.address()));
                        terminal.err().flush();
                    }
                    onePeer.await();
                }
            }
        }
        return 0;
    }

    private ServerSocket bind() throws IOException, Failure {
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw new Failure("no such host: " + host);
        }
        ServerSocket socket = new ServerSocket();
        try {
            socket.bind(address);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw new Failure("cannot listen on " + host + ":" + port + ": " + Errors.sentence(e), e);
        }
    }

    /** Serves the first peer that proves its identity, and no other. */
    private static final class OnePeer implements SecureServer.Handler {
        private final Terminal terminal;
        private final ServerSocket serverSocket;
        private final Refusals refusals;
        private final boolean quiet;
        private final AtomicBoolean taken = new AtomicBoolean();
        private final CompletableFuture<Void> over = new CompletableFuture<>();

        OnePeer(Terminal terminal, ServerSocket serverSocket, Refusals refusals, boolean quiet) {
            this.terminal = terminal;
            this.serverSocket = serverSocket;
            this.refusals = refusals;
            this.quiet = quiet;
        }

        @Override
        public void handle(SecureConnection connection) throws IOException {
            if (!taken.compareAndSet(false, true)) {
                return;
            }
            serverSocket.close();
            try {
                Duplex.run(terminal, connection, quiet);
                over.complete(null);
            } catch (Exception | Error e) {
                over.completeExceptionally(e);
            }
        }

        @Override
        public void failed(SocketAddress address, Exception cause) {
            if (!taken.get() && !quiet) {
                refusals.refused(address, cause);
            }
        }

        void await() throws IOException, SecureSessionException, Failure, InterruptedException {
            try {
                over.get();
            } catch (ExecutionException e) {
                Throwable cause = e.getCause();
                if (cause instanceof IOException io) {
                    throw io;
                }
                if (cause instanceof SecureSessionException refusal) {
                    throw refusal;
                }
                if (cause instanceof Failure failure) {
                    throw failure;
                }
                throw new Failure(Errors.sentence(cause == null ? e : cause), e);
            }
        }
    }
}
