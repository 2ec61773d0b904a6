package dev.securesession;

import dev.securesession.internal.crypto.CryptoSuite;
import dev.securesession.internal.message.SessionSettings;
import java.time.Clock;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What all sessions of an application have in common: the local identity, the keys of the peers, and the settings.
 *
 * <p>Instances are immutable and safe for use by several threads. Make one, share it, and derive others from it with the
 * {@code with} methods, which share what is expensive to make (keys at the provider, warm ciphers). The default settings
 * suit sessions with any peer over any transport; most applications change none.
 *
 * <pre>{@code
 * LocalIdentity me = LocalIdentity.of(PeerId.ofUtf8("client"), privateKey);
 * SessionConfig config = SessionConfig.of(me, PeerDirectory.of(PeerId.ofUtf8("server"), serverKey));
 * }</pre>
 */
public final class SessionConfig {
    private static final int MAX_REPLAY_WINDOW = 65_536;
    private static final Duration MAX_CLOCK_TOLERANCE = Duration.ofDays(10_000);

    private final LocalIdentity identity;
    private final @Nullable PeerDirectory directory;
    private final CryptoProviders crypto;
    private final SessionListener listener;
    private final SessionSettings settings;

    private SessionConfig(
            LocalIdentity identity,
            @Nullable PeerDirectory directory,
            CryptoProviders crypto,
            SessionListener listener,
            SessionSettings settings) {
        this.identity = identity;
        this.directory = directory;
        this.crypto = crypto;
        this.listener = listener;
        this.settings = settings;
    }

    /**
     * Returns a configuration that finds the keys of peers in a directory.
     *
     * @param identity the local identity
     * @param directory knows the public keys of peers
     * @return the configuration, with the default settings, the providers that the platform prefers and the system clock
     */
    public static SessionConfig of(LocalIdentity identity, PeerDirectory directory) {
        return create(identity, directory);
    }

    /**
     * Returns a configuration whose handshakes ask for the keys of the peer by {@link HandshakeStep.NeedPeerKey}, for
     * callers that must not wait for a directory, or that look up keys by other means.
     *
     * @param identity the local identity
     * @return the configuration, with the default settings, the providers that the platform prefers and the system clock
     */
    public static SessionConfig askingForKeys(LocalIdentity identity) {
        return create(identity, null);
    }

    private static SessionConfig create(LocalIdentity identity, @Nullable PeerDirectory directory) {
        CryptoProviders crypto = CryptoProviders.platform();
        SessionSettings settings = new SessionSettings(
                identity.id(),
                identity.publicKey().key(),
                crypto.suite(),
                identity.signingKey(crypto.suite()),
                Clock.systemUTC());
        return new SessionConfig(identity, directory, crypto, new SessionListener() {}, settings);
    }

    /**
     * Returns a copy that finds the keys of peers in another directory.
     *
     * @param other knows the public keys of peers
     * @return the copy (PROTOCOL.md H-4)
     */
    public SessionConfig withDirectory(PeerDirectory other) {
        return new SessionConfig(identity, other, crypto, listener, settings);
    }

    /**
     * Returns a copy whose handshakes ask for the keys of the peer, as those of {@link #askingForKeys} do.
     *
     * @return the copy (PROTOCOL.md H-4)
     */
    public SessionConfig withoutDirectory() {
        return new SessionConfig(identity, null, crypto, listener, settings);
    }

    /**
     * Returns a copy whose cryptography comes from other providers.
     *
     * @param other the choice of providers
     * @return the copy (PROTOCOL.md C-3)
     */
    public SessionConfig withCrypto(CryptoProviders other) {
        CryptoSuite suite = other.suite();
        SessionSettings changed = settings.with(copy -> {
            copy.crypto = suite;
            copy.signingKey = identity.signingKey(suite);
        });
        return new SessionConfig(identity, directory, other, listener, changed);
    }

    /**
     * Returns a copy that tells a listener how its handshakes and sessions change.
     *
     * @param other the only listener of the copy
     * @return the copy (PROTOCOL.md H-11)
     */
    public SessionConfig withListener(SessionListener other) {
        return new SessionConfig(identity, directory, crypto, other, settings);
    }

    /**
     * Returns a copy that takes the time from another clock.
     *
     * @param other read for every message wrapped or unwrapped; must be safe for use by several threads
     * @return the copy (PROTOCOL.md D-5)
     */
    public SessionConfig withClock(Clock other) {
        return with(copy -> copy.clock = other);
    }

    /**
     * Returns a copy for a transport with this kind of delivery.
     *
     * @param delivery {@link Delivery#UNORDERED} by default; connections over streams set {@link Delivery#ORDERED}
     *     themselves
     * @return the copy (PROTOCOL.md D-2)
     */
    public SessionConfig withDelivery(Delivery delivery) {
        return with(copy -> copy.delivery = delivery);
    }

    /**
     * Returns a copy with another replay window.
     *
     * @param messages how far below the highest number the number of a message may be, 1 to 65,536; 1,024 by default
     * @return the copy (PROTOCOL.md D-1)
     * @throws IllegalArgumentException if the number is outside its range
     */
    public SessionConfig withReplayWindow(int messages) {
        if (messages < 1 || messages > MAX_REPLAY_WINDOW) {
            throw new IllegalArgumentException(
                    "a replay window of " + messages + " messages; it must be 1 to " + MAX_REPLAY_WINDOW);
        }
        return with(copy -> copy.replayWindow = messages);
    }

    /**
     * Returns a copy with a different clock tolerance.
     *
     * @param tolerance how far the timestamp of a message may be from our clock, in whole seconds, 0 or more; a day by
     *     default, as the reference has it
     * @return the copy (PROTOCOL.md D-5)
     * @throws IllegalArgumentException if the tolerance is negative, or longer than 10,000 days
     */
    @SuppressWarnings("JavaDurationGetSecondsToToSeconds") // Android 8 has no toSeconds.
    public SessionConfig withClockTolerance(Duration tolerance) {
        if (tolerance.isNegative() || tolerance.compareTo(MAX_CLOCK_TOLERANCE) > 0) {
            throw new IllegalArgumentException(
                    "a clock tolerance of " + tolerance + "; it must be 0 to " + MAX_CLOCK_TOLERANCE);
        }
        return with(copy -> copy.clockToleranceSeconds = tolerance.getSeconds());
    }

    /**
     * Returns a copy that does not check the timestamps of messages. Replay is refused all the same.
     *
     * @return the copy (PROTOCOL.md D-5)
     */
    public SessionConfig withoutTimestampCheck() {
        return with(copy -> copy.clockToleranceSeconds = SessionSettings.NO_TIMESTAMP_CHECK);
    }

    /**
     * Returns a copy for peers that are known to continue when sequence numbers wrap at 2^32, as this library does. The
     * reference does not, so by default a session ends before that.
     *
     * @return the copy (PROTOCOL.md D-3)
     */
    public SessionConfig withSequenceWrap() {
        return with(copy -> copy.crossesWrap = true);
    }

    /**
     * Returns a copy with another limit on messages that fail authentication, after which a session unwraps no more.
     *
     * @param messages 1 or more; 2^36 by default
     * @return the copy (PROTOCOL.md D-8)
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public SessionConfig withFailureLimit(long messages) {
        if (messages < 1) {
            throw new IllegalArgumentException("a limit of " + messages + " failures; it must be 1 or more");
        }
        return with(copy -> copy.failureLimit = messages);
    }

    /**
     * Returns a copy that allows a peer with our own id and our own key, for a session of a service with itself.
     *
     * @return the copy (PROTOCOL.md H-6)
     */
    public SessionConfig withSelfAllowed() {
        return with(copy -> copy.allowsSelf = true);
    }

    /**
     * Returns a copy whose sessions keep their master secret, so that {@link SecureSession#saveUnsealedTsscCopy()} can write
     * it into the form that the reference reads. By default the master secret is wiped once the keys are derived.
     *
     * @return the copy (PROTOCOL.md M-2)
     */
    public SessionConfig withTsscExport() {
        return with(copy -> copy.keepsMaster = true);
    }

    /**
     * Returns the local identity.
     *
     * @return the identity
     */
    public LocalIdentity identity() {
        return identity;
    }

    /**
     * Tells whether handshakes ask the caller for the keys of the peer, because there is no directory.
     *
     * @return true after {@link #askingForKeys} or {@link #withoutDirectory()}
     */
    public boolean asksForKeys() {
        return directory == null;
    }

    /**
     * Tells whether peers may be the reference, whose receivers take only a narrow range of numbers and do not continue when
     * numbers wrap.
     *
     * @return true, unless it was made by {@link #withSequenceWrap()}
     */
    public boolean allowsReferencePeers() {
        return !settings.crossesWrap;
    }

    /**
     * Returns the providers of the cryptography.
     *
     * @return the choice of providers
     */
    public CryptoProviders crypto() {
        return crypto;
    }

    /**
     * Describes the configuration for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return "configuration of " + identity + ", " + crypto;
    }

    private SessionConfig with(Consumer<SessionSettings> change) {
        return new SessionConfig(identity, directory, crypto, listener, settings.with(change));
    }

    @Nullable
    PeerDirectory directory() {
        return directory;
    }

    SessionListener listener() {
        return listener;
    }

    CryptoSuite suite() {
        return settings.crypto;
    }

    SessionSettings settings() {
        return settings;
    }
}
