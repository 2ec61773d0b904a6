package dev.securesession.transport.datagram;

import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.SecureSession;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One handshake message for a server, to be processed on any thread, because that may need public-key operations and a key
 * look-up. It goes to the first of the candidates that accepts it.
 */
final class HandshakeWork implements Runnable {
    final InetSocketAddress from;
    final byte[] datagram;
    final List<HalfOpenHandshake> candidates;

    // Written by run, and read after run has returned.
    final Map<HalfOpenHandshake, Exception> refusals = new LinkedHashMap<>();
    private @Nullable HalfOpenHandshake accepting;
    private @Nullable HandshakeStep step;

    HandshakeWork(InetSocketAddress from, byte[] datagram, List<HalfOpenHandshake> candidates) {
        this.from = from;
        this.datagram = datagram;
        this.candidates = candidates;
    }

    @Override
    public void run() {
        for (HalfOpenHandshake candidate : candidates) {
            try {
                step = candidate.handshake.receive(datagram);
                accepting = candidate;
                return;
            } catch (HandshakeException | RuntimeException e) {
                refusals.put(candidate, e);
            }
        }
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
