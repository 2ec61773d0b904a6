package com.cossacklabs.themis;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A server socket that performs the handshake of a session with each client.
 *
 * <p>From the first {@link #accept} on, clients are accepted and their handshakes performed in the background, each for 30
 * seconds at most, so that a silent client holds up nobody; accept returns them in the order in which they are established.
 * At most 256 handshakes run at a time; beyond that the oldest one is given up. While 64 established connections wait for
 * accept, no further client is accepted. Closing the socket gives up handshakes and closes connections that wait. A server
 * for many clients is better built on {@code dev.securesession.transport.SecureServer}.
 */
public class SecureServerSocket extends ServerSocket {
    private static final int MAX_HANDSHAKES = 256;
    private static final int MAX_WAITING = 64;

    // The original has no method to close of its own, so a close of the superclass is noticed after this time at the
    // latest.
    private static final long CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final byte[] id;
    private final PrivateKey signPrivateKey;
    private final ISessionCallbacks callbacks;

    // Guards the fields below; no user code runs under it.
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Set<SecureSocket> handshakes = new LinkedHashSet<>();
    private final Deque<SecureSocket> established = new ArrayDeque<>();
    private final Deque<Throwable> failures = new ArrayDeque<>();
    private boolean accepting;

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
     * Waits for the next client whose handshake has ended, for the timeout of this socket if there is one. Established
     * connections come first; only when none waits is a failed handshake thrown, one an exception, and of many failures the
     * last 64. An exception of a callback is thrown as it is. The connection of a failed handshake is closed, and the next
     * client can be accepted: continue with the loop.
     *
     * @return a {@link SecureSocket} whose session is established, the caller's to close
     * @throws SocketTimeoutException if no handshake has ended within the timeout of this socket
     * @throws IOException if no client can be accepted, a handshake has taken longer than 30 seconds, or the client is
     *     refused: then the cause is a {@link SecureSessionException}
     */
    @Override
    public Socket accept() throws IOException {
        int timeout = getSoTimeout();
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeout);
        lock.lock();
        try {
            if (!accepting && !isClosed()) {
                start("themis-accept", this::acceptAll);
                // Not before: if no thread can be started, the next call tries again.
                accepting = true;
            }
            while (true) {
                if (isClosed()) {
                    throw new SocketException("Socket is closed");
                }
                SecureSocket socket = established.poll();
                if (socket != null) {
                    changed.signalAll();
                    return socket;
                }
                Throwable failure = failures.poll();
                if (failure != null) {
                    throw thrown(failure);
                }
                long left = timeout == 0 ? CHECK_NANOS : end - System.nanoTime();
                if (left <= 0) {
                    throw new SocketTimeoutException("Accept timed out");
                }
                changed.awaitNanos(Math.min(left, CHECK_NANOS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SocketException("Closed by interrupt");
        } finally {
            lock.unlock();
        }
    }

    /** Tells how many established connections wait for {@link #accept}. */
    int waiting() {
        lock.lock();
        try {
            return established.size();
        } finally {
            lock.unlock();
        }
    }

    private void acceptAll() {
        try {
            acceptWhileOpen();
        } catch (RuntimeException | Error e) {
            fail(e);
        } finally {
            List<Socket> left = new ArrayList<>();
            lock.lock();
            try {
                left.addAll(handshakes);
                left.addAll(established);
                handshakes.clear();
                established.clear();
                // The next accept starts another thread, unless this socket is closed.
                accepting = false;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
            left.forEach(SecureServerSocket::closeQuietly);
        }
    }

    private void acceptWhileOpen() {
        while (awaitRoom()) {
            SecureSocket socket = new SecureSocket(id, signPrivateKey, callbacks);
            try {
                implAccept(socket);
            } catch (SocketTimeoutException e) {
                // The timeout of this socket is for those who wait in accept.
                closeQuietly(socket);
                continue;
            } catch (IOException e) {
                closeQuietly(socket);
                fail(e);
                // Out of file descriptors, most likely: trying again at once would only burn time.
                LockSupport.parkNanos(PAUSE_NANOS);
                continue;
            }
            begin(socket);
        }
    }

    /** Waits until few enough established connections wait for {@link #accept}; false if the socket was closed. */
    private boolean awaitRoom() {
        lock.lock();
        try {
            while (!isClosed() && established.size() >= MAX_WAITING) {
                changed.awaitNanos(CHECK_NANOS);
            }
            return !isClosed();
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts this thread", e);
        } finally {
            lock.unlock();
        }
    }

    private void begin(SecureSocket socket) {
        SecureSocket unwanted = null;
        lock.lock();
        try {
            if (isClosed()) {
                unwanted = socket;
            } else {
                if (handshakes.size() >= MAX_HANDSHAKES) {
                    unwanted = handshakes.iterator().next();
                    handshakes.remove(unwanted);
                }
                handshakes.add(socket);
            }
        } finally {
            lock.unlock();
        }
        if (unwanted != null) {
            closeQuietly(unwanted);
        }
        if (unwanted == socket) {
            return;
        }
        try {
            start("themis-handshake", () -> performHandshake(socket));
        } catch (OutOfMemoryError e) {
            // This is how a JVM reports that the system grants it no more threads.
            end(socket, new IOException("no thread for a handshake", e));
        }
    }

    private void performHandshake(SecureSocket socket) {
        try {
            socket.acceptSession();
            end(socket, null);
        } catch (IOException | RuntimeException | Error e) {
            end(socket, e);
        }
    }

    /** Ends a handshake, which has failed if there is a failure; one that was given up is of no interest any more. */
    private void end(SecureSocket socket, @Nullable Throwable failure) {
        boolean waits = false;
        lock.lock();
        try {
            boolean current = handshakes.remove(socket) && !isClosed();
            if (current && failure == null) {
                established.add(socket);
                waits = true;
                changed.signalAll();
            } else if (current) {
                addFailure(failure);
            }
        } finally {
            lock.unlock();
        }
        if (!waits) {
            closeQuietly(socket);
        }
    }

    private void fail(Throwable failure) {
        lock.lock();
        try {
            addFailure(failure);
        } finally {
            lock.unlock();
        }
    }

    private void addFailure(Throwable failure) {
        if (failures.size() == MAX_WAITING) {
            failures.remove();
        }
        failures.add(failure);
        changed.signalAll();
    }

    /** Returns a checked failure, and throws any other. */
    private static IOException thrown(Throwable failure) {
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        if (failure instanceof Error e) {
            throw e;
        }
        return failure instanceof IOException e ? e : new IOException(failure);
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
}
