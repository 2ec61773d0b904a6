package dev.securesession.internal.handshake;

import org.jspecify.annotations.Nullable;

/** Where a handshake goes, and what it tells the peer on the way. */
final class Transition {
    final HandshakeState next;
    final byte @Nullable [] reply;

    private Transition(HandshakeState next, byte @Nullable [] reply) {
        this.next = next;
        this.reply = reply;
    }

    static Transition to(HandshakeState next) {
        return new Transition(next, null);
    }

    static Transition to(HandshakeState next, byte[] reply) {
        return new Transition(next, reply);
    }
}
