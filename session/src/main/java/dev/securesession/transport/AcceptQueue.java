package dev.securesession.transport;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A bounded queue of established sockets for {@code accept}. Safe for use by several threads. */
final class AcceptQueue {
    // Guards the fields below. No user code runs under it.
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Queue<SecureSocket> waiting = new ArrayDeque<>();
    private int limit;
    private boolean closed;

    /** Sets how many sockets may wait; before that none may. */
    void limit(int sockets) {
        lock.lock();
        try {
            limit = sockets;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Adds a socket as soon as there is room; returns false if there is none in time, or the queue is closed. */
    boolean put(SecureSocket socket, Deadline deadline) throws InterruptedException {
        lock.lock();
        try {
            while (!closed && waiting.size() >= limit) {
                deadline.await(changed, "accept");
            }
            if (closed) {
                return false;
            }
            waiting.add(socket);
            changed.signalAll();
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** Removes the socket that has waited longest, as soon as there is one. */
    SecureSocket take(Deadline deadline) throws IOException {
        lock.lock();
        try {
            while (true) {
                if (closed) {
                    throw new SocketException("the server socket is closed");
                }
                SecureSocket next = waiting.poll();
                if (next != null) {
                    changed.signalAll();
                    return next;
                }
                deadline.await(changed, "a connection");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for a connection");
        } finally {
            lock.unlock();
        }
    }

    /** Ends all waiting, and returns the sockets that are still in the queue. */
    List<SecureSocket> close() {
        lock.lock();
        try {
            closed = true;
            List<SecureSocket> left = new ArrayList<>(waiting);
            waiting.clear();
            changed.signalAll();
            return left;
        } finally {
            lock.unlock();
        }
    }
}
