package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.KeyRejectedException;
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
import dev.securesession.internal.wire.HandshakeMessage;
import dev.securesession.internal.wire.Introduction;
import dev.securesession.internal.wire.ServerConfirmation;
import java.util.Arrays;
import java.util.List;

/** A server that has answered message 1 and waits for message 3. */
final class ExpectClientConfirm implements HandshakeState {
    private final HandshakeContext context;
    private final Introduction request;
    private final EcPublicKey clientKey;
    private final EphemeralKey ephemeral;
    private final byte[] reply;

    ExpectClientConfirm(
            HandshakeContext context,
            Introduction request,
            EcPublicKey clientKey,
            EphemeralKey ephemeral,
            byte[] reply) {
        this.context = context;
        this.request = request;
        this.clientKey = clientKey;
        this.ephemeral = ephemeral;
        this.reply = reply;
    }

    @Override
    public HandshakeState onMessage(byte[] message) throws HandshakeException {
        if (HandshakeMessage.isRepetition(message, request.message())) {
            return this;
        }
        ClientConfirmation confirmation;
        try {
            confirmation = ClientConfirmation.parse(message);
        } catch (MalformedException e) {
            throw Checks.malformed(e);
        }
        Transcript transcript = new Transcript(
                request.ephemeral(), KeyContainer.write(ephemeral.publicKey()), request.id(), context.ownId());
        PeerKeys proved = PeerKeys.of(context, request.id(), List.of(clientKey));
        if (proved.find(confirmation.signature(), transcript.signedByClient()) == null) {
            throw proved.refusal();
        }
        Secret shared = context.crypto().ecdh().agree(ephemeral, request.ephemeralKey());
        SessionSecrets secrets = transcript.secrets(context.crypto(), shared);
        byte[] expected = secrets.confirmation(transcript.serverEphemeral());
        try {
            Checks.confirmation(request.id(), expected, confirmation.mac());
            EstablishedSession.Peer peer = new EstablishedSession.Peer(
                    request.id(),
                    KeyContainer.fingerprint(clientKey),
                    transcript.hash(clientKey, context.settings.ownKey));
            byte[] own = secrets.confirmation(transcript.clientEphemeral());
            EstablishedSession session = EstablishedSession.of(context.settings, Role.SERVER, peer, secrets);
            ephemeral.destroy();
            return new Finished(session, message, ServerConfirmation.write(own));
        } finally {
            Arrays.fill(expected, (byte) 0);
            secrets.wipe();
        }
    }

    @Override
    public PeerId peer() {
        return request.id();
    }

    @Override
    public byte[] peerFingerprint() {
        return KeyContainer.fingerprint(clientKey);
    }

    @Override
    public byte[] outgoing() {
        return reply;
    }

    @Override
    public SavedHandshake save() {
        return context.save(
                Stage.EXPECT_CLIENT_CONFIRM,
                ephemeral.scalar(),
                request.message(),
                reply,
                KeyContainer.write(clientKey));
    }

    static ExpectClientConfirm restore(HandshakeContext context, SavedHandshake saved) throws MalformedException {
        byte[] reply = saved.field(2);
        EcPublicKey clientKey;
        try {
            clientKey = KeyContainer.readPublic(saved.field(3));
        } catch (KeyRejectedException e) {
            throw new MalformedException("a saved handshake with a bad key: " + e.getMessage(), e);
        }
        return new ExpectClientConfirm(
                context,
                Introduction.parse(saved.field(1)),
                clientKey,
                context.restoreEphemeral(saved.field(0), reply),
                reply);
    }

    @Override
    public void wipe() {
        ephemeral.destroy();
    }
}
