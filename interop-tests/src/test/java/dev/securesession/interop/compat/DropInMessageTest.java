package dev.securesession.interop.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.cossacklabs.themis.AsymmetricKey;
import com.cossacklabs.themis.Keypair;
import com.cossacklabs.themis.KeypairGenerator;
import com.cossacklabs.themis.PrivateKey;
import com.cossacklabs.themis.PublicKey;
import com.cossacklabs.themis.SecureMessage;
import com.cossacklabs.themis.SecureMessageWrapException;
import dev.securesession.Curve;
import dev.securesession.IdentityKeyPair;
import dev.securesession.interop.ForeignPeer;
import dev.securesession.interop.ForeignPeerException;
import dev.securesession.interop.ReferencePeer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Messages without a session, of the drop-in and of the foreign peer, each opened by the other. */
@ExtendWith(ReferencePeer.class)
class DropInMessageTest {
    private static final int MESSAGES = 200;

    private final long seed = Long.getLong("securesession.seed", System.nanoTime());
    private final Random random = new Random(seed);

    enum Kind {
        EC(AsymmetricKey.KEYTYPE_EC, "keygen", 10),
        /** Generating keys takes long, so there are fewer of them. */
        RSA(AsymmetricKey.KEYTYPE_RSA, "rsakeygen", 2);

        final int type;
        final String generate;
        final int pairs;

        Kind(int type, String generate, int pairs) {
            this.type = type;
            this.generate = generate;
            this.pairs = pairs;
        }
    }

    @BeforeEach
    void printSeed() {
        System.out.println("DropInMessageTest: -Dsecuresession.seed=" + seed);
    }

    @ParameterizedTest
    @EnumSource
    void signed(Kind kind, ForeignPeer peer) throws Exception {
        List<Keypair> pairs = pairs(kind, peer);
        for (int i = 0; i < MESSAGES; i++) {
            Keypair signer = pairs.get(random.nextInt(pairs.size()));
            byte[] message = message();
            byte[] ours = new SecureMessage(signer.getPrivateKey()).sign(message);
            byte[] theirs = ask(peer, "sign", signer.getPrivateKey().toByteArray(), message);

            assertThat(ask(peer, "verify", signer.getPublicKey().toByteArray(), ours))
                    .as("message %d of seed %d", i, seed)
                    .isEqualTo(message);
            assertThat(new SecureMessage(signer.getPublicKey()).verify(theirs))
                    .as("message %d of seed %d", i, seed)
                    .isEqualTo(message);
        }
    }

    @ParameterizedTest
    @EnumSource
    void encrypted(Kind kind, ForeignPeer peer) throws Exception {
        List<Keypair> pairs = pairs(kind, peer);
        for (int i = 0; i < MESSAGES; i++) {
            Keypair sender = pairs.get(random.nextInt(pairs.size()));
            Keypair receiver = pairs.get(random.nextInt(pairs.size()));
            byte[] message = message();
            byte[] ours = new SecureMessage(sender.getPrivateKey(), receiver.getPublicKey()).wrap(message);
            byte[] theirs = ask(
                    peer,
                    "encrypt",
                    sender.getPrivateKey().toByteArray(),
                    receiver.getPublicKey().toByteArray(),
                    message);

            assertThat(ask(
                            peer,
                            "decrypt",
                            receiver.getPrivateKey().toByteArray(),
                            sender.getPublicKey().toByteArray(),
                            ours))
                    .as("message %d of seed %d", i, seed)
                    .isEqualTo(message);
            assertThat(new SecureMessage(receiver.getPrivateKey(), sender.getPublicKey()).unwrap(theirs))
                    .as("message %d of seed %d", i, seed)
                    .isEqualTo(message);
        }
    }

    @ParameterizedTest
    @EnumSource
    void otherCurves(Curve curve, ForeignPeer peer) throws Exception {
        IdentityKeyPair alice = IdentityKeyPair.generate(curve);
        IdentityKeyPair bob = IdentityKeyPair.generate(curve);
        byte[] alicePrivate = alice.privateKey().encodeSecret();
        byte[] bobPrivate = bob.privateKey().encodeSecret();
        byte[] message = message();
        SecureMessage ours = new SecureMessage(
                new PrivateKey(alicePrivate), new PublicKey(bob.publicKey().encode()));

        assertThat(ask(peer, "verify", alice.publicKey().encode(), ours.sign(message)))
                .isEqualTo(message);
        assertThat(ask(peer, "decrypt", bobPrivate, alice.publicKey().encode(), ours.wrap(message)))
                .isEqualTo(message);
        assertThat(ours.verify(ask(peer, "sign", bobPrivate, message))).isEqualTo(message);
        assertThat(ours.unwrap(
                        ask(peer, "encrypt", bobPrivate, alice.publicKey().encode(), message)))
                .isEqualTo(message);
    }

    /** Ours refuses every damaged message of the peer; both ignore trailing bytes of a signed message. */
    @ParameterizedTest
    @EnumSource
    void refusals(Kind kind, ForeignPeer peer) throws Exception {
        Keypair pair = KeypairGenerator.generateKeypair(kind.type);
        SecureMessage ours = new SecureMessage(pair.getPrivateKey(), pair.getPublicKey());
        byte[] privateKey = pair.getPrivateKey().toByteArray();
        byte[] publicKey = pair.getPublicKey().toByteArray();
        byte[] message = message();
        byte[] signed = ask(peer, "sign", privateKey, message);
        byte[] encrypted = ask(peer, "encrypt", privateKey, publicKey, message);
        for (int i = 0; i < 40; i++) {
            byte[] damagedSigned = damaged(signed);
            assertThatExceptionOfType(SecureMessageWrapException.class).isThrownBy(() -> ours.verify(damagedSigned));
            byte[] damagedEncrypted = damaged(encrypted);
            assertThatExceptionOfType(SecureMessageWrapException.class).isThrownBy(() -> ours.unwrap(damagedEncrypted));
            assertThatExceptionOfType(ForeignPeerException.class)
                    .isThrownBy(() -> ask(peer, "decrypt", privateKey, publicKey, damagedEncrypted));
        }
        byte[] longer = Arrays.copyOf(signed, signed.length + 1);
        assertThat(ours.verify(longer)).isEqualTo(message);
        assertThat(ask(peer, "verify", publicKey, longer)).isEqualTo(message);
        byte[] longerEncrypted = Arrays.copyOf(encrypted, encrypted.length + 1);
        assertThatExceptionOfType(SecureMessageWrapException.class).isThrownBy(() -> ours.unwrap(longerEncrypted));
        assertThatExceptionOfType(ForeignPeerException.class)
                .isThrownBy(() -> ask(peer, "decrypt", privateKey, publicKey, longerEncrypted));
    }

    /** PROTOCOL.md C-7: stricter than the reference. */
    @Test
    void refusesASignedKeyThatTheReferenceSigns(ForeignPeer peer) {
        Keypair signer = KeypairGenerator.generateKeypair();
        byte[] key = KeypairGenerator.generateKeypair().getPublicKey().toByteArray();
        byte[] signed = ask(peer, "sign", signer.getPrivateKey().toByteArray(), key);

        assertThat(ask(peer, "verify", signer.getPublicKey().toByteArray(), signed))
                .isEqualTo(key);
        assertThatExceptionOfType(SecureMessageWrapException.class)
                .isThrownBy(() -> new SecureMessage(signer.getPublicKey()).verify(signed))
                .withMessageContaining("handshake");
    }

    private static List<Keypair> pairs(Kind kind, ForeignPeer peer) {
        List<Keypair> pairs = new ArrayList<>();
        for (int i = 0; i < kind.pairs; i++) {
            pairs.add(KeypairGenerator.generateKeypair(kind.type));
            List<byte[]> theirs = peer.ask(kind.generate);
            pairs.add(new Keypair(new PrivateKey(theirs.get(0)), new PublicKey(theirs.get(1))));
        }
        return pairs;
    }

    private byte[] message() {
        byte[] message = new byte[1 + random.nextInt(random.nextInt(20) == 0 ? 60_000 : 300)];
        random.nextBytes(message);
        return message;
    }

    private byte[] damaged(byte[] good) {
        byte[] damaged = good.clone();
        damaged[random.nextInt(good.length)] ^= (byte) (1 << random.nextInt(8));
        return damaged;
    }

    private static byte[] ask(ForeignPeer peer, String request, byte[]... arguments) {
        return peer.ask(
                        request,
                        Arrays.stream(arguments)
                                .map(Base64.getEncoder()::encodeToString)
                                .toArray(String[]::new))
                .get(0);
    }
}
