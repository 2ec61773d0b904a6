package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.HandshakeException.Reason;
import dev.securesession.internal.message.EstablishedSession;
import dev.securesession.internal.state.SavedHandshake;
import dev.securesession.internal.wire.HandshakeMessage;
import org.jspecify.annotations.Nullable;

/** A complete handshake. Its session belongs to the caller; a repeated last message gets the same answer again. */
final class Finished implements HandshakeState {
    private final EstablishedSession session;
    private final byte[] lastMessage;
    private final byte @Nullable [] answer;

    Finished(EstablishedSession session, byte[] lastMessage, byte @Nullable [] answer) {
        this.session = session;
        this.lastMessage = lastMessage;
        this.answer = answer;
    }

    /** Refuses a late copy of an earlier message like any other message: the network has made it, not the caller. */
    @Override
    public HandshakeState onMessage(byte[] message) throws HandshakeException {
        if (HandshakeMessage.isRepetition(message, lastMessage)) {
            return this;
        }
        throw new HandshakeException(
                Reason.MALFORMED,
                "the handshake is over, and the message does not repeat its last one; pass messages to the session");
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
