package dev.securesession.transport.datagram;

import dev.securesession.Delivery;
import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import java.net.SocketTimeoutException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The handshake of a client over datagrams, without I/O: datagrams and the time in, datagrams and the next deadline out
 * (PROTOCOL.md DG-2). For one thread.
 *
 * <pre>
 *   start --&gt; awaits message 2 --message 2--&gt; awaits message 4 --message 4--&gt; established
 *                |  ^                            |  ^
 *                +--+ due: message 1 again       +--+ due, or message 2 again: message 3 again
 * </pre>
 */
final class ClientHandshake {
    /** How many messages are dropped after public-key operations were spent on them (PROTOCOL.md H-3). */
    static final int MAX_COSTLY_REFUSALS = 16;

    /** How many wrapped messages are kept that arrive before message 4. */
    private static final int MAX_EARLY = 8;

    private final Handshake handshake;
    private final PeerId server;
    private final DatagramOptions options;
    private final Backoff backoff;
    private final long deadline;
    private final Deque<byte[]> early = new ArrayDeque<>();

    private byte[] unanswered;
    private @Nullable SecureSession session;
    private int sent;
    private int costlyRefusals;

    /** Begins. Message 1 is due at once: see {@link #due}. */
    ClientHandshake(SessionConfig config, PeerId server, DatagramOptions options, long now) {
        options.requireId(config.identity().id());
        this.handshake = Handshake.client(config.withDelivery(Delivery.UNORDERED), server);
        this.server = server;
        this.options = options;
        this.backoff = new Backoff(options);
        this.deadline = now + options.handshakeDeadline().toNanos();
        this.unanswered = HandshakeDatagrams.padded(handshake.start(), server, options);
    }

    /** Returns the datagram that is to be sent now, or nothing if its time has not come. */
    Optional<byte[]> due(long now) throws SocketTimeoutException {
        if (now - deadline >= 0) {
            throw new SocketTimeoutException("handshake timed out after "
                    + DatagramOptions.text(options.handshakeDeadline()) + " waiting for message "
                    + (isHalfDone() ? 4 : 2) + " from " + server + "; " + sent + " datagrams were sent");
        }
        if (session != null) {
            return Optional.empty();
        }
        if (sent == 0) {
            backoff.restart(now);
        } else if (now - backoff.due() >= 0) {
            backoff.repeated(now);
        } else {
            return Optional.empty();
        }
        sent++;
        return Optional.of(unanswered);
    }

    /** Returns when {@link #due} is to be called next. */
    long nextDeadline() {
        return backoff.due() - deadline < 0 ? backoff.due() : deadline;
    }

    /** Processes a datagram and returns what is to be sent in answer, if anything. */
    Optional<byte[]> receive(byte[] datagram, long now) throws HandshakeException {
        HandshakeStep step;
        try {
            step = handshake.receive(datagram);
        } catch (HandshakeException e) {
            if (e.reason().isAfterPublicKeyWork() && costlyRefusals++ == MAX_COSTLY_REFUSALS) {
                throw e;
            }
            keepEarly(datagram);
            return Optional.empty();
        }
        if (step instanceof HandshakeStep.Established established) {
            session = established.session();
        } else if (step.message().isPresent()) {
            unanswered = step.message().get();
            backoff.restart(now);
            sent++;
        }
        return step.message();
    }

    /** Keeps a message that may have overtaken message 4; the session will accept or refuse it. */
    private void keepEarly(byte[] datagram) {
        if (isHalfDone() && early.size() < MAX_EARLY && HandshakeDatagrams.mayBeWrapped(datagram)) {
            early.add(datagram);
        }
    }

    private boolean isHalfDone() {
        return handshake.earlyData().isPresent();
    }

    /** Returns the session once it is established. */
    Optional<SecureSession> session() {
        return Optional.ofNullable(session);
    }

    /** Returns the messages that have arrived before message 4, oldest first, for the session to accept or refuse. */
    Deque<byte[]> early() {
        return early;
    }

    void close() {
        handshake.close();
    }
}
