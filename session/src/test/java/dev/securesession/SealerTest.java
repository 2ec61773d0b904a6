package dev.securesession;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.securesession.SealedDataException.Reason;
import dev.securesession.testkit.Mutations;
import dev.securesession.testkit.Vectors;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sealed data: PROTOCOL.md, section 11. */
class SealerTest {
    private static final byte[] CONTEXT = "context".getBytes(UTF_8);

    private final Sealer sealer = Sealer.withKey(Crafted.random(32));

    @Test
    void opensWhatTheReferenceSealed() throws Exception {
        assertThat(Vectors.sealedWithKey()).isNotEmpty();
        for (Vectors.SealedData vector : Vectors.sealedWithKey()) {
            assertThat(open(Sealer.withKey(vector.secret()), vector)).isEqualTo(vector.plaintext());
        }
        assertThat(Vectors.sealedWithPassphrase()).isNotEmpty();
        for (Vectors.SealedData vector : Vectors.sealedWithPassphrase()) {
            assertThat(open(Sealer.withPassphraseBytes(vector.secret()), vector))
                    .isEqualTo(vector.plaintext());
            char[] text =
                    UTF_8.decode(ByteBuffer.wrap(vector.secret())).toString().toCharArray();
            assertThat(open(Sealer.withPassphrase(text), vector)).isEqualTo(vector.plaintext());
        }
    }

    /** A wrong digit in the specification would cost another implementer a day. */
    @Test
    void opensTheCheckValueThatTheSpecificationPrints() throws Exception {
        String text =
                Files.readString(Path.of(System.getProperty("basedir", "")).resolve("../PROTOCOL.md"));
        Matcher printed = Pattern.compile(
                        "passphrase  \"(\\w+)\".*?sealed +([0-9a-f\\s]+?)\ndata +\"([\\w ]+)\"", Pattern.DOTALL)
                .matcher(text);

        assertThat(printed.find()).isTrue();
        byte[] sealed = HexFormat.of().parseHex(printed.group(2).replaceAll("\\s", ""));
        assertThat(Sealer.withPassphrase(printed.group(1).toCharArray()).unseal(sealed))
                .isEqualTo(printed.group(3).getBytes(UTF_8));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 15, 16, 17, 1000, 100_000})
    void opensWhatItSealed(int length) throws Exception {
        byte[] data = Crafted.random(length);
        byte[] sealed = sealer.seal(data);
        assertThat(sealed).hasSize(length + 44);
        assertThat(sealer.unseal(sealed)).isEqualTo(data);
        assertThat(sealer.unseal(sealed, new byte[0])).isEqualTo(data);
        assertThat(sealer.unseal(sealer.seal(data, CONTEXT), CONTEXT)).isEqualTo(data);
    }

    @Test
    void opensWhatItSealedWithAPassphrase() throws Exception {
        Sealer text = Sealer.withPassphrase("p\u00e4ssphrase \ud83d\ude00".toCharArray());
        byte[] sealed = text.seal(new byte[] {1, 2, 3}, CONTEXT);

        assertThat(sealed).hasSize(73);
        assertThat(ByteBuffer.wrap(sealed).order(ByteOrder.LITTLE_ENDIAN).getInt(48))
                .isEqualTo(314_110);
        Sealer bytes = Sealer.withPassphraseBytes("p\u00e4ssphrase \ud83d\ude00".getBytes(UTF_8));
        assertThat(bytes.unseal(sealed, CONTEXT)).containsExactly(1, 2, 3);
        assertReason(bytes, sealed, new byte[0], Reason.NOT_AUTHENTIC);
        assertReason(Sealer.withPassphrase(new char[] {'p'}), sealed, CONTEXT, Reason.NOT_AUTHENTIC);
    }

    @Test
    void takesKeysOfAnyLengthButNone() throws Exception {
        for (int length : new int[] {1, 16, 31, 33, 64, 65, 1000}) {
            Sealer other = Sealer.withKey(Crafted.random(length));
            assertThat(other.unseal(other.seal(new byte[] {7}))).containsExactly(7);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Sealer.withKey(new byte[0]))
                .withMessageContaining("an empty key");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Sealer.withPassphrase(new char[0]))
                .withMessageContaining("an empty passphrase");
        assertThatIllegalArgumentException().isThrownBy(() -> Sealer.withPassphraseBytes(new byte[0]));
        assertThatIllegalArgumentException().isThrownBy(() -> sealer.seal(new byte[0]));
    }

    @Test
    void refusesAnotherKeyOrContext() {
        byte[] sealed = sealer.seal(new byte[] {1}, CONTEXT);
        assertReason(sealer, sealed, new byte[0], Reason.NOT_AUTHENTIC);
        assertReason(sealer, sealed, "contexT".getBytes(UTF_8), Reason.NOT_AUTHENTIC);
        assertReason(sealer, sealed, "context\0".getBytes(UTF_8), Reason.NOT_AUTHENTIC);
        assertReason(Sealer.withKey(Crafted.random(32)), sealed, CONTEXT, Reason.NOT_AUTHENTIC);
    }

    @Test
    void refusesEveryDamage() {
        byte[] sealed = sealer.seal(new byte[] {1, 2, 3, 4, 5}, CONTEXT);
        for (Mutations.Mutation mutation : Mutations.of(sealed)) {
            assertThatExceptionOfType(SealedDataException.class)
                    .as(mutation.name())
                    .isThrownBy(() -> sealer.unseal(mutation.bytes(), CONTEXT));
        }
    }

    @Test
    void refusesEveryDamageUnderAPassphrase() throws Exception {
        // Few iterations, so that those damages that reach the key derivation cost little.
        byte[] sealed = cheap();
        Sealer passphrase = Sealer.withPassphraseBytes(new byte[] {1}).withIterationLimit(1000);
        int computed = 0;
        for (Mutations.Mutation mutation : Mutations.of(sealed)) {
            try {
                passphrase.unseal(mutation.bytes());
                throw new AssertionError(mutation.name() + " was accepted");
            } catch (SealedDataException e) {
                assertThat(e.reason())
                        .as(mutation.name())
                        .isIn(Reason.MALFORMED, Reason.NOT_AUTHENTIC, Reason.TOO_MUCH_WORK, Reason.WRONG_KIND);
                computed += e.reason() == Reason.NOT_AUTHENTIC ? 1 : 0;
            }
        }
        assertThat(computed).isPositive();
    }

    @Test
    void refusesFieldsThatAreNotAsTheyMustBe() {
        byte[] withKey = sealer.seal(new byte[] {1, 2, 3});
        for (int field : new int[] {4, 8}) {
            for (int wrong : new int[] {0, 11, 13, 15, 17, -1, Integer.MIN_VALUE}) {
                assertReason(sealer, withField(withKey, field, wrong), new byte[0], Reason.MALFORMED);
            }
        }
        for (int wrong : new int[] {0, 2, 4, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            assertReason(sealer, withField(withKey, 12, wrong), new byte[0], Reason.MALFORMED);
        }
        for (int algorithm : new int[] {0, 0x4001_0101, 0x4001_0000, 0x4101_0101, 0x0001_0140, -1}) {
            assertReason(sealer, withField(withKey, 0, algorithm), new byte[0], Reason.MALFORMED);
        }
        byte[] noData = withField(Arrays.copyOf(withKey, 44), 12, 0);
        assertReason(sealer, noData, new byte[0], Reason.MALFORMED);
        Sealer passphrase = Sealer.withPassphraseBytes(new byte[] {1});
        byte[] withPassphrase = cheap();
        for (int wrong : new int[] {0, 21, 23, -1}) {
            assertReason(passphrase, withField(withPassphrase, 16, wrong), new byte[0], Reason.MALFORMED);
        }
        assertReason(passphrase, withField(withPassphrase, 48, 0), new byte[0], Reason.MALFORMED);
        byte[] longSalt = withPassphrase.clone();
        longSalt[53] = 1;
        assertReason(passphrase, longSalt, new byte[0], Reason.MALFORMED);
    }

    @Test
    void tellsKeysFromPassphrases() {
        byte[] withKey = sealer.seal(new byte[] {1});
        Sealer passphrase = Sealer.withPassphraseBytes(new byte[] {1});
        assertReason(passphrase, withKey, new byte[0], Reason.WRONG_KIND);
        assertReason(sealer, cheap(), new byte[0], Reason.WRONG_KIND);
    }

    @ParameterizedTest
    @CsvSource({"4000001", "2147483647", "-2147483648", "-1"})
    void refusesTooMuchWorkBeforeItBegins(int iterations) {
        Sealer passphrase = Sealer.withPassphraseBytes(new byte[] {1});
        assertReason(passphrase, withField(cheap(), 48, iterations), new byte[0], Reason.TOO_MUCH_WORK);
    }

    @Test
    void worksUpToItsLimit() throws Exception {
        Sealer passphrase = Sealer.withPassphraseBytes(new byte[] {1});
        assertThat(passphrase.withIterationLimit(2).unseal(cheap())).containsExactly(9);
        assertReason(passphrase.withIterationLimit(1), cheap(), new byte[0], Reason.TOO_MUCH_WORK);
        assertThat(passphrase.unseal(cheap())).containsExactly(9);
        assertThatIllegalArgumentException().isThrownBy(() -> passphrase.withIterationLimit(0));
        assertThatIllegalArgumentException().isThrownBy(() -> passphrase.withIterationLimit(-5));
    }

    @Test
    void neverSealsTheSameTwice() {
        Set<String> nonces = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            byte[] sealed = sealer.seal(new byte[] {1});
            assertThat(nonces.add(HexFormat.of().formatHex(sealed, 16, 28))).isTrue();
        }
    }

    @Test
    void wipesItsSecret() {
        Sealer copy = sealer.withIterationLimit(10);
        byte[] sealed = sealer.seal(new byte[] {1});
        assertThat(sealer.isDestroyed()).isFalse();
        sealer.destroy();
        sealer.destroy();

        assertThat(sealer.isDestroyed()).isTrue();
        assertThat(copy.isDestroyed()).isFalse();
        assertThatIllegalStateException().isThrownBy(() -> sealer.seal(new byte[1]));
        assertThatIllegalStateException().isThrownBy(() -> sealer.unseal(sealed));
        assertThatIllegalStateException().isThrownBy(() -> sealer.withIterationLimit(5));
        assertThat(copy.seal(new byte[1])).hasSize(45);
    }

    @Test
    void keepsNothingOfItsCallers() throws Exception {
        byte[] key = Crafted.random(32);
        char[] passphrase = {'a', 'b'};
        Sealer withKey = Sealer.withKey(key);
        Sealer.withPassphrase(passphrase);
        byte[] sealed = withKey.seal(new byte[] {5});
        Arrays.fill(key, (byte) 0);
        assertThat(withKey.unseal(sealed)).containsExactly(5);
        assertThat(passphrase).containsExactly('a', 'b');
    }

    /** The byte 9 under the passphrase 01, with two iterations, as section 11 says. */
    private static byte[] cheap() {
        try {
            byte[] salt = new byte[16];
            byte[] nonce = new byte[12];
            javax.crypto.Mac mac = javax.crypto.Mac.getInstance("HmacSHA256");
            mac.init(new javax.crypto.spec.SecretKeySpec(new byte[] {1}, "HmacSHA256"));
            byte[] first =
                    mac.doFinal(ByteBuffer.allocate(20).put(salt).putInt(1).array());
            byte[] pre = mac.doFinal(first);
            for (int i = 0; i < 32; i++) {
                pre[i] ^= first[i];
            }
            mac.init(new javax.crypto.spec.SecretKeySpec(pre, "HmacSHA256"));
            mac.update(new byte[] {0, 0, 0, 1});
            mac.update("Themis secure cell message key\0".getBytes(UTF_8));
            byte[] key = mac.doFinal(new byte[] {1, 0, 0, 0});
            javax.crypto.Cipher cipher = javax.crypto.Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(
                    javax.crypto.Cipher.ENCRYPT_MODE,
                    new javax.crypto.spec.SecretKeySpec(key, "AES"),
                    new javax.crypto.spec.GCMParameterSpec(128, nonce));
            byte[] sealed = cipher.doFinal(new byte[] {9});
            return ByteBuffer.allocate(71)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(0x4101_0100)
                    .putInt(12)
                    .putInt(16)
                    .putInt(1)
                    .putInt(22)
                    .put(nonce)
                    .put(sealed, 1, 16)
                    .putInt(2)
                    .putShort((short) 16)
                    .put(salt)
                    .put(sealed, 0, 1)
                    .array();
        } catch (java.security.GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] open(Sealer sealer, Vectors.SealedData vector) throws SealedDataException {
        return vector.context().isPresent()
                ? sealer.unseal(vector.sealed(), vector.context().get())
                : sealer.unseal(vector.sealed());
    }

    private static byte[] withField(byte[] sealed, int at, int value) {
        byte[] changed = sealed.clone();
        ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putInt(at, value);
        return changed;
    }

    private static void assertReason(Sealer sealer, byte[] sealed, byte[] context, Reason reason) {
        assertThatExceptionOfType(SealedDataException.class)
                .isThrownBy(() -> sealer.unseal(sealed, context))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
    }

    @Test
    void refusesHalfACharacterInAPassphrase() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Sealer.withPassphrase(new char[] {'a', '\uD800', 'b'}))
                .withMessageContaining("unpaired surrogate");
    }
}
