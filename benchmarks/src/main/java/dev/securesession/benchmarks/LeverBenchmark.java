package dev.securesession.benchmarks;

import dev.securesession.CryptoProviders;
import dev.securesession.Handshake;
import dev.securesession.HandshakeStep;
import dev.securesession.IdentityKeyPair;
import dev.securesession.IdentityPublicKey;
import dev.securesession.KeyRejectedException;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Each optimisation of the library compared with the code without it, with the JDK's providers unless others are named. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class LeverBenchmark {
    private static final String ALGORITHM = "AES/GCM/NoPadding";
    private static final int HEADER_LENGTH = 16;
    private static final int TAG_LENGTH = 16;

    @Benchmark
    public byte[] cipherMadeForEachMessage(OneMessage message) throws GeneralSecurityException {
        return message.seal(Cipher.getInstance(ALGORITHM, message.kept.getProvider()));
    }

    @Benchmark
    public byte[] cipherKept(OneMessage message) throws GeneralSecurityException {
        return message.seal(message.kept);
    }

    @Benchmark
    public byte[] nonceDrawn(Nonces nonces) {
        nonces.random.nextBytes(nonces.own.get());
        return nonces.own.get();
    }

    @Benchmark
    public byte[] nonceCounted(Counter counter) {
        counter.nonce.putLong(4, counter.nonce.getLong(4) + 1);
        return counter.nonce.array();
    }

    @Benchmark
    public int openedInPlace(Sealed sealed) throws GeneralSecurityException {
        System.arraycopy(sealed.message, 0, sealed.work, 0, sealed.message.length);
        return sealed.open(sealed.work, sealed.work);
    }

    /** Includes copying the payload back to its place and wiping the copy. */
    @Benchmark
    public int openedThroughScratch(Sealed sealed) throws GeneralSecurityException {
        System.arraycopy(sealed.message, 0, sealed.work, 0, sealed.message.length);
        int length = sealed.open(sealed.work, sealed.scratch);
        System.arraycopy(sealed.scratch, 0, sealed.work, 0, length);
        Arrays.fill(sealed.scratch, (byte) 0);
        return length;
    }

    @Benchmark
    public HandshakeStep peerKeyDecodedForEachHandshake(Peers peers) throws Exception {
        return peers.answer(peers.decoding);
    }

    @Benchmark
    public HandshakeStep peerKeyKept(Peers peers) throws Exception {
        return peers.answer(peers.keeping);
    }

    /** A payload of 64 bytes. */
    @State(Scope.Thread)
    public static class OneMessage {
        private final SecretKeySpec key = new SecretKeySpec(new byte[32], "AES");
        private final ByteBuffer nonce = ByteBuffer.allocate(12);
        private final byte[] payload = new byte[HEADER_LENGTH + 64];
        private Cipher kept;

        @Setup
        public void open() throws Exception {
            kept = Cipher.getInstance(ALGORITHM);
        }

        private byte[] seal(Cipher cipher) throws GeneralSecurityException {
            nonce.putLong(0, nonce.getLong(0) + 1);
            cipher.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(8 * TAG_LENGTH, nonce.array()));
            return cipher.doFinal(payload);
        }
    }

    /** One random source shared by all threads, as in a program. */
    @State(Scope.Benchmark)
    public static class Nonces {
        private final SecureRandom random = new SecureRandom();
        private final ThreadLocal<byte[]> own = ThreadLocal.withInitial(() -> new byte[12]);
    }

    /** One direction of a session. */
    @State(Scope.Thread)
    public static class Counter {
        private final ByteBuffer nonce = ByteBuffer.allocate(12);
    }

    /** A message of a megabyte. */
    @State(Scope.Thread)
    public static class Sealed {
        private static final int LENGTH = (1 << 20) + HEADER_LENGTH;

        private final SecretKeySpec key = new SecretKeySpec(new byte[32], "AES");
        private final byte[] nonce = new byte[12];
        private final byte[] work = new byte[LENGTH + TAG_LENGTH];
        private final byte[] scratch = new byte[LENGTH];
        private byte[] message;
        private Cipher cipher;

        @Setup
        public void seal() throws Exception {
            CryptoProviders.platform().warmUp();
            cipher = Cipher.getInstance(ALGORITHM);
            cipher.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(8 * TAG_LENGTH, nonce));
            message = cipher.doFinal(new byte[LENGTH]);
        }

        private int open(byte[] from, byte[] to) throws GeneralSecurityException {
            cipher.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(8 * TAG_LENGTH, nonce));
            return cipher.doFinal(from, 0, message.length, to, 0);
        }
    }

    /** The server's work on message 1, which is received repeatedly. */
    @State(Scope.Thread)
    public static class Peers {
        @Param({"JDK", "BOUNCY_CASTLE", "CORRETTO"})
        ProviderSet providers;

        private SessionConfig decoding;
        private SessionConfig keeping;
        private byte[] message1;

        @Setup
        public void meet() {
            PeerId clientId = PeerId.ofUtf8("client");
            IdentityKeyPair clientKeys = IdentityKeyPair.generate();
            LocalIdentity server = LocalIdentity.of(
                    PeerId.ofUtf8("server"), IdentityKeyPair.generate().privateKey());
            byte[] container = clientKeys.publicKey().encode();
            decoding =
                    SessionConfig.of(server, id -> List.of(decode(container))).withCrypto(providers.providers());
            keeping = SessionConfig.of(server, PeerDirectory.of(clientId, clientKeys.publicKey()))
                    .withCrypto(providers.providers());
            message1 = Handshake.clientAcceptingAnyKnownPeer(
                            SessionConfig.askingForKeys(LocalIdentity.of(clientId, clientKeys.privateKey())))
                    .start();
        }

        private static IdentityPublicKey decode(byte[] container) {
            try {
                return IdentityPublicKey.decode(container);
            } catch (KeyRejectedException e) {
                throw new AssertionError(e);
            }
        }

        private HandshakeStep answer(SessionConfig config) throws Exception {
            try (Handshake handshake = Handshake.server(config)) {
                return handshake.receive(message1);
            }
        }
    }
}
