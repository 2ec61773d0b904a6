package dev.securesession.internal.handshake;

import dev.securesession.KeyRejectedException;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.EphemeralKey;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.keys.KeyContainer;
import dev.securesession.internal.message.EstablishedSession;
import dev.securesession.internal.message.EstablishedSession.Peer;
import dev.securesession.internal.state.SavedHandshake;
import dev.securesession.internal.state.SavedHandshake.Stage;
import dev.securesession.internal.state.SavedSession;
import dev.securesession.internal.wire.Introduction;

/** States of a handshake to saved form and back (PROTOCOL.md S-1). */
final class Saving {
    private Saving() {}

    static SavedHandshake of(HandshakeSettings settings, Stage stage, byte[]... fields) {
        return new SavedHandshake(stage, settings.ownId.toBytes(), ownFingerprint(settings), fields);
    }

    static byte[] ownFingerprint(HandshakeSettings settings) {
        return KeyContainer.fingerprint(settings.ownKey);
    }

    static HandshakeState restore(HandshakeSettings settings, SavedHandshake saved) throws MalformedException {
        return switch (saved.stage()) {
            case CLIENT_START -> new ClientStart(settings);
            case EXPECT_CONNECT_REPLY -> connectReply(settings, saved);
            case EXPECT_SERVER_KEY -> serverKey(settings, saved);
            case EXPECT_SERVER_CONFIRM -> serverConfirm(settings, saved);
            case EXPECT_CONNECT_REQUEST -> new ExpectConnectRequest(settings);
            case EXPECT_CLIENT_KEY -> clientKey(settings, saved);
            case EXPECT_CLIENT_CONFIRM -> clientConfirm(settings, saved);
        };
    }

    private static ExpectConnectReply connectReply(HandshakeSettings settings, SavedHandshake saved)
            throws MalformedException {
        byte[] request = saved.field(1);
        return new ExpectConnectReply(settings, ephemeral(settings, saved.field(0), request), request);
    }

    private static ExpectServerKey serverKey(HandshakeSettings settings, SavedHandshake saved)
            throws MalformedException {
        return new ExpectServerKey(connectReply(settings, saved), Introduction.parse(saved.field(2)));
    }

    private static ExpectServerConfirm serverConfirm(HandshakeSettings settings, SavedHandshake saved)
            throws MalformedException {
        SavedSession savedSession = SavedSession.parse(saved.field(0));
        try {
            EstablishedSession session = EstablishedSession.restore(
                    settings.messageRules, settings.crypto, savedSession, settings.retention);
            Peer peer = session.peer();
            if (peer == null) {
                throw new MalformedException("a saved handshake without its peer");
            }
            return new ExpectServerConfirm(
                    settings, peer.id(), session, saved.field(1).clone());
        } finally {
            savedSession.wipe();
        }
    }

    private static ExpectClientKey clientKey(HandshakeSettings settings, SavedHandshake saved)
            throws MalformedException {
        return new ExpectClientKey(new ExpectConnectRequest(settings), Introduction.parse(saved.field(0)));
    }

    private static ExpectClientConfirm clientConfirm(HandshakeSettings settings, SavedHandshake saved)
            throws MalformedException {
        byte[] reply = saved.field(2);
        EcPublicKey clientKey;
        try {
            clientKey = KeyContainer.readPublic(saved.field(3));
        } catch (KeyRejectedException e) {
            throw new MalformedException("a saved handshake with a bad key: " + e.getMessage(), e);
        }
        return new ExpectClientConfirm(
                settings,
                Introduction.parse(saved.field(1)),
                clientKey,
                ephemeral(settings, saved.field(0), reply),
                reply);
    }

    /** Takes up our ephemeral key from its scalar and the message in which we sent its point. */
    private static EphemeralKey ephemeral(HandshakeSettings settings, byte[] scalarBytes, byte[] ownMessage)
            throws MalformedException {
        EcPublicKey publicKey = Introduction.parse(ownMessage).ephemeralKey();
        Secret scalar = Secret.copyOf(scalarBytes);
        try {
            return settings.crypto.restoreEphemeral(scalar, publicKey);
        } finally {
            scalar.wipe();
        }
    }
}
