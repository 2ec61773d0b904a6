package dev.securesession.internal.handshake;

import dev.securesession.internal.message.EstablishedSession;
import dev.securesession.internal.state.SavedHandshake;
import dev.securesession.internal.wire.HandshakeMessage;
import org.jspecify.annotations.Nullable;

/** A handshake that has made its session, which belongs to the caller; it still answers a repeated last message. */
final class Finished implements HandshakeState {
    private final EstablishedSession session;
    private final byte[] lastMessage;
    private final byte @Nullable [] answer;

    Finished(EstablishedSession session, byte[] lastMessage, byte @Nullable [] answer) {
        this.session = session;
        this.lastMessage = lastMessage;
        this.answer = answer;
    }

    @Override
    public HandshakeState onMessage(byte[] message) {
        if (HandshakeMessage.isRepetition(message, lastMessage)) {
            return this;
        }
        throw new IllegalStateException("the handshake is over; messages go to its session");
    }

    @Override
    public byte @Nullable [] outgoing() {
        return answer;
    }

    @Override
    public EstablishedSession session() {
        return session;
    }

    @Override
    public boolean isUnfinished() {
        return false;
    }

    @Override
    public SavedHandshake save() {
        throw new IllegalStateException("the handshake is over; save its session");
    }
}
