package dev.securesession.cli.tunnel;

import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Terminal;
import dev.securesession.cli.net.Port;
import dev.securesession.cli.net.Refusals;
import dev.securesession.tunnel.TunnelConnection;
import dev.securesession.tunnel.TunnelEnd;
import dev.securesession.tunnel.TunnelListener;
import java.net.SocketAddress;
import java.util.Locale;

/** Prints a line for each connection that has ended, and warns of refused ones, but not of each in a flood. */
final class ConnectionLog implements TunnelListener, AutoCloseable {
    private final Terminal terminal;
    private final Refusals refusals;

    ConnectionLog(Terminal terminal) {
        this.terminal = terminal;
        this.refusals = new Refusals(terminal, System::nanoTime);
    }

    @Override
    public void closed(TunnelConnection connection, TunnelEnd end) {
        String target = connection.target().isEmpty() ? "" : " to " + connection.target();
        terminal.err()
                .println(Errors.oneLine(String.format(
                        Locale.ROOT,
                        "%s from %s%s: %s, %,d bytes to the target and %,d back in %.1f s",
                        connection.peer(),
                        connection.remote().map(Port::describe).orElse("?"),
                        target,
                        end.reason(),
                        connection.bytesToTarget(),
                        connection.bytesFromTarget(),
                        connection.duration().toMillis() / 1000.0)));
        terminal.err().flush();
    }

    @Override
    public void refused(SocketAddress remote, Throwable cause) {
        refusals.refused(remote, cause instanceof Exception exception ? exception : new Exception(cause));
    }

    @Override
    public void close() {
        refusals.close();
    }
}
