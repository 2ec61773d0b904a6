package dev.securesession.cli.operations;

import dev.securesession.PeerId;
import dev.securesession.SecureSessionException;
import dev.securesession.SessionConfig;
import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.net.HostPort;
import dev.securesession.transport.ChannelTransport;
import dev.securesession.transport.ConnectionOptions;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureStream;
import dev.securesession.transport.StreamAbortedException;
import dev.securesession.tunnel.TunnelAddress;
import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * Tries once, when a proxy has started, whether its server answers and both ends accept each other, and logs the result: a
 * mistyped address or key shows before the first connection. It asks for no target (docs/tunnel-protocol.md TN-2).
 */
public final class ServerCheck {
    private final SessionConfig config;
    private final PeerId peer;
    private final TunnelAddress server;

    private ServerCheck(SessionConfig config, PeerId peer, TunnelAddress server) {
        this.config = config;
        this.peer = peer;
        this.server = server;
    }

    /**
     * Begins on a thread of its own, a moment later: the first connections come before it.
     *
     * @param tunnel the name of the tunnel; empty if it is the only one
     */
    public static void start(
            Operations running, String tunnel, SessionConfig config, PeerId peer, TunnelAddress server) {
        String way = (tunnel.isEmpty() ? "" : tunnel + ": ") + "the way to " + peer + " at " + server;
        ServerCheck check = new ServerCheck(config, peer, server);
        Thread thread = new Thread(
                () -> {
                    LockSupport.parkNanos(DELAY.toNanos());
                    try {
                        check.run();
                        running.info("way-open", way + " is open");
                    } catch (IOException | Failure | SecureSessionException | RuntimeException | Error e) {
                        running.log()
                                .warn(
                                        "way-not-open",
                                        way + " is not open: " + Errors.sentence(e)
                                                + "; the proxy goes on and tries again for each connection");
                    }
                },
                "server check");
        thread.setDaemon(true);
        thread.start();
    }

    private void run() throws IOException, Failure, SecureSessionException {
        try (SecureStream stream = SecureStream.over(connect())) {
            stream.setReadTimeout(PATIENCE);
            stream.shutdownOutput();
            stream.input().read();
        } catch (StreamAbortedException e) {
            if (e.code() != NO_REQUEST) {
                throw e;
            }
        }
    }

    /** A server that refuses a client does not tell it the reason (PROTOCOL.md H-4); the server's log has it. */
    private SecureConnection connect() throws IOException, Failure, SecureSessionException {
        try {
            return SecureConnection.connect(ChannelTransport.of(channel(), OPTIONS.framing()), config, peer, OPTIONS);
        } catch (EOFException e) {
            throw new Failure(
                    Errors.sentence(e) + ": its log says whether it knows the id "
                            + config.identity().id() + " and this key",
                    e);
        }
    }

    private SocketChannel channel() throws IOException, Failure {
        String text = server.toString();
        if (text.startsWith("unix:")) {
            return SocketChannel.open(UnixDomainSocketAddress.of(StatusSocket.path(text)));
        }
        SocketChannel channel = SocketChannel.open();
        try {
            channel.socket().connect(HostPort.parse(text).resolve(), (int) PATIENCE.toMillis());
            return channel;
        } catch (IOException | Failure e) {
            channel.close();
            throw e;
        }
    }

    private static final Duration DELAY = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final ConnectionOptions OPTIONS =
            ConnectionOptions.defaults().withHandshakeDeadline(PATIENCE);

    /** The code with which the server answers an end without a request. */
    private static final int NO_REQUEST = 256;
}
