package dev.securesession;

import dev.securesession.internal.state.SavedSession;
import dev.securesession.testkit.MovableClock;
import dev.securesession.testkit.Pair;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Both ends of a session in any state that a test wants, taken up from states as {@link SecureSession#save} writes them, and
 * a sender that knows the keys and says in its messages what it likes. No handshake, no public-key operation.
 */
final class Crafted {
    static final byte[] SESSION_ID = {(byte) 0xEA, (byte) 0x8B, (byte) 0xFB, 0x33};

    private static final StateKey KEY = StateKey.of(new byte[StateKey.LENGTH]);

    final byte[] clientKey = random(32);
    final byte[] serverKey = random(32);
    final Pair pair;

    /** The number of the client's first message. */
    int initialSequence = 1000;

    /** The index that the client uses next. */
    long nextIndex;

    /** The highest index that the server has accepted. */
    long highest = -1;

    boolean firstUnknown;
    byte[] window = {};
    long failures;

    private Crafted(Pair pair) {
        this.pair = pair;
    }

    static Crafted create() {
        return new Crafted(Pair.create());
    }

    static Crafted with(UnaryOperator<SessionConfig> options) {
        return new Crafted(Pair.create().with(options));
    }

    static Crafted with(CryptoProviders crypto) {
        return new Crafted(Pair.create()
                .withClient(config -> config.withCrypto(crypto))
                .withServer(config -> config.withCrypto(crypto)));
    }

    /** Returns the end that sends with the numbers of the fields, and receives from the beginning. */
    SecureSession client() {
        return client(pair.client());
    }

    SecureSession client(SessionConfig config) {
        SavedSession saved = saved(pair.client(), pair.server(), Role.CLIENT);
        saved.sendingKey = clientKey.clone();
        saved.sendingInitialSequence = initialSequence;
        saved.sendingNextIndex = nextIndex;
        saved.receivingKey = serverKey.clone();
        saved.receivingInitialSequence = 2_000;
        saved.receivingHighest = -1;
        return restore(saved, config);
    }

    /** Returns the end that receives with the numbers of the fields, and sends from the beginning. */
    SecureSession server() {
        SavedSession saved = saved(pair.server(), pair.client(), Role.SERVER);
        saved.sendingKey = serverKey.clone();
        saved.sendingInitialSequence = 2_000;
        saved.receivingKey = clientKey.clone();
        saved.receivingInitialSequence = initialSequence;
        saved.receivingHighest = highest;
        saved.receivingFirstUnknown = firstUnknown;
        saved.receivingWindow = window;
        saved.receivingFailures = failures;
        return restore(saved, pair.server());
    }

    MovableClock clock() {
        return pair.clock();
    }

    long now() {
        return pair.clock().instant().getEpochSecond();
    }

    /** Returns an authentic message of the client with this index, sent now. */
    byte[] message(long index, byte... payload) {
        return stating(12 + payload.length, index, now(), payload);
    }

    /** Returns an authentic message of the client that states what it is told to. */
    byte[] stating(int stated, long index, long time, byte... payload) {
        byte[] plaintext = ByteBuffer.allocate(16 + payload.length)
                .putInt(stated)
                .putInt(initialSequence + (int) index)
                .putLong(time)
                .put(payload)
                .array();
        return seal(plaintext);
    }

    private byte[] seal(byte[] plaintext) {
        try {
            byte[] nonce = random(12);
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(clientKey, "AES"), new GCMParameterSpec(128, nonce));
            return ByteBuffer.allocate(20 + plaintext.length + 16)
                    .put(SESSION_ID)
                    .put(nonce)
                    .put(random(4))
                    .put(cipher.doFinal(plaintext))
                    .array();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /** Returns length, sequence, time and payload of a message of the client. */
    ByteBuffer plaintext(byte[] message) {
        try {
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(
                    Cipher.DECRYPT_MODE,
                    new SecretKeySpec(clientKey, "AES"),
                    new GCMParameterSpec(128, Arrays.copyOfRange(message, 4, 16)));
            return ByteBuffer.wrap(cipher.doFinal(message, 20, message.length - 20));
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new SecureRandom().nextBytes(bytes);
        return bytes;
    }

    private static SavedSession saved(SessionConfig own, SessionConfig peer, Role role) {
        SavedSession saved = new SavedSession();
        saved.role = role;
        saved.sessionId = ByteBuffer.wrap(SESSION_ID).getInt();
        saved.ownId = own.identity().id().toBytes();
        saved.ownFingerprint = own.identity().publicKey().fingerprintBytes();
        saved.peerId = peer.identity().id().toBytes();
        saved.peerFingerprint = peer.identity().publicKey().fingerprintBytes();
        saved.transcriptHash = new byte[32];
        return saved;
    }

    static SecureSession restore(SavedSession saved, SessionConfig config) {
        try {
            byte[] state = KEY.seal(config.suite(), StateKey.Kind.SESSION, Settings.BINDING, saved.write());
            return SecureSession.restoreAcceptingAnyKnownPeer(state, KEY, Settings.BINDING, config);
        } catch (StateRejectedException e) {
            throw new AssertionError(e);
        }
    }
}
