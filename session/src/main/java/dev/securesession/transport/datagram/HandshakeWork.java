package dev.securesession.transport.datagram;

import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.SecureSession;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One handshake message for a server, to be processed on any thread, because that may need public-key operations and a key
 * look-up. It goes to the first of the candidates that accepts it.
 */
final class HandshakeWork implements Runnable {
    final InetSocketAddress from;
    final byte[] datagram;
    final List<HalfOpenHandshake> candidates;

    // By run or refuse, whichever comes first.
    private final AtomicBoolean begun = new AtomicBoolean();

    // Written by run, and read after it is over.
    final Map<HalfOpenHandshake, Exception> refusals = new LinkedHashMap<>();
    private @Nullable HalfOpenHandshake accepting;
    private @Nullable HandshakeStep step;
    private volatile boolean over;

    HandshakeWork(InetSocketAddress from, byte[] datagram, List<HalfOpenHandshake> candidates) {
        this.from = from;
        this.datagram = datagram;
        this.candidates = candidates;
    }

    @Override
    public void run() {
        if (!begun.compareAndSet(false, true)) {
            return;
        }
        try {
            offer();
        } finally {
            over = true;
        }
    }

    private void offer() {
        for (HalfOpenHandshake candidate : candidates) {
            try {
                step = candidate.handshake.receive(datagram);
                accepting = candidate;
                return;
            } catch (HandshakeException | RuntimeException e) {
                refusals.put(candidate, e);
            } catch (Error e) {
                refusals.put(candidate, new IOException("a handshake message cannot be processed", e));
            }
        }
    }

    /** Ends the work without doing it, because there is no thread for it. */
    void refuse(Throwable cause) {
        if (!begun.compareAndSet(false, true)) {
            return;
        }
        try {
            IOException refusal = new IOException("no thread can process a handshake message", cause);
            for (HalfOpenHandshake candidate : candidates) {
                refusals.put(candidate, refusal);
            }
        } finally {
            over = true;
        }
    }

    /** Tells whether the results can be read. */
    boolean isOver() {
        return over;
    }

    @Nullable
    HalfOpenHandshake accepting() {
        return accepting;
    }

    byte @Nullable [] message() {
        return step == null ? null : step.message().orElse(null);
    }

    @Nullable
    SecureSession session() {
        return step instanceof HandshakeStep.Established established ? established.session() : null;
    }

    static boolean isCostly(Exception refusal) {
        return !(refusal instanceof HandshakeException e) || e.reason().isAfterPublicKeyWork();
    }
}
