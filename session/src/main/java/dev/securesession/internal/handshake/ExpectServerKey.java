package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.HandshakeException.Reason;
import dev.securesession.PeerId;
import dev.securesession.Role;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.keys.KeyContainer;
import dev.securesession.internal.message.EstablishedSession;
import dev.securesession.internal.message.SessionSecrets;
import dev.securesession.internal.state.SavedHandshake;
import dev.securesession.internal.state.SavedHandshake.Stage;
import dev.securesession.internal.wire.ClientConfirmation;
import dev.securesession.internal.wire.Introduction;
import java.util.List;

/** A client that has received message 2 and needs the identity keys of the id that it claims. */
final class ExpectServerKey implements HandshakeState {
    private final ExpectConnectReply before;
    private final HandshakeContext context;
    private final Introduction reply;

    ExpectServerKey(ExpectConnectReply before, Introduction reply) {
        this.before = before;
        this.context = before.context;
        this.reply = reply;
    }

    /** Ignores messages during the key look-up: they cannot be checked yet, and the peer repeats them (PROTOCOL.md H-3). */
    @Override
    public HandshakeState onMessage(byte[] message) {
        return this;
    }

    @Override
    public HandshakeState onPeerKeys(List<EcPublicKey> keys) throws HandshakeException {
        Transcript transcript = new Transcript(
                KeyContainer.write(before.ephemeral.publicKey()), reply.ephemeral(), context.ownId(), reply.id());
        EcPublicKey serverKey = verifiedKey(keys, transcript);

        byte[] signature = context.settings.signingKey.sign(transcript.signedByClient());
        Secret shared = context.crypto().ecdh().agree(before.ephemeral, reply.ephemeralKey());
        SessionSecrets secrets = transcript.secrets(context.crypto(), shared);
        try {
            byte[] confirmation = secrets.confirmation(transcript.serverEphemeral());
            byte[] expected = secrets.confirmation(transcript.clientEphemeral());
            EstablishedSession.Peer peer = new EstablishedSession.Peer(
                    reply.id(),
                    KeyContainer.fingerprint(serverKey),
                    transcript.hash(context.settings.ownKey, serverKey));
            EstablishedSession session = EstablishedSession.of(context.settings, Role.CLIENT, peer, secrets);
            before.ephemeral.destroy();
            return new ExpectServerConfirm(
                    context,
                    reply.id(),
                    session,
                    expected,
                    reply.message(),
                    ClientConfirmation.write(signature, confirmation));
        } finally {
            secrets.wipe();
        }
    }

    private EcPublicKey verifiedKey(List<EcPublicKey> keys, Transcript transcript) throws HandshakeException {
        PeerKeys candidates = PeerKeys.of(context, reply.id(), keys);
        EcPublicKey verified = candidates.find(reply.signature(), transcript.signedByServer());
        if (verified != null) {
            return verified;
        }
        if (candidates.find(reply.signature(), reply.ephemeral()) != null) {
            throw new HandshakeException(
                    Reason.SIMULTANEOUS_OPEN,
                    "the peer " + reply.id() + " opened a handshake as a client at the same time; one of the two"
                            + " must be the server",
                    reply.id());
        }
        throw candidates.refusal();
    }

    @Override
    public HandshakeState afterRefusal() {
        return before;
    }

    @Override
    public PeerId awaitsKeysOf() {
        return reply.id();
    }

    @Override
    public SavedHandshake save() {
        return context.save(Stage.EXPECT_SERVER_KEY, before.ephemeral.scalar(), before.request, reply.message());
    }

    static ExpectServerKey restore(HandshakeContext context, SavedHandshake saved) throws MalformedException {
        return new ExpectServerKey(ExpectConnectReply.restore(context, saved), Introduction.parse(saved.field(2)));
    }

    @Override
    public void wipe() {
        before.wipe();
    }
}
