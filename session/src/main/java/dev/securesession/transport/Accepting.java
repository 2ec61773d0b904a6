package dev.securesession.transport;

import java.io.Closeable;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.channels.ServerSocketChannel;

/** Where a server gets its connections from: a server socket, a part of one, or a channel. Safe for use by several threads. */
abstract class Accepting implements Closeable {
    /** Waits for the next connection. */
    abstract AcceptedConnection next() throws IOException;

    abstract SocketAddress address();

    abstract boolean isClosed();

    static Accepting of(ServerSocket socket) {
        return of(socket, socket::accept);
    }

    static Accepting of(ServerSocket socket, Source source) {
        return new Accepting() {
            @Override
            AcceptedConnection next() throws IOException {
                return AcceptedConnection.of(source.accept());
            }

            @Override
            SocketAddress address() {
                return socket.getLocalSocketAddress();
            }

            @Override
            boolean isClosed() {
                return socket.isClosed();
            }

            @Override
            public void close() throws IOException {
                socket.close();
            }
        };
    }

    static Accepting of(ServerSocketChannel channel, SocketAddress address) {
        return new Accepting() {
            @Override
            AcceptedConnection next() throws IOException {
                return AcceptedConnection.of(channel.accept());
            }

            @Override
            SocketAddress address() {
                return address;
            }

            @Override
            boolean isClosed() {
                return !channel.isOpen();
            }

            @Override
            public void close() throws IOException {
                channel.close();
            }
        };
    }

    /** Waits for a socket. */
    interface Source {
        Socket accept() throws IOException;
    }
}
