package dev.securesession;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.securesession.SealedDataException.Reason;
import dev.securesession.testkit.Mutations;
import dev.securesession.testkit.TestKeys;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Messages sealed between two identity keys: docs/signed-and-sealed-messages.md. */
class PairwiseSealerTest {
    private static final byte[] MESSAGE = "meet at noon".getBytes(UTF_8);

    private final IdentityKeyPair alice = TestKeys.pair(1);
    private final IdentityKeyPair bob = TestKeys.pair(2);
    private final PairwiseSealer fromAlice = PairwiseSealer.of(alice.privateKey(), bob.publicKey());
    private final PairwiseSealer toBob = PairwiseSealer.of(bob.privateKey(), alice.publicKey());

    @Test
    void opensWhatTheReferenceSealed() throws Exception {
        MessagePage page = MessagePage.below("Sealed messages with elliptic-curve keys");
        IdentityPrivateKey sender = page.privateKey("private");
        byte[] sealed = page.bytes("sealed");

        assertThat(PairwiseSealer.of(page.privateKey("and"), sender.publicKey()).unseal(sealed))
                .isEqualTo(page.bytes("message"));
        assertThat(PairwiseSealer.of(sender, page.publicKey("peer")).unseal(sealed))
                .isEqualTo(page.bytes("message"));
        assertThat(Sealer.withKey(page.bytes("shared")).unseal(Arrays.copyOfRange(sealed, 8, sealed.length)))
                .isEqualTo(page.bytes("message"));
    }

    @ParameterizedTest
    @EnumSource
    void opensWhatThePeerSealed(Curve curve) throws Exception {
        IdentityKeyPair one = IdentityKeyPair.generate(curve);
        IdentityKeyPair other = IdentityKeyPair.generate(curve);
        PairwiseSealer sender = PairwiseSealer.of(one.privateKey(), other.publicKey());
        PairwiseSealer receiver = PairwiseSealer.of(other.privateKey(), one.publicKey());

        for (int length : new int[] {1, 100, 100_000}) {
            byte[] message = Crafted.random(length);
            byte[] sealed = sender.seal(message);
            assertThat(sealed).hasSize(length + PairwiseSealer.OVERHEAD);
            assertThat(receiver.unseal(sealed)).isEqualTo(message);
            assertThat(sender.unseal(sealed)).isEqualTo(message);
        }
    }

    @Test
    void sealsEachTimeAnew() {
        assertThat(fromAlice.seal(MESSAGE)).isNotEqualTo(fromAlice.seal(MESSAGE));
    }

    @Test
    void refusesEveryDamage() {
        for (Mutations.Mutation mutation : Mutations.of(fromAlice.seal(MESSAGE))) {
            assertThatExceptionOfType(SealedDataException.class)
                    .as(mutation.name())
                    .isThrownBy(() -> toBob.unseal(mutation.bytes()));
        }
    }

    @Test
    void refusesLengthsThatDoNotFit() {
        byte[] sealed = fromAlice.seal(MESSAGE);
        for (int length : new int[] {0, 7, 8, sealed.length - 1, sealed.length + 1, -1, Integer.MIN_VALUE}) {
            byte[] changed = sealed.clone();
            ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putInt(4, length);
            assertReason(toBob, changed, Reason.MALFORMED);
        }
        assertReason(toBob, Arrays.copyOf(sealed, sealed.length + 1), Reason.MALFORMED);
        assertReason(toBob, new byte[0], Reason.MALFORMED);
        assertReason(toBob, Arrays.copyOf(sealed, 7), Reason.MALFORMED);
    }

    @Test
    void refusesOtherKeysAndOtherTypes() {
        byte[] sealed = fromAlice.seal(MESSAGE);
        assertReason(PairwiseSealer.of(bob.privateKey(), TestKeys.pair(3).publicKey()), sealed, Reason.NOT_AUTHENTIC);
        assertReason(PairwiseSealer.of(TestKeys.pair(3).privateKey(), alice.publicKey()), sealed, Reason.NOT_AUTHENTIC);
        byte[] rsa = sealed.clone();
        rsa[0] = 0x10;
        assertReason(toBob, rsa, Reason.WRONG_KIND);
        assertReason(toBob, MessageSigner.of(alice.privateKey()).sign(MESSAGE), Reason.MALFORMED);
        byte[] bigEndian = sealed.clone();
        ByteBuffer.wrap(bigEndian).putInt(0x2604_2720);
        assertReason(toBob, bigEndian, Reason.MALFORMED);
    }

    @Test
    void refusesKeysOnDifferentCurves() {
        IdentityPublicKey other = IdentityKeyPair.generate(Curve.P384).publicKey();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> PairwiseSealer.of(alice.privateKey(), other))
                .withMessageContaining("P256")
                .withMessageContaining("P384");
        assertThatIllegalArgumentException().isThrownBy(() -> fromAlice.seal(new byte[0]));
    }

    @Test
    void keepsWhatItNeedsUntilItIsDestroyed() throws Exception {
        IdentityPrivateKey copy = IdentityPrivateKey.decode(alice.privateKey().encodeSecret());
        PairwiseSealer sealer = PairwiseSealer.of(copy, bob.publicKey());
        copy.destroy();
        byte[] sealed = sealer.seal(MESSAGE);
        assertThat(toBob.unseal(sealed)).isEqualTo(MESSAGE);
        assertThat(sealer).hasToString("pairwise sealer for " + bob.publicKey());

        sealer.destroy();
        sealer.destroy();
        assertThat(sealer.isDestroyed()).isTrue();
        assertThat(sealer).hasToString("destroyed pairwise sealer for " + bob.publicKey());
        assertThatIllegalStateException().isThrownBy(() -> sealer.seal(MESSAGE));
        assertThatIllegalStateException().isThrownBy(() -> sealer.unseal(sealed));
    }

    private static void assertReason(PairwiseSealer sealer, byte[] sealed, Reason reason) {
        assertThatExceptionOfType(SealedDataException.class)
                .isThrownBy(() -> sealer.unseal(sealed))
                .matches(e -> e.reason() == reason, "reason " + reason);
    }
}
