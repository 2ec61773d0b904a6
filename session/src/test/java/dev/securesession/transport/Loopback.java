package dev.securesession.transport;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** Two connected sockets on this machine. */
final class Loopback implements AutoCloseable {
    final Socket client;
    final Socket server;

    private Loopback(Socket client, Socket server) {
        this.client = client;
        this.server = server;
    }

    static Loopback open() throws IOException {
        return open(0);
    }

    /** With receive buffers of about this size, so that little is on its way; 0 for the usual ones. */
    static Loopback open(int receiveBuffer) throws IOException {
        try (ServerSocket listening = new ServerSocket()) {
            if (receiveBuffer > 0) {
                listening.setReceiveBufferSize(receiveBuffer);
            }
            listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            Socket client = new Socket();
            if (receiveBuffer > 0) {
                client.setReceiveBufferSize(receiveBuffer);
            }
            client.connect(listening.getLocalSocketAddress());
            return new Loopback(client, listening.accept());
        }
    }

    static ServerSocket listening() throws IOException {
        return new ServerSocket(0, 512, InetAddress.getLoopbackAddress());
    }

    @Override
    public void close() throws IOException {
        client.close();
        server.close();
    }
}
