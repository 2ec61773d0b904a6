package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.PeerId;
import dev.securesession.Role;
import dev.securesession.internal.codec.MalformedException;
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
import dev.securesession.internal.wire.ServerConfirmation;

/** A server that has answered message 1 and waits for message 3. */
final class ExpectClientConfirm implements HandshakeState {
    private final HandshakeSettings settings;
    private final Introduction request;
    private final EcPublicKey clientKey;
    private final EphemeralKey ephemeral;
    private final byte[] reply;

    ExpectClientConfirm(
            HandshakeSettings settings,
            Introduction request,
            EcPublicKey clientKey,
            EphemeralKey ephemeral,
            byte[] reply) {
        this.settings = settings;
        this.request = request;
        this.clientKey = clientKey;
        this.ephemeral = ephemeral;
        this.reply = reply;
    }

    @Override
    public Transition onMessage(byte[] message) throws HandshakeException {
        ClientConfirmation confirmation;
        try {
            confirmation = ClientConfirmation.parse(message);
        } catch (MalformedException e) {
            throw Checks.malformed(e);
        }
        Transcript transcript = new Transcript(
                request.ephemeral(), KeyContainer.write(ephemeral.publicKey()), request.id(), settings.ownId);
        Checks.signature(settings, request.id(), clientKey, confirmation.signature(), transcript.signedByClient());
        Secret shared = settings.crypto.agree(ephemeral, request.ephemeralKey());
        SessionSecrets secrets = transcript.secrets(settings.crypto, shared);
        try {
            byte[] expected = secrets.confirmation(transcript.serverEphemeral());
            Checks.confirmation(request.id(), expected, confirmation.mac());
            byte[] own = secrets.confirmation(transcript.clientEphemeral());
            EstablishedSession.Peer peer = new EstablishedSession.Peer(
                    request.id(), KeyContainer.fingerprint(clientKey), transcript.hash(clientKey, settings.ownKey));
            EstablishedSession session =
                    EstablishedSession.of(settings.messageRules, Role.SERVER, peer, secrets, settings.retention);
            ephemeral.destroy();
            return Transition.to(new Finished(session), ServerConfirmation.write(own));
        } finally {
            secrets.wipe();
        }
    }

    @Override
    public PeerId peer() {
        return request.id();
    }

    @Override
    public SavedHandshake save() {
        return Saving.of(
                settings,
                Stage.EXPECT_CLIENT_CONFIRM,
                ephemeral.scalar(),
                request.message(),
                reply,
                KeyContainer.write(clientKey));
    }

    @Override
    public void wipe() {
        ephemeral.destroy();
    }
}
