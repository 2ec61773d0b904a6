package dev.securesession.internal.handshake;

import dev.securesession.PeerId;
import dev.securesession.internal.crypto.CryptoSuite;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.SigningKey;
import dev.securesession.internal.message.EstablishedSession.Retention;
import dev.securesession.internal.message.MessageRules;
import org.jspecify.annotations.Nullable;

/** What every state of a handshake knows: who we are, whom we expect, and how things are done. */
public final class HandshakeSettings {
    final CryptoSuite crypto;
    final PeerId ownId;
    final EcPublicKey ownKey;
    final SigningKey signingKey;
    final @Nullable PeerId expectedPeer;
    final boolean selfAllowed;
    final MessageRules messageRules;
    final Retention retention;

    public HandshakeSettings(
            CryptoSuite crypto,
            PeerId ownId,
            EcPublicKey ownKey,
            SigningKey signingKey,
            @Nullable PeerId expectedPeer,
            boolean selfAllowed,
            MessageRules messageRules,
            Retention retention) {
        this.crypto = crypto;
        this.ownId = ownId;
        this.ownKey = ownKey;
        this.signingKey = signingKey;
        this.expectedPeer = expectedPeer;
        this.selfAllowed = selfAllowed;
        this.messageRules = messageRules;
        this.retention = retention;
    }

    public MessageRules messageRules() {
        return messageRules;
    }
}
