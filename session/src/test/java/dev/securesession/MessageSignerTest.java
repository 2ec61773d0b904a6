package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.securesession.SignatureRejectedException.Reason;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Mutations;
import dev.securesession.testkit.TestKeys;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Signed messages: docs/signed-and-sealed-messages.md. */
class MessageSignerTest {
    private static final byte[] MESSAGE = "transfer 5 to bob".getBytes(UTF_8);
    private static final int HEADER = 12;

    private final IdentityKeyPair keys = TestKeys.pair(1);
    private final MessageSigner signer = MessageSigner.of(keys.privateKey());
    private final MessageVerifier verifier = MessageVerifier.of(keys.publicKey());

    @Test
    void verifiesWhatTheReferenceSigned() throws Exception {
        MessagePage page = MessagePage.below("Signed messages");

        assertThat(MessageVerifier.of(page.publicKey("public")).verify(page.bytes("signed")))
                .isEqualTo(page.bytes("message"));
        assertThat(page.privateKey("private").publicKey()).isEqualTo(page.publicKey("public"));
    }

    @Test
    void layoutIsTheOneOfTheSpecification() {
        byte[] signed = signer.sign(MESSAGE);
        ByteBuffer fields = ByteBuffer.wrap(signed).order(ByteOrder.LITTLE_ENDIAN);

        assertThat(Arrays.copyOf(signed, 4)).containsExactly(0x20, 0x26, 0x04, 0x26);
        assertThat(fields.getInt(4)).isEqualTo(MESSAGE.length);
        assertThat(fields.getInt(8)).isEqualTo(signed.length - HEADER - MESSAGE.length);
        assertThat(Arrays.copyOfRange(signed, HEADER, HEADER + MESSAGE.length)).isEqualTo(MESSAGE);
    }

    @ParameterizedTest
    @EnumSource
    @Rule(value = "C-7", kind = ACCEPTS)
    void verifiesWhatItSigned(Curve curve) throws Exception {
        IdentityKeyPair pair = IdentityKeyPair.generate(curve);
        MessageVerifier own = MessageVerifier.of(pair.publicKey());

        for (int length : new int[] {1, 2, 100, 100_000}) {
            byte[] message = Crafted.random(length);
            byte[] signed = MessageSigner.of(pair.privateKey()).sign(message);
            assertThat(own.verify(signed)).isEqualTo(message);
        }
        int most = HEADER + 1 + (curve == Curve.P256 ? 72 : curve == Curve.P384 ? 104 : 139);
        assertThat(MessageSigner.of(pair.privateKey()).sign(new byte[1])).hasSizeLessThanOrEqualTo(most);
    }

    @Test
    void signsWithAKeyThatStaysWhereItIs() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair pair = generator.generateKeyPair();
        IdentityPublicKey publicKey = IdentityPublicKey.ofJca(pair.getPublic());
        LocalIdentity identity = LocalIdentity.of(PeerId.ofUtf8("any"), pair.getPrivate(), publicKey);

        byte[] signed = MessageSigner.of(identity, CryptoProviders.platform()).sign(MESSAGE);
        assertThat(MessageVerifier.of(publicKey, CryptoProviders.platform()).verify(signed))
                .isEqualTo(MESSAGE);
    }

    @Test
    void ignoresTrailingBytes() throws Exception {
        byte[] signed = signer.sign(MESSAGE);

        assertThat(verifier.verify(Arrays.copyOf(signed, signed.length + 3))).isEqualTo(MESSAGE);
    }

    @Test
    void refusesEveryDamage() {
        byte[] signed = signer.sign(MESSAGE);
        for (Mutations.Mutation mutation : Mutations.of(signed)) {
            if (Arrays.equals(Arrays.copyOf(mutation.bytes(), signed.length), signed)) {
                continue; // Bytes were only put behind it: those are ignored.
            }
            assertThatExceptionOfType(SignatureRejectedException.class)
                    .as(mutation.name())
                    .isThrownBy(() -> verifier.verify(mutation.bytes()));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 8})
    void refusesLengthsThatDoNotFit(int field) {
        byte[] signed = signer.sign(MESSAGE);
        for (int length :
                new int[] {0, 1, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, signed.length, signed.length - 12}) {
            byte[] changed = signed.clone();
            ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putInt(field, length);
            assertThatExceptionOfType(SignatureRejectedException.class)
                    .as("length %d at %d", length, field)
                    .isThrownBy(() -> verifier.verify(changed));
        }
        byte[] both = signed.clone();
        ByteBuffer.wrap(both).order(ByteOrder.LITTLE_ENDIAN).putInt(4, -1).putInt(8, -1);
        assertReason(both, Reason.MALFORMED);
    }

    @Test
    void refusesAnotherSignerAndAnotherCurve() {
        byte[] signed = signer.sign(MESSAGE);
        for (IdentityPublicKey other : new IdentityPublicKey[] {
            TestKeys.pair(2).publicKey(),
            IdentityKeyPair.generate(Curve.P384).publicKey(),
            IdentityKeyPair.generate(Curve.P521).publicKey()
        }) {
            assertThatExceptionOfType(SignatureRejectedException.class)
                    .isThrownBy(() -> MessageVerifier.of(other).verify(signed))
                    .matches(e -> e.reason() == Reason.NOT_AUTHENTIC)
                    .withMessageContaining(other.toString());
        }
    }

    @Test
    void refusesTheSignatureOfAnotherMessage() {
        byte[] signed = signer.sign(MESSAGE);
        byte[] other = signer.sign("transfer 9 to bob".getBytes(UTF_8));
        byte[] mixed = Arrays.copyOf(other, HEADER + MESSAGE.length + signed[8]);
        mixed[8] = signed[8];
        System.arraycopy(signed, HEADER + MESSAGE.length, mixed, HEADER + MESSAGE.length, signed[8]);

        assertReason(mixed, Reason.NOT_AUTHENTIC);
    }

    @Test
    void namesOtherTypes() {
        byte[] signed = signer.sign(MESSAGE);
        byte[] rsa = signed.clone();
        rsa[0] = 0x10;
        assertReason(rsa, Reason.WRONG_KIND);
        byte[] sealed = PairwiseSealer.of(keys.privateKey(), keys.publicKey()).seal(MESSAGE);
        assertReason(sealed, Reason.MALFORMED);
        byte[] bigEndian = signed.clone();
        ByteBuffer.wrap(bigEndian).putInt(0x2604_2620);
        assertReason(bigEndian, Reason.MALFORMED);
        assertReason(new byte[0], Reason.MALFORMED);
    }

    @Test
    void refusesAnEmptyMessage() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> signer.sign(new byte[0]))
                .withMessageContaining("at least 1 byte");
    }

    /** The first message of a handshake is signed over the ephemeral key alone, the others over two of them and the ids. */
    @Test
    @Rule(value = "C-7", kind = REFUSES)
    void signsNothingThatAHandshakeSigns() {
        byte[] compressed = TestKeys.pair(2).publicKey().encode();
        byte[] uncompressed = TestKeys.pair(3).publicKey().encodeUncompressed();
        for (byte[] message : new byte[][] {
            compressed,
            uncompressed,
            joined(compressed, uncompressed, "alice".getBytes(UTF_8), "bob".getBytes(UTF_8)),
            joined(uncompressed, compressed, "bob".getBytes(UTF_8), "alice".getBytes(UTF_8)),
            joined(compressed, new byte[1]),
            joined("UEC2".getBytes(UTF_8), new byte[] {0, 0, 0, 12, 0, 0, 0, 0})
        }) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> signer.sign(message))
                    .withMessageContaining("C-7");
        }
    }

    /** A handshake message has everything that is needed to make one: the key that was signed, and the signature. */
    @Test
    @Rule(value = "C-7", kind = REFUSES)
    void refusesTheSignatureOfAHandshake() throws Exception {
        IdentityPrivateKey privateKey = keys.privateKey();
        PeerId id = PeerId.ofUtf8("alice");
        byte[] first;
        try (Handshake handshake =
                Handshake.clientAcceptingAnyKnownPeer(SessionConfig.askingForKeys(LocalIdentity.of(id, privateKey)))) {
            first = handshake.start();
        }
        int keyAt = 24 + id.toBytes().length;
        byte[] ephemeral = Arrays.copyOfRange(first, keyAt, keyAt + 45);
        byte[] signature = Arrays.copyOfRange(first, keyAt + 45, first.length);
        byte[] header = ByteBuffer.allocate(HEADER)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0x2604_2620)
                .putInt(ephemeral.length)
                .putInt(signature.length)
                .array();
        byte[] disguised = joined(header, ephemeral, signature);

        assertThat(CryptoProviders.platform()
                        .suite()
                        .ecdsa()
                        .verify(keys.publicKey().key(), signature, ephemeral))
                .isTrue();
        assertReason(disguised, Reason.HANDSHAKE_INPUT);
    }

    /** Nothing more is refused than what could be confused. */
    @Test
    @Rule(value = "C-7", kind = ACCEPTS)
    void signsWhatOnlyLooksSimilar() throws Exception {
        byte[] key = TestKeys.pair(2).publicKey().encode();
        byte[] longer = key.clone();
        longer[7]++;
        byte[] negative = key.clone();
        negative[4] = (byte) 0x80;
        byte[] tooSmall = key.clone();
        tooSmall[7] = 11;
        for (byte[] message : new byte[][] {
            joined(new byte[] {' '}, key),
            Arrays.copyOf(key, 11),
            Arrays.copyOf(key, key.length - 1),
            longer,
            negative,
            tooSmall,
            "UEC2".getBytes(UTF_8),
            "UEC2 is the tag of a public key on P-256".getBytes(UTF_8),
            IdentityKeyPair.generate(Curve.P384).publicKey().encode(),
            keys.privateKey().encodeSecret()
        }) {
            assertThat(verifier.verify(signer.sign(message))).isEqualTo(message);
        }
    }

    @Test
    void keepsWhatItNeedsOfTheKey() throws Exception {
        IdentityPrivateKey copy = IdentityPrivateKey.decode(keys.privateKey().encodeSecret());
        MessageSigner kept = MessageSigner.of(copy);
        copy.destroy();

        assertThat(verifier.verify(kept.sign(MESSAGE))).isEqualTo(MESSAGE);
    }

    @Test
    void describesItself() {
        assertThat(signer).hasToString("message signer of " + keys.publicKey());
        assertThat(verifier).hasToString("message verifier of " + keys.publicKey());
    }

    private void assertReason(byte[] signed, Reason reason) {
        assertThatExceptionOfType(SignatureRejectedException.class)
                .isThrownBy(() -> verifier.verify(signed))
                .matches(e -> e.reason() == reason, "reason " + reason);
    }

    private static byte[] joined(byte[]... parts) {
        return dev.securesession.internal.codec.Bytes.concat(parts);
    }
}
