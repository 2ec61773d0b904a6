package dev.securesession.testkit;

import dev.securesession.Delivery;
import dev.securesession.transport.Transport;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ProtocolException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * One of the two ends of a connection within this process. Nothing gets lost or overtakes anything here, whatever
 * {@link #delivery()} says: that is what {@link FaultyTransport} is for.
 *
 * <pre>{@code
 * MemoryTransport client = MemoryTransport.create(Delivery.ORDERED);
 * MemoryTransport server = client.peer();
 * }</pre>
 *
 * <p>Who sends waits while as many messages as the connection holds have not been received yet. What was sent before an
 * end was closed can still be received at the other. Safe for use by several threads.
 */
public final class MemoryTransport implements Transport {
    private static final int USUAL_CAPACITY = 64;

    private final Delivery delivery;
    private final Link link;
    private final Direction incoming;
    private final Direction outgoing;
    private final MemoryTransport peer;

    private MemoryTransport(Delivery delivery, int capacity) {
        this.delivery = delivery;
        this.link = new Link();
        this.incoming = new Direction(capacity);
        this.outgoing = new Direction(capacity);
        this.peer = new MemoryTransport(this);
    }

    private MemoryTransport(MemoryTransport peer) {
        this.delivery = peer.delivery;
        this.link = peer.link;
        this.incoming = peer.outgoing;
        this.outgoing = peer.incoming;
        this.peer = peer;
    }

    /**
     * Returns one end of a new connection that holds 64 messages in each direction.
     *
     * @param delivery what both ends say of it
     * @return an end; {@link #peer()} is the other
     */
    public static MemoryTransport create(Delivery delivery) {
        return create(delivery, USUAL_CAPACITY);
    }

    /**
     * Returns one end of a new connection.
     *
     * @param delivery what both ends say of it
     * @param capacity how many messages it holds in each direction, 1 or more
     * @return an end; {@link #peer()} is the other
     */
    public static MemoryTransport create(Delivery delivery, int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("a capacity of " + capacity + " messages; it must be 1 or more");
        }
        return new MemoryTransport(delivery, capacity);
    }

    /**
     * Returns the other end.
     *
     * @return the end that receives what this one sends, always the same
     */
    public MemoryTransport peer() {
        return peer;
    }

    @Override
    public void send(byte[] message) throws IOException {
        byte[] copy = message.clone();
        link.lock.lock();
        try {
            link.await(() -> outgoing.isEnded() || outgoing.messages.size() < outgoing.capacity, Duration.ZERO);
            requireOpen(outgoing.senderClosed);
            if (outgoing.receiverClosed) {
                throw new SocketException("the other end is closed");
            }
            outgoing.messages.add(copy);
            link.changed.signalAll();
        } finally {
            link.lock.unlock();
        }
    }

    @Override
    public Optional<byte[]> receive(int longest, Duration timeout) throws IOException {
        link.lock.lock();
        try {
            link.await(() -> incoming.isEnded() || !incoming.messages.isEmpty(), timeout);
            requireOpen(incoming.receiverClosed);
            byte[] message = incoming.messages.peek();
            if (message == null) {
                return Optional.empty();
            }
            if (message.length > longest) {
                throw new ProtocolException("a message of " + message.length + " bytes; the limit is " + longest);
            }
            incoming.messages.remove();
            link.changed.signalAll();
            return Optional.of(message);
        } finally {
            link.lock.unlock();
        }
    }

    @Override
    public Delivery delivery() {
        return delivery;
    }

    /**
     * Tells whether this end was closed.
     *
     * @return true once {@link #close()} was called
     */
    public boolean isClosed() {
        link.lock.lock();
        try {
            return outgoing.senderClosed;
        } finally {
            link.lock.unlock();
        }
    }

    @Override
    public void close() {
        link.lock.lock();
        try {
            outgoing.senderClosed = true;
            incoming.receiverClosed = true;
            link.changed.signalAll();
        } finally {
            link.lock.unlock();
        }
    }

    private static void requireOpen(boolean closed) throws SocketException {
        if (closed) {
            throw new SocketException("this end is closed");
        }
    }

    /** What both ends share: the lock of everything, and word that something has changed. */
    private static final class Link {
        final ReentrantLock lock = new ReentrantLock();
        final Condition changed = lock.newCondition();

        /** Waits until something is so, or for as long as allowed; zero is without limit. */
        void await(BooleanSupplier condition, Duration timeout) throws IOException {
            long left = timeout.isZero() ? Long.MAX_VALUE : timeout.toNanos();
            try {
                while (!condition.getAsBoolean()) {
                    if (left <= 0) {
                        throw new SocketTimeoutException("no message within " + timeout);
                    }
                    left = changed.awaitNanos(left);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                InterruptedIOException interrupted = new InterruptedIOException("interrupted while waiting");
                interrupted.initCause(e);
                throw interrupted;
            }
        }
    }

    /** What is on its way from one end to the other. */
    private static final class Direction {
        final int capacity;
        final Queue<byte[]> messages = new ArrayDeque<>();
        boolean senderClosed;
        boolean receiverClosed;

        Direction(int capacity) {
            this.capacity = capacity;
        }

        boolean isEnded() {
            return senderClosed || receiverClosed;
        }
    }
}
