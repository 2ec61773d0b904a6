package dev.securesession.internal.handshake;

import org.jspecify.annotations.Nullable;

/** Where a negotiation goes, and what it tells the peer on the way. */
final class Transition {
    final NegotiationState next;
    final byte @Nullable [] reply;

    private Transition(NegotiationState next, byte @Nullable [] reply) {
        this.next = next;
        this.reply = reply;
    }

    static Transition to(NegotiationState next) {
        return new Transition(next, null);
    }

    static Transition to(NegotiationState next, byte[] reply) {
        return new Transition(next, reply);
    }
}
