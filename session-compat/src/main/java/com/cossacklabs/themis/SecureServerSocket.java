package com.cossacklabs.themis;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A server socket that performs the handshake of a session with each client.
 *
 * <p>From the first {@link #accept} on, clients are accepted and their handshakes performed in the background, each for 30
 * seconds at most, so that a silent client holds up nobody; accept returns them in the order in which they are established.
 * At most 256 handshakes run at a time; beyond that the oldest one is given up. Closing the socket gives up handshakes and
 * closes connections that were not accepted yet. A server for many clients is better built on
 * {@code dev.securesession.transport.SecureServer}.
 */
public class SecureServerSocket extends ServerSocket {
    private static final int MAX_HANDSHAKES = 256;
    private static final int MAX_RESULTS = 64;

    private final byte[] id;
    private final PrivateKey signPrivateKey;
    private final ISessionCallbacks callbacks;
    private final AtomicBoolean accepting = new AtomicBoolean();
    private final BlockingQueue<Result> results = new LinkedBlockingQueue<>(MAX_RESULTS);

    // Oldest first; guarded by itself.
    private final Set<SecureSocket> handshakes = new LinkedHashSet<>();

    /**
     * Listens on a port of all addresses.
     *
     * @param port the port, or 0 for any that is free
     * @param id the name that clients look up our key by, 1 byte or more
     * @param signPrivateKey the private key of this end
     * @param callbacks asked for keys and told of changes, for all connections, on threads of this object
     * @throws IOException if the port cannot be bound
     */
    public SecureServerSocket(int port, byte[] id, PrivateKey signPrivateKey, ISessionCallbacks callbacks)
            throws IOException {
        super(port);
        this.id = id == null ? null : id.clone();
        this.signPrivateKey = signPrivateKey;
        this.callbacks = callbacks;
    }

    /**
     * Waits for the next client whose handshake has ended, for the timeout of this socket if there is one. An exception of a
     * callback is thrown as it is. After a failure the client's connection is closed, and the next client can be accepted:
     * continue with the loop.
     *
     * @return a {@link SecureSocket} whose session is established, the caller's to close
     * @throws SocketTimeoutException if no handshake has ended within the timeout of this socket
     * @throws IOException if no client can be accepted, a handshake has taken longer than 30 seconds, or the client is
     *     refused: then the cause is a {@link SecureSessionException}
     */
    @Override
    public Socket accept() throws IOException {
        if (isClosed()) {
            throw new SocketException("Socket is closed");
        }
        if (accepting.compareAndSet(false, true)) {
            start("themis-accept", this::acceptAll);
        }
        return next().socket();
    }

    private Result next() throws IOException {
        int timeout = getSoTimeout();
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeout);
        while (true) {
            Result result;
            try {
                // A close is noticed after this time at the latest.
                long left = timeout == 0 ? CHECK_NANOS : Math.min(CHECK_NANOS, end - System.nanoTime());
                result = results.poll(Math.max(0, left), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new SocketException("Closed by interrupt");
            }
            if (result != null) {
                return result;
            }
            if (isClosed()) {
                throw new SocketException("Socket closed");
            }
            if (timeout != 0 && System.nanoTime() - end >= 0) {
                throw new SocketTimeoutException("Accept timed out");
            }
        }
    }

    private void acceptAll() {
        try {
            acceptWhileOpen();
        } finally {
            synchronized (handshakes) {
                handshakes.forEach(SecureServerSocket::closeQuietly);
            }
            for (Result left = results.poll(); left != null; left = results.poll()) {
                left.discard();
            }
        }
    }

    private void acceptWhileOpen() {
        while (!isClosed()) {
            SecureSocket socket = new SecureSocket(id, signPrivateKey, callbacks);
            try {
                implAccept(socket);
            } catch (SocketTimeoutException e) {
                // The timeout of this socket is for those who wait in accept.
                continue;
            } catch (IOException e) {
                closeQuietly(socket);
                if (!isClosed()) {
                    offer(Result.of(e));
                }
                continue;
            }
            begin(socket);
            start("themis-handshake", () -> performHandshake(socket));
        }
    }

    private void begin(SecureSocket socket) {
        synchronized (handshakes) {
            if (handshakes.size() >= MAX_HANDSHAKES) {
                SecureSocket oldest = handshakes.iterator().next();
                handshakes.remove(oldest);
                closeQuietly(oldest);
            }
            handshakes.add(socket);
        }
    }

    private void performHandshake(SecureSocket socket) {
        Result result;
        try {
            socket.acceptSession();
            result = Result.of(socket);
        } catch (IOException | RuntimeException | Error e) {
            closeQuietly(socket);
            result = Result.of(e);
        }
        boolean displaced;
        synchronized (handshakes) {
            displaced = !handshakes.remove(socket);
        }
        if (!displaced) {
            offer(result);
        }
    }

    /** Waits until there is room: while nobody accepts, clients wait in the backlog. */
    private void offer(Result result) {
        try {
            while (!results.offer(result, CHECK_NANOS, TimeUnit.NANOSECONDS)) {
                if (isClosed()) {
                    result.discard();
                    return;
                }
            }
        } catch (InterruptedException e) {
            result.discard();
        }
        if (isClosed()) {
            result.discard();
        }
    }

    private static void start(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // The socket is abandoned, closed or not.
        }
    }

    /** An established connection, or what has prevented one. */
    private static final class Result {
        private final @Nullable SecureSocket socket;
        private final @Nullable Throwable failure;

        private Result(@Nullable SecureSocket socket, @Nullable Throwable failure) {
            this.socket = socket;
            this.failure = failure;
        }

        static Result of(SecureSocket socket) {
            return new Result(socket, null);
        }

        static Result of(Throwable failure) {
            return new Result(null, failure);
        }

        Socket socket() throws IOException {
            if (failure instanceof IOException e) {
                throw e;
            }
            if (failure instanceof RuntimeException e) {
                throw e;
            }
            if (failure instanceof Error e) {
                throw e;
            }
            if (socket == null) {
                throw new AssertionError("a result without a socket and without a failure");
            }
            return socket;
        }

        void discard() {
            if (socket != null) {
                closeQuietly(socket);
            }
        }
    }

    private static final long CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
}
