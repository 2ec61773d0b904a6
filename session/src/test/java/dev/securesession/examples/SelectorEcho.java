package dev.securesession.examples;

import dev.securesession.SecureSessionException;
import dev.securesession.SessionConfig;
import dev.securesession.transport.SecureEngine;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** A server on one thread that sends back each payload, for any number of clients. */
final class SelectorEcho implements AutoCloseable {
    private final SessionConfig config;
    private final Selector selector = Selector.open();
    private final ServerSocketChannel listening = ServerSocketChannel.open();
    private final ByteBuffer network = ByteBuffer.allocate(64 * 1024);
    private volatile boolean closed;

    SelectorEcho(SessionConfig config) throws IOException {
        this.config = config;
        listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        listening.configureBlocking(false).register(selector, SelectionKey.OP_ACCEPT);
    }

    SocketAddress address() throws IOException {
        return listening.getLocalAddress();
    }

    /** Runs until the server is closed, and then ends its connections. */
    void run() throws IOException {
        while (!closed) {
            selector.select(100);
            for (SelectionKey key : selector.selectedKeys()) {
                if (key.channel() == listening) {
                    accept();
                } else {
                    serve(key, (SecureEngine) key.attachment());
                }
            }
            selector.selectedKeys().clear();
            for (SelectionKey key : selector.keys()) {
                if (key.attachment() instanceof SecureEngine engine) {
                    checkDeadline(key, engine);
                }
            }
        }
        for (SelectionKey key : selector.keys()) {
            if (key.attachment() instanceof SecureEngine engine) {
                engine.close();
            }
            key.channel().close();
        }
        selector.close();
    }

    private void accept() throws IOException {
        SocketChannel channel = listening.accept();
        if (channel != null) {
            SecureEngine engine = SecureEngine.server(config, System.nanoTime());
            channel.configureBlocking(false).register(selector, SelectionKey.OP_READ, engine);
        }
    }

    private void serve(SelectionKey key, SecureEngine engine) throws IOException {
        SocketChannel channel = (SocketChannel) key.channel();
        try {
            // While the client does not read, nothing more is read from it: memory stays bounded.
            if (!engine.outgoing().hasRemaining()) {
                network.clear();
                if (channel.read(network) < 0) {
                    end(key, engine);
                    return;
                }
                network.flip();
                while (network.hasRemaining()) {
                    if (engine.receive(network) == SecureEngine.Result.PAYLOAD) {
                        engine.send(engine.payload());
                    }
                }
            }
            channel.write(engine.outgoing());
            key.interestOps(engine.outgoing().hasRemaining() ? SelectionKey.OP_WRITE : SelectionKey.OP_READ);
        } catch (SecureSessionException | IOException refused) {
            end(key, engine);
        }
    }

    private static void checkDeadline(SelectionKey key, SecureEngine engine) throws IOException {
        try {
            engine.checkDeadline(System.nanoTime());
        } catch (IOException exceeded) {
            end(key, engine);
        }
    }

    private static void end(SelectionKey key, SecureEngine engine) throws IOException {
        engine.close();
        key.channel().close();
    }

    @Override
    public void close() {
        closed = true;
        selector.wakeup();
    }
}
