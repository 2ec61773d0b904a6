package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.PeerId;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.message.EstablishedSession;
import dev.securesession.internal.message.MessageSealer;
import dev.securesession.internal.state.SavedHandshake;
import dev.securesession.internal.state.SavedHandshake.Stage;
import dev.securesession.internal.state.SavedSession;
import dev.securesession.internal.wire.ServerConfirmation;
import java.util.Arrays;

/** A client that has sent message 3 and waits for message 4; it may send early data already (PROTOCOL.md H-9). */
final class ExpectServerConfirm implements HandshakeState {
    private final HandshakeSettings settings;
    private final PeerId serverId;
    private final EstablishedSession session;
    private final byte[] awaited;

    ExpectServerConfirm(HandshakeSettings settings, PeerId serverId, EstablishedSession session, byte[] awaited) {
        this.settings = settings;
        this.serverId = serverId;
        this.session = session;
        this.awaited = awaited;
    }

    @Override
    public Transition onMessage(byte[] message) throws HandshakeException {
        try {
            ServerConfirmation confirmation = ServerConfirmation.parse(message);
            Checks.confirmation(serverId, awaited, confirmation.mac());
        } catch (MalformedException e) {
            throw Checks.malformed(e);
        }
        Arrays.fill(awaited, (byte) 0);
        return Transition.to(new Finished(session));
    }

    @Override
    public PeerId peer() {
        return serverId;
    }

    @Override
    public MessageSealer earlySealer() {
        return session.sealer();
    }

    @Override
    public SavedHandshake save() {
        SavedSession saved = session.save(settings.ownId, Saving.ownFingerprint(settings));
        byte[] fields = saved.write();
        saved.wipe();
        return Saving.of(settings, Stage.EXPECT_SERVER_CONFIRM, fields, awaited.clone());
    }

    @Override
    public void wipe() {
        session.close();
        Arrays.fill(awaited, (byte) 0);
    }
}
