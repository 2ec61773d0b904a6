package dev.securesession.cli.connect;

import dev.securesession.PeerId;
import dev.securesession.SecureSessionException;
import dev.securesession.SessionConfig;
import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.keyfile.PeerOptions;
import dev.securesession.cli.net.Port;
import dev.securesession.cli.net.Tcp;
import dev.securesession.transport.SecureConnection;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "connect",
        description = {
            "Connects to a peer, and joins standard input and output to a session with it, like netcat.",
            "",
            "At the end of standard input the peer is sent an authenticated end of that direction; the command exits when "
                    + "both directions have ended and the peer has acknowledged that it has written everything. If either "
                    + "side fails, the other one learns the reason.",
            "",
            "The peer is listen, or any program that uses SecureStream of the library; see docs/command.md."
        },
        exitCodeList = {
            "0:Both directions are complete: each side has written everything.",
            "1:It failed: what has arrived is incomplete, here or there.",
            "2:The command was used wrongly."
        },
        footer = {
            "",
            "Example:",
            "  secure-session connect --id alice --key alice.key --peer bob=bob.key.pub \\",
            "      127.0.0.1 4000 < a.tar"
        })
public final class ConnectCommand extends Subcommand {
    @Mixin
    private PeerOptions peers;

    @Parameters(index = "0", paramLabel = "HOST", description = "Where the peer listens.")
    @SuppressWarnings("NullAway.Init")
    private String host;

    @Parameters(index = "1", paramLabel = "PORT", converter = Port.class, description = "The TCP port.")
    private int port;

    @Option(
            names = {"-q", "--quiet"},
            order = 6,
            description = "Print only errors.")
    private boolean quiet;

    @Override
    public Integer call() throws IOException, SecureSessionException, Failure {
        if (peers.count() != 1) {
            throw wrongUsage("--peer names more than one peer; connect takes one");
        }
        SessionConfig config = peers.config(terminal());
        config.crypto().warmUpInBackground();
        try (SecureConnection connection = establish(Tcp.dial(host, port), config, peers.first())) {
            Duplex.run(terminal(), connection, quiet);
        }
        return 0;
    }

    /** A server that refuses a client does not tell it the reason (PROTOCOL.md H-4); the server's log has it. */
    private static SecureConnection establish(Socket socket, SessionConfig config, PeerId expectedPeer)
            throws IOException, SecureSessionException, Failure {
        try {
            return SecureConnection.connect(socket, config, expectedPeer, Duplex.CONNECTION);
        } catch (EOFException e) {
            throw new Failure(
                    Errors.sentence(e) + ": its log says whether it knows the id "
                            + config.identity().id() + " and this key",
                    e);
        }
    }
}
