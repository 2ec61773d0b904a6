package dev.securesession.internal.handshake;

import dev.securesession.KeyRejectedException;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.EphemeralKey;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.message.EstablishedSession;
import dev.securesession.internal.message.EstablishedSession.Peer;
import dev.securesession.internal.wire.Introduction;
import dev.securesession.internal.wire.KeyContainer;
import dev.securesession.internal.wire.MalformedException;
import dev.securesession.internal.wire.SavedNegotiation;
import dev.securesession.internal.wire.SavedNegotiation.Stage;
import dev.securesession.internal.wire.SavedSession;

/** States of a negotiation to saved form and back (PROTOCOL.md S-1). */
final class Saving {
    private Saving() {}

    static SavedNegotiation of(NegotiationSettings settings, Stage stage, byte[]... fields) {
        return new SavedNegotiation(stage, settings.ownId.toBytes(), ownFingerprint(settings), fields);
    }

    static byte[] ownFingerprint(NegotiationSettings settings) {
        return KeyContainer.fingerprint(settings.ownKey);
    }

    static NegotiationState restore(NegotiationSettings settings, SavedNegotiation saved) throws MalformedException {
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

    private static ExpectConnectReply connectReply(NegotiationSettings settings, SavedNegotiation saved)
            throws MalformedException {
        byte[] request = saved.field(1);
        return new ExpectConnectReply(settings, ephemeral(settings, saved.field(0), request), request);
    }

    private static ExpectServerKey serverKey(NegotiationSettings settings, SavedNegotiation saved)
            throws MalformedException {
        return new ExpectServerKey(connectReply(settings, saved), Introduction.parse(saved.field(2)));
    }

    private static ExpectServerConfirm serverConfirm(NegotiationSettings settings, SavedNegotiation saved)
            throws MalformedException {
        SavedSession savedSession = SavedSession.parse(saved.field(0));
        try {
            EstablishedSession session = EstablishedSession.restore(
                    settings.messageRules, settings.crypto, savedSession, settings.retention);
            Peer peer = session.peer();
            if (peer == null) {
                throw new MalformedException("a saved negotiation without its peer");
            }
            return new ExpectServerConfirm(
                    settings, peer.id(), session, saved.field(1).clone());
        } finally {
            savedSession.wipe();
        }
    }

    private static ExpectClientKey clientKey(NegotiationSettings settings, SavedNegotiation saved)
            throws MalformedException {
        return new ExpectClientKey(new ExpectConnectRequest(settings), Introduction.parse(saved.field(0)));
    }

    private static ExpectClientConfirm clientConfirm(NegotiationSettings settings, SavedNegotiation saved)
            throws MalformedException {
        byte[] reply = saved.field(2);
        EcPublicKey clientKey;
        try {
            clientKey = KeyContainer.readPublic(saved.field(3));
        } catch (KeyRejectedException e) {
            throw new MalformedException("a saved negotiation with a bad key: " + e.getMessage(), e);
        }
        return new ExpectClientConfirm(
                settings,
                Introduction.parse(saved.field(1)),
                clientKey,
                ephemeral(settings, saved.field(0), reply),
                reply);
    }

    /** Takes up our ephemeral key from its scalar and the message in which we sent its point. */
    private static EphemeralKey ephemeral(NegotiationSettings settings, byte[] scalarBytes, byte[] ownMessage)
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
