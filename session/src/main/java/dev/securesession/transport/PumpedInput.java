package dev.securesession.transport;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The input of a stream that has no timeout for reading: a background thread reads the stream, and callers wait for that
 * thread, each until its own deadline.
 */
final class PumpedInput implements TimedInput {
    private static final int BUFFER_LENGTH = 8192;

    private final InputStream in;
    private final Consumer<Runnable> threads;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean pumping;
    private boolean ended;
    private @Nullable Throwable failure;
    private byte[] buffer = {};
    private int position;
    private int end;

    PumpedInput(InputStream in) {
        this(in, task -> BackgroundThreads.start("reader", task));
    }

    PumpedInput(InputStream in, Consumer<Runnable> threads) {
        this.in = in;
        this.threads = threads;
    }

    @Override
    public int read(byte[] target, int offset, int length, Deadline deadline, String awaited) throws IOException {
        lock.lock();
        try {
            if (!pumping) {
                buffer = new byte[BUFFER_LENGTH];
                threads.accept(this::pump);
                // Only now: if the system grants no thread, the next read tries again.
                pumping = true;
            }
            while (position == end) {
                if (failure != null) {
                    throw new IOException("the stream cannot be read: " + failure.getMessage(), failure);
                }
                if (ended) {
                    return -1;
                }
                deadline.await(changed, awaited);
            }
            int count = Math.min(length, end - position);
            System.arraycopy(buffer, position, target, offset, count);
            position += count;
            changed.signalAll();
            return count;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for " + awaited);
        } finally {
            lock.unlock();
        }
    }

    private void pump() {
        byte[] piece = new byte[BUFFER_LENGTH];
        try {
            while (true) {
                int count;
                try {
                    count = in.read(piece, 0, piece.length);
                } catch (SocketTimeoutException e) {
                    // The timeout of the stream itself is ignored: only the deadlines of the callers count.
                    continue;
                }
                if (!offer(piece, count)) {
                    return;
                }
            }
        } catch (IOException | RuntimeException | Error e) {
            fail(e);
        }
    }

    private boolean offer(byte[] piece, int count) {
        lock.lock();
        try {
            while (position < end && failure == null) {
                changed.awaitUninterruptibly();
            }
            if (failure != null) {
                return false;
            }
            if (count < 0) {
                ended = true;
            } else {
                System.arraycopy(piece, 0, buffer, 0, count);
                position = 0;
                end = count;
            }
            changed.signalAll();
            return count >= 0;
        } finally {
            lock.unlock();
        }
    }

    /** Ends all waiting, whatever the stream does; closing some streams does not wake up their readers. */
    void close() {
        fail(new IOException("the stream is closed"));
    }

    private void fail(Throwable cause) {
        lock.lock();
        try {
            if (failure == null) {
                failure = cause;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
