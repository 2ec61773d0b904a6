package dev.securesession;

import dev.securesession.internal.crypto.CryptoSuite;
import dev.securesession.internal.crypto.SigningKey;
import dev.securesession.internal.handshake.HandshakeSettings;
import dev.securesession.internal.message.EstablishedSession.Retention;
import dev.securesession.internal.message.MessageRules;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What all sessions of a peer have in common: who we are, how we find the keys of others, and the settings.
 *
 * <p>Instances are immutable and safe for use by several threads. Make one, share it, and derive others from it with the
 * {@code with} methods: what was made on the way (keys at the provider, warm ciphers) is shared.
 *
 * <pre>{@code
 * LocalIdentity me = LocalIdentity.of(PeerId.ofUtf8("client"), privateKey);
 * SessionConfig config = SessionConfig.of(me, PeerDirectory.of(PeerId.ofUtf8("server"), serverKey));
 * }</pre>
 */
public final class SessionConfig {
    private final LocalIdentity identity;
    private final @Nullable PeerDirectory directory;
    private final @Nullable PeerId expectedPeer;
    private final SessionOptions options;
    private final CryptoProviders crypto;
    private final SigningKey signingKey;
    private final Clock clock;
    private final SessionListener listener;
    private final HandshakeSettings settings;

    private SessionConfig(
            LocalIdentity identity,
            @Nullable PeerDirectory directory,
            @Nullable PeerId expectedPeer,
            SessionOptions options,
            CryptoProviders crypto,
            SigningKey signingKey,
            Clock clock,
            SessionListener listener) {
        this.identity = identity;
        this.directory = directory;
        this.expectedPeer = expectedPeer;
        this.options = options;
        this.crypto = crypto;
        this.signingKey = signingKey;
        this.clock = clock;
        this.listener = listener;
        this.settings = settings();
    }

    /**
     * Returns a configuration that finds the keys of peers in a directory.
     *
     * @param identity who we are
     * @param directory knows the public keys of peers
     * @return the configuration, with the default options, the providers that the platform prefers and the system clock
     */
    public static SessionConfig of(LocalIdentity identity, PeerDirectory directory) {
        return create(identity, directory);
    }

    /**
     * Returns a configuration whose handshakes ask for the key of the peer by {@link HandshakeStep.NeedPeerKey}, for
     * callers that must not wait for a directory, or that look up the key by other means.
     *
     * @param identity who we are
     * @return the configuration, with the default options, the providers that the platform prefers and the system clock
     */
    public static SessionConfig askingForKeys(LocalIdentity identity) {
        return create(identity, null);
    }

    private static SessionConfig create(LocalIdentity identity, @Nullable PeerDirectory directory) {
        CryptoProviders crypto = CryptoProviders.platform();
        return new SessionConfig(
                identity,
                directory,
                null,
                SessionOptions.defaults(),
                crypto,
                identity.signingKey(crypto.suite()),
                Clock.systemUTC(),
                new SessionListener() {});
    }

    /**
     * Returns a copy that accepts only this peer. A client should always say whom it expects: a key in the directory
     * proves that the peer is one of those we know, not that it is the one we meant.
     *
     * @param peer the only id that is accepted
     * @return the copy (PROTOCOL.md H-5)
     */
    public SessionConfig withExpectedPeer(PeerId peer) {
        return new SessionConfig(identity, directory, peer, options, crypto, signingKey, clock, listener);
    }

    /**
     * Returns a copy with other options.
     *
     * @param other all options of the copy
     * @return the copy
     */
    public SessionConfig withOptions(SessionOptions other) {
        return new SessionConfig(identity, directory, expectedPeer, other, crypto, signingKey, clock, listener);
    }

    /**
     * Returns a copy whose cryptography other providers do.
     *
     * @param other the choice of providers
     * @return the copy (PROTOCOL.md C-3)
     */
    public SessionConfig withCrypto(CryptoProviders other) {
        SigningKey key = identity.signingKey(other.suite());
        return new SessionConfig(identity, directory, expectedPeer, options, other, key, clock, listener);
    }

    /**
     * Returns a copy that takes the time from another clock.
     *
     * @param other read for every message wrapped or unwrapped; must be safe for use by several threads
     * @return the copy (PROTOCOL.md D-5)
     */
    public SessionConfig withClock(Clock other) {
        return new SessionConfig(identity, directory, expectedPeer, options, crypto, signingKey, other, listener);
    }

    /**
     * Returns a copy that tells a listener how its handshakes and sessions change.
     *
     * @param other the only listener of the copy
     * @return the copy (PROTOCOL.md H-11)
     */
    public SessionConfig withListener(SessionListener other) {
        return new SessionConfig(identity, directory, expectedPeer, options, crypto, signingKey, clock, other);
    }

    /**
     * Returns who we are.
     *
     * @return the identity
     */
    public LocalIdentity identity() {
        return identity;
    }

    /**
     * Returns the only peer that is accepted.
     *
     * @return its id, or empty if any peer with a known key is
     */
    public Optional<PeerId> expectedPeer() {
        return Optional.ofNullable(expectedPeer);
    }

    /**
     * Tells whether handshakes ask the caller for the key of the peer, for want of a directory.
     *
     * @return true if it was made by {@link #askingForKeys}
     */
    public boolean asksForKeys() {
        return directory == null;
    }

    /**
     * Returns the options.
     *
     * @return all options
     */
    public SessionOptions options() {
        return options;
    }

    /**
     * Returns who does the cryptography.
     *
     * @return the choice of providers
     */
    public CryptoProviders crypto() {
        return crypto;
    }

    @Nullable
    PeerDirectory directory() {
        return directory;
    }

    SessionListener listener() {
        return listener;
    }

    CryptoSuite suite() {
        return crypto.suite();
    }

    HandshakeSettings handshakeSettings() {
        return settings;
    }

    MessageRules messageRules() {
        return settings.messageRules();
    }

    private HandshakeSettings settings() {
        Duration tolerance = options.clockTolerance();
        MessageRules rules = new MessageRules(
                suite().aead(),
                clock,
                options.replayWindow(),
                tolerance == null ? MessageRules.ANY_TIME : tolerance,
                options.delivery() == Delivery.ORDERED,
                options.sequenceWrap(),
                options.failureLimit());
        return new HandshakeSettings(
                suite(),
                identity.id(),
                identity.publicKey().key(),
                signingKey,
                expectedPeer,
                options.selfAllowed(),
                rules,
                retention());
    }

    Retention retention() {
        return options.tsscExport() ? Retention.KEEP_MASTER : Retention.DROP_MASTER;
    }
}
