package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.HandshakeException.Reason;
import dev.securesession.Role;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.EphemeralKey;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.keys.KeyContainer;
import dev.securesession.internal.message.EstablishedSession;
import dev.securesession.internal.message.SessionSecrets;
import dev.securesession.internal.state.SavedHandshake;
import dev.securesession.internal.state.SavedHandshake.Stage;
import dev.securesession.internal.wire.ClientConfirmation;
import dev.securesession.internal.wire.Introduction;

/** A client that has sent message 1 and waits for message 2. */
final class ExpectConnectReply implements HandshakeState {
    private final HandshakeSettings settings;
    private final EphemeralKey ephemeral;
    private final byte[] request;

    ExpectConnectReply(HandshakeSettings settings, EphemeralKey ephemeral, byte[] request) {
        this.settings = settings;
        this.ephemeral = ephemeral;
        this.request = request;
    }

    /** Message 1 may have been lost: asked again, the client says the same again. */
    @Override
    public Transition start() {
        return Transition.to(this, request);
    }

    @Override
    public Transition onMessage(byte[] message) throws HandshakeException {
        Introduction reply = Checks.introduction(settings, message);
        Checks.notReflected(ephemeral.publicKey(), reply.ephemeralKey());
        return Transition.to(new ExpectServerKey(this, reply));
    }

    Transition onServerKey(Introduction reply, EcPublicKey serverKey) throws HandshakeException {
        Checks.notSelf(settings, reply.id(), serverKey);
        Transcript transcript = new Transcript(
                KeyContainer.write(ephemeral.publicKey()), reply.ephemeral(), settings.ownId, reply.id());
        checkSignature(reply, serverKey, transcript);

        byte[] signature = settings.signingKey.sign(transcript.signedByClient());
        Secret shared = settings.crypto.agree(ephemeral, reply.ephemeralKey());
        SessionSecrets secrets = transcript.secrets(settings.crypto, shared);
        try {
            byte[] confirmation = secrets.confirmation(transcript.serverEphemeral());
            byte[] awaited = secrets.confirmation(transcript.clientEphemeral());
            EstablishedSession.Peer peer = new EstablishedSession.Peer(
                    reply.id(), KeyContainer.fingerprint(serverKey), transcript.hash(settings.ownKey, serverKey));
            EstablishedSession session =
                    EstablishedSession.of(settings.messageRules, Role.CLIENT, peer, secrets, settings.retention);
            ephemeral.destroy();
            return Transition.to(
                    new ExpectServerConfirm(settings, peer.id(), session, awaited),
                    ClientConfirmation.write(signature, confirmation));
        } finally {
            secrets.wipe();
        }
    }

    private void checkSignature(Introduction reply, EcPublicKey serverKey, Transcript transcript)
            throws HandshakeException {
        if (settings.crypto.verify(serverKey, reply.signature(), transcript.signedByServer())) {
            return;
        }
        if (settings.crypto.verify(serverKey, reply.signature(), reply.ephemeral())) {
            throw new HandshakeException(
                    Reason.SIMULTANEOUS_OPEN,
                    "the peer " + reply.id() + " opened a handshake as a client at the same time; one of the two"
                            + " must be the server");
        }
        throw Checks.badSignature(reply.id());
    }

    HandshakeSettings settings() {
        return settings;
    }

    /** The fields of this state in its saved form. */
    byte[][] savedFields() {
        return new byte[][] {ephemeral.scalar(), request};
    }

    @Override
    public SavedHandshake save() {
        return Saving.of(settings, Stage.EXPECT_CONNECT_REPLY, savedFields());
    }

    @Override
    public void wipe() {
        ephemeral.destroy();
    }
}
