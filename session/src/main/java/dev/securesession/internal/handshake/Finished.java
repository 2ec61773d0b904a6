package dev.securesession.internal.handshake;

import dev.securesession.internal.message.EstablishedSession;
import dev.securesession.internal.wire.SavedNegotiation;

/** A negotiation that has made its session, which belongs to the caller now. */
final class Finished implements NegotiationState {
    private final EstablishedSession session;

    Finished(EstablishedSession session) {
        this.session = session;
    }

    EstablishedSession session() {
        return session;
    }

    @Override
    public SavedNegotiation save() {
        throw new IllegalStateException("the negotiation is over; save its session");
    }
}
