package dev.securesession.benchmarks;

import dev.securesession.MessageRejectedException;
import dev.securesession.transport.SecureConnection;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ProtocolException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/**
 * A TCP connection and the secure connection that carries it. Each direction ends independently of the other.
 *
 * <p>Each payload is one of
 *
 * <pre>{@code
 * 00 | data, 1 byte or more
 * 01                           the end of this direction
 * }</pre>
 */
final class RelayedConnection {
    private final Socket plain;
    private final SecureConnection connection;

    RelayedConnection(Socket plain, SecureConnection connection) {
        this.plain = plain;
        this.connection = connection;
    }

    /** Forwards until both directions have ended, one on this thread and one on a thread of the executor. */
    void run(Executor executor) throws IOException {
        CompletableFuture<Void> outward = CompletableFuture.runAsync(() -> finish(this::sendAll), executor);
        try {
            finish(this::receiveAll);
            outward.join();
        } catch (CompletionException e) {
            throw new IOException("forwarding failed in one direction", e.getCause() == null ? e : e.getCause());
        }
    }

    private void sendAll() throws IOException {
        InputStream in = plain.getInputStream();
        byte[] payload = new byte[1 + CHUNK];
        payload[0] = DATA;
        for (int length = in.read(payload, 1, CHUNK); length >= 0; length = in.read(payload, 1, CHUNK)) {
            connection.send(ByteBuffer.wrap(payload, 0, 1 + length));
        }
        connection.send(new byte[] {END});
    }

    private void receiveAll() throws IOException, MessageRejectedException {
        OutputStream out = plain.getOutputStream();
        while (true) {
            Optional<byte[]> received = connection.receive();
            if (received.isEmpty()) {
                throw new EOFException("the secure connection ended without the mark of its end");
            }
            byte[] payload = received.get();
            if (payload[0] == END) {
                plain.shutdownOutput();
                return;
            }
            if (payload[0] != DATA) {
                throw new ProtocolException("a payload of an unknown type; expected 00 (data) or 01 (end)");
            }
            out.write(payload, 1, payload.length - 1);
        }
    }

    /** Forwards one direction; a failure ends the other one too. */
    private void finish(Direction direction) {
        try {
            direction.carry();
        } catch (IOException | MessageRejectedException | RuntimeException e) {
            closeAfter(e, plain);
            closeAfter(e, connection);
            throw new CompletionException(e);
        }
    }

    private static void closeAfter(Exception failure, Closeable left) {
        try {
            left.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private static final byte DATA = 0;
    private static final byte END = 1;
    private static final int CHUNK = 128 * 1024;

    /** One of the two. */
    private interface Direction {
        void carry() throws IOException, MessageRejectedException;
    }
}
