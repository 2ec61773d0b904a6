package dev.securesession.cli.bench;

import dev.securesession.cli.command.Failure;
import dev.securesession.cli.net.Tcp;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;

/** Plain connections to an address; what is behind it may be a tunnel. */
final class PlainSubject implements Subject {
    private final InetSocketAddress address;
    private final String description;

    PlainSubject(InetSocketAddress address, String description) {
        this.address = address;
        this.description = description;
    }

    @Override
    public Link open() throws IOException, Failure {
        return new SocketLink(Tcp.dial(address.getHostString(), address.getPort()));
    }

    @Override
    public String describe() {
        return description;
    }

    @Override
    public void close() {
        // Nothing was started for it.
    }

    private static final class SocketLink implements Link {
        private final Socket socket;
        private final InputStream in;
        private final OutputStream out;

        SocketLink(Socket socket) throws IOException {
            this.socket = socket;
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            in = socket.getInputStream();
            out = socket.getOutputStream();
        }

        @Override
        public InputStream in() {
            return in;
        }

        @Override
        public OutputStream out() {
            return out;
        }

        @Override
        public void endOutput() throws IOException {
            socket.shutdownOutput();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private static final int TIMEOUT_MILLIS = 30_000;
}
