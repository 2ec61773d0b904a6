package dev.securesession.internal.handshake;

import dev.securesession.internal.message.EstablishedSession;
import dev.securesession.internal.state.SavedHandshake;

/** A handshake that has made its session, which belongs to the caller now. */
final class Finished implements HandshakeState {
    private final EstablishedSession session;

    Finished(EstablishedSession session) {
        this.session = session;
    }

    EstablishedSession session() {
        return session;
    }

    @Override
    public SavedHandshake save() {
        throw new IllegalStateException("the handshake is over; save its session");
    }
}
