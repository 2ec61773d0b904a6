package dev.securesession.transport.datagram;

import dev.securesession.Handshake;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** A handshake in progress at a server: its message 1, the answer, and how many bytes the address may be sent. */
final class HalfOpenHandshake {
    final Handshake handshake;
    final InetSocketAddress address;
    final long start;
    final long epoch;

    private final byte[] message1;
    private byte @Nullable [] answer;

    // Bytes received from the address and not yet spent on answers (PROTOCOL.md DG-4).
    private long allowance;
    private boolean owesAnswer = true;

    private int costlyRefusals;
    private boolean working = true;
    private boolean over;

    HalfOpenHandshake(Handshake handshake, InetSocketAddress address, byte[] message1, long start, long epoch) {
        this.handshake = handshake;
        this.address = address;
        this.message1 = message1;
        this.start = start;
        this.epoch = epoch;
        this.allowance = message1.length;
    }

    boolean isRepetition(byte[] datagram) {
        return HandshakeDatagrams.isRepetition(datagram, message1);
    }

    /** Notes a repetition of message 1: the answer is due again, and its bytes add to the allowance. */
    void repeated(int length) {
        allowance += length;
        owesAnswer = true;
    }

    void answered(byte[] message2) {
        answer = message2;
        working = false;
    }

    /** Returns message 2 and counts it as sent, if it is due and the address has sent enough bytes for it. */
    byte @Nullable [] affordableAnswer() {
        if (answer == null || !owesAnswer || allowance < answer.length) {
            return null;
        }
        allowance -= answer.length;
        owesAnswer = false;
        return answer;
    }

    /** Tells whether a message 3 can be checked now. */
    boolean isReady() {
        return answer != null && !working;
    }

    void setWorking(boolean now) {
        working = now;
    }

    /** Counts refusals that cost public-key operations, and tells whether there were too many (PROTOCOL.md H-3). */
    boolean isRefusedTooOften() {
        return costlyRefusals++ == ClientHandshake.MAX_COSTLY_REFUSALS;
    }

    int bytes() {
        return message1.length + (answer == null ? 0 : answer.length);
    }

    boolean isOver() {
        return over;
    }

    /** Notes that the server has dropped this handshake, or that it is complete. */
    void end() {
        over = true;
    }
}
