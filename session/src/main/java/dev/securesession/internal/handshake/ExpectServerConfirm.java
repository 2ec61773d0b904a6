package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.PeerId;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.message.EstablishedSession;
import dev.securesession.internal.message.EstablishedSession.Peer;
import dev.securesession.internal.message.MessageSealer;
import dev.securesession.internal.state.SavedHandshake;
import dev.securesession.internal.state.SavedHandshake.Stage;
import dev.securesession.internal.state.SavedSession;
import dev.securesession.internal.wire.HandshakeMessage;
import dev.securesession.internal.wire.ServerConfirmation;
import java.util.Arrays;
import java.util.function.Supplier;

/** A client that has sent message 3 and waits for message 4; it may send early data already (PROTOCOL.md H-9). */
final class ExpectServerConfirm implements HandshakeState {
    private final HandshakeContext context;
    private final PeerId serverId;
    private final EstablishedSession session;
    private final byte[] expected;
    private final byte[] reply;
    private final byte[] confirmation;

    ExpectServerConfirm(
            HandshakeContext context,
            PeerId serverId,
            EstablishedSession session,
            byte[] expected,
            byte[] reply,
            byte[] confirmation) {
        this.context = context;
        this.serverId = serverId;
        this.session = session;
        this.expected = expected;
        this.reply = reply;
        this.confirmation = confirmation;
    }

    @Override
    public HandshakeState onMessage(byte[] message) throws HandshakeException {
        if (HandshakeMessage.isRepetition(message, reply)) {
            return this;
        }
        try {
            Checks.confirmation(
                    serverId, expected, ServerConfirmation.parse(message).mac());
        } catch (MalformedException e) {
            throw Checks.malformed(e);
        }
        Arrays.fill(expected, (byte) 0);
        return new Finished(session, message, null);
    }

    @Override
    public PeerId peer() {
        return serverId;
    }

    @Override
    public byte[] peerFingerprint() {
        Peer peer = session.peer();
        return peer == null ? new byte[0] : peer.fingerprint();
    }

    @Override
    public byte[] outgoing() {
        return confirmation;
    }

    @Override
    public MessageSealer earlySealer() {
        return session.sealer();
    }

    /** Waits for another thread that seals early data. */
    @Override
    public byte[] whileIdle(Supplier<byte[]> action) {
        return session.whileIdle(action);
    }

    @Override
    public SavedHandshake save() {
        SavedSession saved = session.save(context.ownId(), context.ownFingerprint());
        try {
            return context.save(Stage.EXPECT_SERVER_CONFIRM, saved.write(), expected.clone(), reply, confirmation);
        } finally {
            saved.wipe();
        }
    }

    static ExpectServerConfirm restore(HandshakeContext context, SavedHandshake saved) throws MalformedException {
        SavedSession savedSession = SavedSession.parse(saved.field(0));
        try {
            EstablishedSession session = EstablishedSession.restore(context.settings, savedSession);
            Peer peer = session.peer();
            if (peer == null) {
                session.close();
                throw new MalformedException("a saved handshake without its peer");
            }
            return new ExpectServerConfirm(
                    context, peer.id(), session, saved.field(1).clone(), saved.field(2), saved.field(3));
        } finally {
            savedSession.wipe();
        }
    }

    @Override
    public void wipe() {
        session.close();
        Arrays.fill(expected, (byte) 0);
    }
}
