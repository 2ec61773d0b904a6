package dev.securesession.transport;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/** A connection that a server has accepted, below its session: a socket or a channel. */
abstract class AcceptedConnection implements Closeable {
    /** The socket or the channel, to be closed by any thread. */
    final Closeable resource;

    final @Nullable SocketAddress remote;

    private AcceptedConnection(Closeable resource, @Nullable SocketAddress remote) {
        this.resource = resource;
        this.remote = remote;
    }

    /** Returns a transport over the connection, for its whole life. */
    abstract Transport open(Framing framing) throws IOException;

    /** From now on counts incomplete messages of the transport in this account. */
    abstract void use(ByteBudget.Account account) throws IOException;

    /**
     * Makes the end of the connection a reset, which its peer does not take for an orderly end. Other connections than
     * those of TCP have none.
     */
    abstract void resetWhenClosed();

    @Override
    public void close() throws IOException {
        resource.close();
    }

    static AcceptedConnection of(Socket socket) {
        return new AcceptedConnection(socket, socket.getRemoteSocketAddress()) {
            private @Nullable StreamTransport transport;

            @Override
            Transport open(Framing framing) throws IOException {
                StreamTransport opened = StreamTransport.of(socket, framing);
                transport = opened;
                return opened;
            }

            @Override
            void use(ByteBudget.Account account) throws IOException {
                if (transport != null) {
                    transport.use(account);
                }
            }

            @Override
            void resetWhenClosed() {
                try {
                    socket.setSoLinger(true, 0);
                } catch (SocketException e) {
                    // It has ended already.
                }
            }
        };
    }

    static AcceptedConnection of(SocketChannel channel) throws IOException {
        return new AcceptedConnection(channel, channel.getRemoteAddress()) {
            private @Nullable ChannelTransport transport;

            @Override
            Transport open(Framing framing) throws IOException {
                ChannelTransport opened = ChannelTransport.of(channel, framing);
                transport = opened;
                return opened;
            }

            @Override
            void use(ByteBudget.Account account) throws IOException {
                if (transport != null) {
                    transport.use(account);
                }
            }

            @Override
            void resetWhenClosed() {
                if (remote instanceof InetSocketAddress) {
                    try {
                        channel.setOption(StandardSocketOptions.SO_LINGER, 0);
                    } catch (IOException e) {
                        // It has ended already.
                    }
                }
            }
        };
    }
}
