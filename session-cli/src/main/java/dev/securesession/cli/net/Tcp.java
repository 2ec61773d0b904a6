package dev.securesession.cli.net;

import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;

/** Opens TCP connections. */
public final class Tcp {
    private Tcp() {}

    /** Connects within 15 seconds. */
    public static Socket dial(String host, int port) throws IOException, Failure {
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw new Failure("no such host: " + host);
        }
        Socket socket = new Socket();
        try {
            socket.connect(address, TIMEOUT_MILLIS);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw new Failure("cannot connect to " + host + ":" + port + ": " + Errors.sentence(e), e);
        }
    }

    private static final int TIMEOUT_MILLIS = 15_000;
}
