package dev.securesession.http;

import dev.securesession.Delivery;
import dev.securesession.internal.base.VisibleText;
import dev.securesession.transport.Transport;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ProtocolException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpTimeoutException;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The client's end of a WebSocket, on the HTTP client of the JDK: one message for each binary message of the WebSocket.
 *
 * <pre>{@code
 * Transport transport = WebSocketTransport.connect(HttpClient.newHttpClient(), URI.create("wss://host/session"), timeout);
 * try (SecureConnection connection = SecureConnection.connect(transport, config, PeerId.ofUtf8("server"))) {
 *     connection.send(question);
 * }
 * }</pre>
 *
 * <p>Asks the network for more only while a thread receives; memory grows with the bytes that
 * arrive. One thread may send while another receives. PROTOCOL.md P-4, section 10.
 */
public final class WebSocketTransport implements Transport {
    private static final int CLOSE_PATIENCE_SECONDS = 1;

    private final URI address;
    private final Incoming incoming = new Incoming();

    // Guards all of the fields below; no user code runs under it, only WebSocket.request.
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private byte[] parts = {};
    private int partsLength;
    private int limit = Integer.MAX_VALUE;
    private boolean requested;
    private byte @Nullable [] message;
    private boolean ended;
    private @Nullable IOException failure;

    private volatile @Nullable WebSocket socket;

    private WebSocketTransport(URI address) {
        this.address = address;
    }

    /**
     * Opens a WebSocket.
     *
     * @param client makes the connection; not closed with the transport
     * @param address {@code ws:} or {@code wss:}
     * @param timeout how long to wait, a millisecond or more
     * @return the transport, the caller's to close
     * @throws SocketTimeoutException if the timeout is over
     * @throws IOException if the server cannot be reached, or answers without a WebSocket
     */
    public static WebSocketTransport connect(HttpClient client, URI address, Duration timeout) throws IOException {
        WebSocketTransport transport = new WebSocketTransport(address);
        CompletableFuture<WebSocket> opening =
                client.newWebSocketBuilder().connectTimeout(timeout).buildAsync(address, transport.incoming);
        transport.socket = await(opening, timeout, "opening " + address);
        return transport;
    }

    @Override
    public void send(byte[] outgoing) throws IOException {
        await(open().sendBinary(ByteBuffer.wrap(outgoing), true), Duration.ZERO, "sending to " + address);
    }

    @Override
    public Optional<byte[]> receive(int maxLength, Duration timeout) throws IOException {
        WebSocket opened = open();
        long end = System.nanoTime() + timeout.toNanos();
        lock.lock();
        try {
            limit = maxLength;
            while (message == null) {
                if (failure != null) {
                    throw failure;
                }
                if (ended) {
                    return Optional.empty();
                }
                if (!requested) {
                    requested = true;
                    // May call the listener before it returns.
                    opened.request(1);
                    continue;
                }
                if (timeout.isZero()) {
                    changed.await();
                } else if (changed.awaitNanos(end - System.nanoTime()) <= 0 && message == null && failure == null) {
                    throw new SocketTimeoutException(
                            "timed out after " + timeout.toMillis() + " ms waiting for a message from " + address);
                }
            }
            byte[] received = message;
            message = null;
            if (received.length > maxLength) {
                throw tooLong(received.length);
            }
            return Optional.of(received);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for a message from " + address);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Delivery delivery() {
        return Delivery.ORDERED;
    }

    /** Says goodbye if the network takes it within a second, and ends the connection. */
    @Override
    public void close() {
        fail(new IOException("the WebSocket was closed here"));
        WebSocket opened = socket;
        if (opened != null && !opened.isOutputClosed()) {
            opened.sendClose(WebSocket.NORMAL_CLOSURE, "")
                    .orTimeout(CLOSE_PATIENCE_SECONDS, TimeUnit.SECONDS)
                    .whenComplete((done, tooLate) -> opened.abort());
        }
    }

    /**
     * Describes the transport for people to read.
     *
     * @return a description
     */
    @Override
    public String toString() {
        return "WebSocket to " + address;
    }

    private WebSocket open() {
        WebSocket opened = socket;
        if (opened == null) {
            throw new IllegalStateException("the WebSocket is not open yet");
        }
        return opened;
    }

    private ProtocolException tooLong(int length) {
        return new ProtocolException("a message of " + length + " bytes or more; the limit is " + limit);
    }

    private void fail(IOException cause) {
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

    private static <T> T await(CompletableFuture<T> future, Duration timeout, String what) throws IOException {
        try {
            return timeout.isZero() ? future.get() : future.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof HttpTimeoutException) {
                throw timedOut(what, timeout);
            }
            throw new IOException(what + " failed: " + Unreachable.textOf(e.getCause()), e.getCause());
        } catch (java.util.concurrent.TimeoutException e) {
            future.cancel(true);
            throw timedOut(what, timeout);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while " + what);
        }
    }

    private static SocketTimeoutException timedOut(String what, Duration timeout) {
        return new SocketTimeoutException(what + " timed out after " + timeout.toMillis() + " ms");
    }

    /** Called by the HTTP client, one call at a time. */
    private final class Incoming implements WebSocket.Listener {
        @Override
        public void onOpen(WebSocket opened) {
            // The first request comes with the first call of receive.
        }

        @Override
        public @Nullable CompletionStage<?> onBinary(WebSocket opened, ByteBuffer part, boolean last) {
            lock.lock();
            try {
                int length = partsLength + part.remaining();
                if (length > limit) {
                    fail(tooLong(length));
                    opened.abort();
                    return null;
                }
                if (length > parts.length) {
                    parts = Arrays.copyOf(parts, last ? length : Math.max(length, 2 * partsLength));
                }
                part.get(parts, partsLength, length - partsLength);
                partsLength = length;
                if (last) {
                    message = parts.length == length ? parts : Arrays.copyOf(parts, length);
                    parts = new byte[0];
                    partsLength = 0;
                    requested = false;
                    changed.signalAll();
                } else {
                    opened.request(1);
                }
            } finally {
                lock.unlock();
            }
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket opened, CharSequence part, boolean last) {
            fail(new ProtocolException("a text message over WebSocket; each message must be binary"));
            opened.abort();
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket opened, int status, String reason) {
            lock.lock();
            try {
                ended = true;
                if (partsLength > 0) {
                    fail(new EOFException("the WebSocket was closed within a message; the message is lost"));
                } else if (status != WebSocket.NORMAL_CLOSURE && status != GOING_AWAY) {
                    fail(new IOException("the server closed the WebSocket with status " + status
                            + (reason.isEmpty() ? "" : ": " + VisibleText.of(reason))));
                }
                changed.signalAll();
            } finally {
                lock.unlock();
            }
            return null;
        }

        @Override
        public void onError(WebSocket opened, Throwable cause) {
            fail(new IOException("the WebSocket to " + address + " failed: " + cause, cause));
        }
    }

    private static final int GOING_AWAY = 1001;
}
