package dev.securesession.interop;

import static dev.securesession.interop.Refusals.assertRefused;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.SealedDataException.Reason;
import dev.securesession.Sealer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Sealed data that one implementation writes and the other one reads (PROTOCOL.md, section 11). */
@ExtendWith(ReferencePeer.class)
class SealedDataTest {
    private static final byte[] CONTEXT = "session of alice".getBytes(UTF_8);
    private static final byte[] OTHER_CONTEXT = "session of bob".getBytes(UTF_8);
    private static final byte[] NO_CONTEXT = {};
    private static final List<byte[]> CONTEXTS = List.of(CONTEXT, new byte[] {0}, new byte[10_000]);

    private final ForeignPeer peer;
    private final Random random = new Random(6);

    SealedDataTest(ForeignPeer peer) {
        this.peer = peer;
    }

    @Test
    void eachOpensWhatTheOtherHasSealedWithAKey() throws Exception {
        for (int keyLength : new int[] {1, 16, 31, 32, 33, 64, 65, 1000}) {
            byte[] key = Damage.random(random, keyLength);
            Sealer sealer = Sealer.withKey(key);
            for (int length : new int[] {1, 2, 16, 60, 1000, 65_536, 1 << 20}) {
                byte[] plaintext = Damage.random(random, length);
                assertThat(peer.unseal(key, sealer.seal(plaintext))).isEqualTo(plaintext);
                assertThat(sealer.unseal(peer.seal(key, plaintext))).isEqualTo(plaintext);
            }
            for (byte[] context : CONTEXTS) {
                byte[] plaintext = Damage.random(random, 60);
                assertThat(peer.unseal(key, sealer.seal(plaintext, context), context))
                        .isEqualTo(plaintext);
                assertThat(sealer.unseal(peer.seal(key, plaintext, context), context))
                        .isEqualTo(plaintext);
            }
        }
    }

    @Test
    void anEmptyContextIsNone() throws Exception {
        byte[] key = Damage.random(random, 32);
        Sealer sealer = Sealer.withKey(key);
        assertThat(peer.unseal(key, sealer.seal(CONTEXT, NO_CONTEXT))).isEqualTo(CONTEXT);
        assertThat(peer.unseal(key, sealer.seal(CONTEXT), NO_CONTEXT)).isEqualTo(CONTEXT);
        assertThat(sealer.unseal(peer.seal(key, CONTEXT, NO_CONTEXT))).isEqualTo(CONTEXT);
        assertThat(sealer.unseal(peer.seal(key, CONTEXT), NO_CONTEXT)).isEqualTo(CONTEXT);
    }

    @Test
    void eachOpensWhatTheOtherHasSealedWithAPassphrase() throws Exception {
        for (String passphrase : List.of("x", "correct horse battery staple", "Paßwort \u2192 \uD83D\uDD11")) {
            byte[] bytes = passphrase.getBytes(UTF_8);
            Sealer sealer = Sealer.withPassphrase(passphrase.toCharArray());
            byte[] plaintext = Damage.random(random, 1000);
            assertThat(peer.unsealWithPassphrase(bytes, sealer.seal(plaintext))).isEqualTo(plaintext);
            assertThat(sealer.unseal(peer.sealWithPassphrase(bytes, plaintext))).isEqualTo(plaintext);
            assertThat(peer.unsealWithPassphrase(bytes, sealer.seal(plaintext, CONTEXT), CONTEXT))
                    .isEqualTo(plaintext);
            assertThat(sealer.unseal(peer.sealWithPassphrase(bytes, plaintext, CONTEXT), CONTEXT))
                    .isEqualTo(plaintext);
        }
    }

    @Test
    void neitherOpensWithAnotherKeyOrContext() throws Exception {
        byte[] key = Damage.random(random, 32);
        byte[] otherKey = Damage.flipped(key, 31);
        byte[] plaintext = Damage.random(random, 60);
        byte[] ours = Sealer.withKey(key).seal(plaintext, CONTEXT);
        assertRefused("another key", () -> peer.unseal(otherKey, ours, CONTEXT), "FAIL");
        assertRefused("another context", () -> peer.unseal(key, ours, OTHER_CONTEXT), "FAIL");
        assertRefused("no context", () -> peer.unseal(key, ours), "FAIL");
        byte[] theirs = peer.seal(key, plaintext, CONTEXT);
        assertRefused(Reason.NOT_AUTHENTIC, () -> Sealer.withKey(otherKey).unseal(theirs, CONTEXT));
        assertRefused(Reason.NOT_AUTHENTIC, () -> Sealer.withKey(key).unseal(theirs, OTHER_CONTEXT));
        assertRefused(Reason.NOT_AUTHENTIC, () -> Sealer.withKey(key).unseal(theirs));
    }

    @Test
    void neitherOpensWithAnotherPassphraseOrContext() throws Exception {
        char[] passphrase = "correct horse".toCharArray();
        byte[] bytes = "correct horse".getBytes(UTF_8);
        byte[] otherBytes = "correct house".getBytes(UTF_8);
        byte[] plaintext = Damage.random(random, 60);
        byte[] ours = Sealer.withPassphrase(passphrase).seal(plaintext, CONTEXT);
        assertRefused("another passphrase", () -> peer.unsealWithPassphrase(otherBytes, ours, CONTEXT), "FAIL");
        assertRefused("another context", () -> peer.unsealWithPassphrase(bytes, ours, OTHER_CONTEXT), "FAIL");
        byte[] theirs = peer.sealWithPassphrase(bytes, plaintext, CONTEXT);
        assertRefused(
                Reason.NOT_AUTHENTIC,
                () -> Sealer.withPassphraseBytes(otherBytes).unseal(theirs, CONTEXT));
        assertRefused(
                Reason.NOT_AUTHENTIC, () -> Sealer.withPassphrase(passphrase).unseal(theirs, OTHER_CONTEXT));
    }

    @Test
    void neitherOpensDamagedData() throws Exception {
        byte[] key = Damage.random(random, 32);
        byte[] plaintext = Damage.random(random, 60);
        Sealer sealer = Sealer.withKey(key);
        byte[] ours = sealer.seal(plaintext);
        byte[] theirs = peer.seal(key, plaintext);
        for (int i = 0; i < ours.length; i++) {
            byte[] oursDamaged = Damage.flipped(ours, i);
            byte[] theirsDamaged = Damage.flipped(theirs, i);
            assertRefused("byte " + i, () -> peer.unseal(key, oursDamaged), "FAIL", "INVALID_PARAMETER");
            assertRefused("byte " + i, () -> sealer.unseal(theirsDamaged), "NOT_AUTHENTIC", "MALFORMED");
        }
        assertThat(peer.unseal(key, ours)).isEqualTo(plaintext);
        assertThat(sealer.unseal(theirs)).isEqualTo(plaintext);
    }
}
