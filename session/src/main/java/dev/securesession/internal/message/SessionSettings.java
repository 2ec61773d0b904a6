package dev.securesession.internal.message;

import dev.securesession.Delivery;
import dev.securesession.PeerId;
import dev.securesession.internal.crypto.AesGcm;
import dev.securesession.internal.crypto.CryptoSuite;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.SigningKey;
import java.time.Clock;
import java.util.function.Consumer;

/**
 * The settings of all handshakes and sessions of one configuration: the local identity, the cryptography, the clock and
 * the limits of the rules.
 *
 * <p>Immutable once it is in use: only {@link #with} assigns fields, in a copy to which nothing else refers yet.
 */
public final class SessionSettings {
    /** The clock tolerance of sessions that do not check timestamps. */
    public static final long NO_TIMESTAMP_CHECK = -1;

    private static final int MILLIS_PER_SECOND = 1000;
    private static final long SECONDS_PER_DAY = 86_400;

    public final PeerId ownId;
    public final EcPublicKey ownKey;
    public CryptoSuite crypto;
    public SigningKey signingKey;
    public Clock clock;
    public Delivery delivery = Delivery.UNORDERED;
    public int replayWindow = 1024;
    public long clockToleranceSeconds = SECONDS_PER_DAY;
    public long failureLimit = 1L << 36;
    public boolean crossesWrap;
    public boolean allowsSelf;
    public boolean keepsMaster;

    /** Returns the defaults for a local identity. */
    public SessionSettings(PeerId ownId, EcPublicKey ownKey, CryptoSuite crypto, SigningKey signingKey, Clock clock) {
        this.ownId = ownId;
        this.ownKey = ownKey;
        this.crypto = crypto;
        this.signingKey = signingKey;
        this.clock = clock;
    }

    private SessionSettings(SessionSettings other) {
        this(other.ownId, other.ownKey, other.crypto, other.signingKey, other.clock);
        delivery = other.delivery;
        replayWindow = other.replayWindow;
        clockToleranceSeconds = other.clockToleranceSeconds;
        failureLimit = other.failureLimit;
        crossesWrap = other.crossesWrap;
        allowsSelf = other.allowsSelf;
        keepsMaster = other.keepsMaster;
    }

    /** Returns a modified copy. */
    public SessionSettings with(Consumer<SessionSettings> change) {
        SessionSettings copy = new SessionSettings(this);
        change.accept(copy);
        return copy;
    }

    AesGcm aead() {
        return crypto.aead();
    }

    /** Returns the seconds since 1970. */
    long now() {
        return Math.floorDiv(clock.millis(), MILLIS_PER_SECOND);
    }

    /** Tells whether a timestamp is within the tolerance of our clock, both limits included (PROTOCOL.md D-5). */
    boolean isTimely(long timestamp) {
        if (clockToleranceSeconds == NO_TIMESTAMP_CHECK) {
            return true;
        }
        // A timestamp of 2^63 or more reads as negative; our clock is never near it.
        long now = now();
        return timestamp >= 0 && timestamp >= now - clockToleranceSeconds && timestamp <= now + clockToleranceSeconds;
    }
}
