package com.cossacklabs.themis;

import static com.cossacklabs.themis.Peers.altered;
import static com.cossacklabs.themis.Peers.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.securesession.Curve;
import dev.securesession.IdentityKeyPair;
import dev.securesession.Sealer;
import dev.securesession.SignatureRejectedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.crypto.Cipher;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Signed and encrypted messages: docs/signed-and-sealed-messages.md. */
class SecureMessageTest {
    private static final byte[] MESSAGE = bytes("transfer 5 to bob");

    /** Key pairs of one kind. RSA keys take long to make, so there is one set for all tests. */
    @SuppressWarnings("ImmutableEnumChecker") // Nobody changes the keys.
    enum Kind {
        EC(AsymmetricKey.KEYTYPE_EC, 8),
        RSA(AsymmetricKey.KEYTYPE_RSA, 12);

        final Keypair alice;
        final Keypair bob;
        final int encryptedHeader;

        Kind(int type, int encryptedHeader) {
            this.alice = KeypairGenerator.generateKeypair(type);
            this.bob = KeypairGenerator.generateKeypair(type);
            this.encryptedHeader = encryptedHeader;
        }

        Kind other() {
            return this == EC ? RSA : EC;
        }

        SecureMessage signer() {
            return new SecureMessage(alice.getPrivateKey());
        }

        SecureMessage verifier() {
            return new SecureMessage(alice.getPublicKey());
        }

        SecureMessage sender() {
            return new SecureMessage(alice.getPrivateKey(), bob.getPublicKey());
        }

        SecureMessage receiver() {
            return new SecureMessage(bob.getPrivateKey(), alice.getPublicKey());
        }
    }

    /** Something that must be refused. */
    interface Attempt {
        byte[] run() throws Exception;
    }

    @ParameterizedTest
    @EnumSource
    void verifiesWhatWasSigned(Kind kind) throws Exception {
        for (int length : new int[] {1, 100, 70_000}) {
            byte[] message = new byte[length];
            byte[] signed = kind.signer().sign(message);

            assertThat(kind.verifier().verify(signed)).isEqualTo(message);
            assertThat(kind.signer().verify(signed, kind.alice.getPublicKey())).isEqualTo(message);
            assertThat(kind.receiver().verify(signed)).isEqualTo(message);
            assertThat(kind.verifier().verify(Arrays.copyOf(signed, signed.length + 3)))
                    .as("trailing bytes")
                    .isEqualTo(message);
            assertThat(Arrays.copyOfRange(signed, 12, 12 + length)).isEqualTo(message);
        }
    }

    @ParameterizedTest
    @EnumSource
    void opensWhatWasEncrypted(Kind kind) throws Exception {
        for (int length : new int[] {1, 100, 70_000}) {
            byte[] message = new byte[length];
            byte[] encrypted = kind.sender().wrap(message);

            assertThat(encrypted).hasSize(length + (kind == Kind.EC ? 52 : 56 + 256));
            assertThat(kind.receiver().unwrap(encrypted)).isEqualTo(message);
            assertThat(new SecureMessage(kind.bob.getPrivateKey()).unwrap(encrypted, kind.alice.getPublicKey()))
                    .isEqualTo(message);
            assertThat(kind.sender().wrap(message)).isNotEqualTo(encrypted);
            byte[] named = new SecureMessage(kind.alice.getPrivateKey()).wrap(message, kind.bob.getPublicKey());
            assertThat(kind.receiver().unwrap(named)).isEqualTo(message);
        }
    }

    @Test
    void opensWhatTheReferenceMade() throws Exception {
        Map<String, byte[]> signed = checkValues("Signed messages").get(0);
        assertThat(new SecureMessage(new PublicKey(signed.get("public"))).verify(signed.get("signed")))
                .isEqualTo(signed.get("message"));

        Map<String, byte[]> sealed =
                checkValues("Sealed messages with elliptic-curve keys").get(0);
        PrivateKey receiver = new PrivateKey(sealed.get("and"));
        assertThat(new SecureMessage(receiver, new PublicKey(signed.get("public"))).unwrap(sealed.get("sealed")))
                .isEqualTo(sealed.get("message"));

        Map<String, byte[]> rsa = checkValues("RSA keys").get(0);
        PublicKey publicKey = new PublicKey(rsa.get("public"));
        PrivateKey privateKey = new PrivateKey(rsa.get("private"));
        assertThat(new SecureMessage(publicKey).verify(rsa.get("signed"))).isEqualTo(rsa.get("message"));
        Map<String, byte[]> sealedWithRsa = checkValues("RSA keys").get(1);
        assertThat(new SecureMessage(privateKey, publicKey).unwrap(sealedWithRsa.get("sealed")))
                .isEqualTo(sealedWithRsa.get("message"));
    }

    @ParameterizedTest
    @EnumSource
    void worksOnEveryCurve(Curve curve) throws Exception {
        Keypair one = onCurve(curve);
        Keypair other = onCurve(curve);
        byte[] encrypted = new SecureMessage(one.getPrivateKey(), other.getPublicKey()).wrap(MESSAGE);

        assertThat(new SecureMessage(other.getPrivateKey(), one.getPublicKey()).unwrap(encrypted))
                .isEqualTo(MESSAGE);
        assertThat(new SecureMessage(one.getPublicKey()).verify(new SecureMessage(one.getPrivateKey()).sign(MESSAGE)))
                .isEqualTo(MESSAGE);
        assertThat(new SecureMessage(one.getPrivateKey(), one.getPublicKey())
                        .unwrap(new SecureMessage(one.getPrivateKey(), one.getPublicKey()).wrap(MESSAGE)))
                .as("to ourselves")
                .isEqualTo(MESSAGE);
    }

    @ParameterizedTest
    @EnumSource
    void refusesADamagedSignature(Kind kind) throws Exception {
        byte[] signed = kind.signer().sign(MESSAGE);
        for (byte[] damaged : damaged(signed)) {
            assertRefused(() -> kind.verifier().verify(damaged));
        }
        assertFieldsAreChecked(signed, 3, damaged -> kind.verifier().verify(damaged));
    }

    @ParameterizedTest
    @EnumSource
    void refusesADamagedEncryptedMessage(Kind kind) throws Exception {
        byte[] encrypted = kind.sender().wrap(MESSAGE);
        for (byte[] damaged : damaged(encrypted)) {
            assertRefused(() -> kind.receiver().unwrap(damaged));
        }
        assertRefused(() -> kind.receiver().unwrap(Arrays.copyOf(encrypted, encrypted.length + 1)));
        assertFieldsAreChecked(
                encrypted, kind.encryptedHeader / 4, damaged -> kind.receiver().unwrap(damaged));
    }

    /** Whoever sends many damaged messages must not learn which check has failed. */
    @Test
    void refusalsOfTheKeyAndOfTheDataLookTheSame() throws Exception {
        byte[] encrypted = Kind.RSA.sender().wrap(MESSAGE);
        Throwable ofKey = refusal(altered(encrypted, 12 + 100));
        Throwable ofData = refusal(altered(encrypted, encrypted.length - 1));

        assertThat(ofKey).hasSameClassAs(ofData).hasMessage(ofData.getMessage());
        assertThat(ofKey.getCause())
                .hasSameClassAs(ofData.getCause())
                .hasMessage(ofData.getCause().getMessage());
    }

    private static Throwable refusal(byte[] message) {
        return catchThrowable(() -> Kind.RSA.receiver().unwrap(message));
    }

    /** The key in an RSA message has 70 bytes, and data under a shorter or longer one is refused. */
    @ParameterizedTest
    @ValueSource(ints = {1, 69, 71})
    void refusesKeysOfAnotherLength(int length) throws Exception {
        byte[] key = new byte[length];
        Cipher oaep = Cipher.getInstance("RSA/ECB/OAEPWithSHA-1AndMGF1Padding");
        oaep.init(Cipher.ENCRYPT_MODE, Kind.RSA.bob.getPublicKey().rsa());
        byte[] encryptedKey = oaep.doFinal(key);
        byte[] sealed = Sealer.withKey(key).seal(MESSAGE);
        byte[] message = ByteBuffer.allocate(12 + encryptedKey.length + sealed.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0x2604_2710)
                .putInt(12 + encryptedKey.length + sealed.length)
                .putInt(encryptedKey.length)
                .put(encryptedKey)
                .put(sealed)
                .array();

        assertRefused(() -> Kind.RSA.receiver().unwrap(message));
    }

    @ParameterizedTest
    @EnumSource
    void refusesPartsOfAnotherMessage(Kind kind) throws Exception {
        byte[] one = kind.sender().wrap(MESSAGE);
        byte[] other = kind.sender().wrap(bytes("transfer 9 to bob"));
        for (int cut = kind.encryptedHeader + 20; cut < one.length - 1; cut += 7) {
            byte[] mixed = one.clone();
            System.arraycopy(other, cut, mixed, cut, one.length - cut);
            assertRefused(() -> kind.receiver().unwrap(mixed));
        }
        byte[] signed = kind.signer().sign(MESSAGE);
        byte[] mixed = signed.clone();
        System.arraycopy(bytes("transfer 9 to bob"), 0, mixed, 12, MESSAGE.length);
        assertRefused(() -> kind.verifier().verify(mixed));
    }

    @ParameterizedTest
    @EnumSource
    void refusesOtherKeys(Kind kind) throws Exception {
        byte[] signed = kind.signer().sign(MESSAGE);
        byte[] encrypted = kind.sender().wrap(MESSAGE);

        assertRefused(() -> kind.verifier().verify(signed, kind.bob.getPublicKey()));
        assertRefused(() -> new SecureMessage(kind.other().alice.getPublicKey()).verify(signed));
        assertRefused(() -> new SecureMessage(kind.alice.getPrivateKey(), kind.alice.getPublicKey()).unwrap(encrypted));
        assertRefused(() -> kind.other().receiver().unwrap(encrypted));
        assertRefused(() -> kind.receiver().unwrap(encrypted, kind.other().alice.getPublicKey()));
        assertRefused(
                () -> new SecureMessage(kind.other().bob.getPrivateKey()).unwrap(encrypted, kind.alice.getPublicKey()));
    }

    /** With RSA the key of the sender plays no part; with elliptic curves it does. */
    @Test
    void onlyEllipticCurvesSayWhoSealed() throws Exception {
        Keypair rsa = Kind.RSA.bob;
        assertThat(Kind.RSA.receiver().unwrap(Kind.RSA.sender().wrap(MESSAGE), rsa.getPublicKey()))
                .isEqualTo(MESSAGE);
        assertRefused(() -> Kind.EC.receiver().unwrap(Kind.EC.sender().wrap(MESSAGE), Kind.EC.bob.getPublicKey()));
    }

    @ParameterizedTest
    @EnumSource
    void refusesMessagesOfAnotherType(Kind kind) throws Exception {
        byte[] signed = kind.signer().sign(MESSAGE);
        byte[] encrypted = kind.sender().wrap(MESSAGE);

        assertRefused(() -> kind.receiver().unwrap(signed));
        assertRefused(() -> kind.verifier().verify(encrypted));
        assertRefused(() -> kind.verifier().verify(MESSAGE));
        assertRefused(() ->
                kind.receiver().unwrap(SecureCell.SealWithKey(new byte[] {1}).encrypt(MESSAGE)));
    }

    @Test
    void mixedKindsAreRefusedByName() {
        for (Kind kind : Kind.values()) {
            SecureMessage mixed = new SecureMessage(
                    kind.alice.getPrivateKey(), kind.other().bob.getPublicKey());
            assertThatExceptionOfType(SecureMessageWrapException.class)
                    .isThrownBy(() -> mixed.wrap(MESSAGE))
                    .withMessageContaining("one RSA key and one that is none");
        }
        assertRefused(() -> new SecureMessage(
                        Kind.EC.alice.getPrivateKey(), onCurve(Curve.P384).getPublicKey())
                .wrap(MESSAGE));
    }

    @ParameterizedTest
    @EnumSource
    void refusesKeysThatAreNone(Kind kind) throws Exception {
        byte[] signed = kind.signer().sign(MESSAGE);
        byte[] encrypted = kind.sender().wrap(MESSAGE);
        for (byte[] damaged : damagedKeys(kind.alice.getPublicKey().toByteArray())) {
            PublicKey broken = new PublicKey(damaged);
            assertRefused(() -> new SecureMessage(broken).verify(signed));
            assertRefused(() -> kind.signer().wrap(MESSAGE, broken));
        }
        for (byte[] damaged : damagedKeys(kind.bob.getPrivateKey().toByteArray())) {
            PrivateKey broken = new PrivateKey(damaged);
            assertRefused(() -> new SecureMessage(broken).sign(MESSAGE));
            assertRefused(() -> new SecureMessage(broken).unwrap(encrypted, kind.alice.getPublicKey()));
        }
        PrivateKey swapped = new PrivateKey(kind.alice.getPublicKey().toByteArray());
        assertRefused(() -> new SecureMessage(swapped).sign(MESSAGE));
        PublicKey secret = new PublicKey(kind.alice.getPrivateKey().toByteArray());
        assertRefused(() -> new SecureMessage(secret).verify(signed));
    }

    @Test
    void neitherSignsNorVerifiesWhatAHandshakeSigns() throws Exception {
        byte[] key = Kind.EC.bob.getPublicKey().toByteArray();

        assertThatExceptionOfType(SecureMessageWrapException.class)
                .isThrownBy(() -> Kind.EC.signer().sign(key))
                .withMessageContaining("C-7");
        byte[] signed = Kind.EC.signer().sign(new byte[key.length]);
        System.arraycopy(key, 0, signed, 12, key.length);
        assertThatExceptionOfType(SecureMessageWrapException.class)
                .isThrownBy(() -> Kind.EC.verifier().verify(signed))
                .matches(e -> ((SignatureRejectedException) e.getCause()).reason()
                        == SignatureRejectedException.Reason.HANDSHAKE_INPUT);
        assertThat(Kind.RSA.verifier().verify(Kind.RSA.signer().sign(key)))
                .as("no handshake signs with RSA")
                .isEqualTo(key);
    }

    @ParameterizedTest
    @EnumSource
    void refusesNothingAndNull(Kind kind) {
        byte[] empty = {};
        assertRefused(() -> kind.signer().sign(empty));
        assertRefused(() -> kind.sender().wrap(empty));
        assertRefused(() -> kind.verifier().verify(empty));
        assertRefused(() -> kind.receiver().unwrap(empty));

        for (Attempt attempt : List.<Attempt>of(
                () -> kind.signer().sign(null),
                () -> kind.sender().wrap(null),
                () -> kind.verifier().verify(null),
                () -> kind.receiver().unwrap(null),
                () -> kind.verifier().sign(MESSAGE),
                () -> kind.verifier().wrap(MESSAGE),
                () -> kind.verifier().unwrap(MESSAGE),
                () -> kind.signer().wrap(MESSAGE),
                () -> kind.signer().unwrap(MESSAGE),
                () -> kind.signer().verify(MESSAGE),
                () -> kind.sender().wrap(MESSAGE, null),
                () -> kind.sender().unwrap(MESSAGE, null),
                () -> kind.sender().verify(MESSAGE, null))) {
            assertThatExceptionOfType(NullArgumentException.class).isThrownBy(attempt::run);
        }
        assertThatExceptionOfType(NullArgumentException.class).isThrownBy(() -> new SecureMessage((PrivateKey) null));
        assertThatExceptionOfType(NullArgumentException.class).isThrownBy(() -> new SecureMessage((PublicKey) null));
        assertThatExceptionOfType(NullArgumentException.class)
                .isThrownBy(() -> new SecureMessage(null, kind.alice.getPublicKey()));
        assertThatExceptionOfType(NullArgumentException.class)
                .isThrownBy(() -> new SecureMessage(kind.alice.getPrivateKey(), null));
        assertThat(new SecureMessageWrapException()).hasMessage(null);
    }

    /** A claim of two gigabytes in a message of a few bytes costs nothing. */
    @ParameterizedTest
    @ValueSource(ints = {0x2604_2610, 0x2604_2620, 0x2604_2710, 0x2604_2720})
    void allocatesNoMoreThanThereIs(int type) {
        byte[] claims = ByteBuffer.allocate(24)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(type)
                .putInt(Integer.MAX_VALUE)
                .putInt(Integer.MAX_VALUE)
                .array();
        for (Kind kind : Kind.values()) {
            assertRefused(() -> kind.verifier().verify(claims));
            assertRefused(() -> kind.receiver().unwrap(claims));
        }
    }

    private interface Opening {
        byte[] open(byte[] message) throws Exception;
    }

    private static void assertFieldsAreChecked(byte[] message, int fields, Opening opening) {
        for (int field = 0; field < fields; field++) {
            int right = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN).getInt(4 * field);
            for (int wrong : new int[] {
                0,
                1,
                right - 1,
                right + 1,
                Integer.reverseBytes(right),
                -1,
                Integer.MIN_VALUE,
                Integer.MAX_VALUE,
                message.length - 12,
                0x2604_2610,
                0x2604_2620,
                0x2604_2710,
                0x2604_2720
            }) {
                if (wrong != right) {
                    byte[] changed = message.clone();
                    ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putInt(4 * field, wrong);
                    assertRefused(() -> opening.open(changed));
                }
            }
        }
    }

    private static void assertRefused(Attempt attempt) {
        assertThatExceptionOfType(SecureMessageWrapException.class).isThrownBy(attempt::run);
    }

    /** Each byte changed, and each length that is too short. */
    private static List<byte[]> damaged(byte[] good) {
        List<byte[]> damaged = new ArrayList<>();
        for (int i = 0; i < good.length; i++) {
            damaged.add(altered(good, i));
            if (i > 0) {
                damaged.add(Arrays.copyOf(good, i));
            }
        }
        return damaged;
    }

    /** The checksum finds each change, so a few places are enough. */
    private static List<byte[]> damagedKeys(byte[] good) {
        List<byte[]> damaged = new ArrayList<>();
        IntStream.of(0, 3, 5, 7, 8, 12, 20, good.length - 1).forEach(at -> damaged.add(altered(good, at)));
        IntStream.of(1, 3, 4, 11, 12, good.length - 1, good.length + 1)
                .forEach(length -> damaged.add(Arrays.copyOf(good, length)));
        return damaged;
    }

    private static Keypair onCurve(Curve curve) {
        IdentityKeyPair pair = IdentityKeyPair.generate(curve);
        return new Keypair(
                new PrivateKey(pair.privateKey().encodeSecret()),
                new PublicKey(pair.publicKey().encode()));
    }

    /** The blocks of check values below a heading of the specification, each by the names in it. */
    private static List<Map<String, byte[]>> checkValues(String heading) throws IOException {
        Path page = Path.of(System.getProperty("project.basedir"), "../docs/signed-and-sealed-messages.md");
        String section = Files.readString(page)
                .split("\n## " + heading + "\n", -1)[1]
                .split("\n## ", -1)[0]
                .split("\n### Check value", -1)[1];
        String[] pieces = section.split("```\n", -1);
        List<Map<String, byte[]>> blocks = new ArrayList<>();
        for (int i = 1; i < pieces.length; i += 2) {
            Map<String, StringBuilder> texts = new LinkedHashMap<>();
            String name = "";
            for (String line : pieces[i].strip().split("\n", -1)) {
                String stated = line.substring(0, 11).trim();
                name = stated.isEmpty() ? name : stated;
                texts.computeIfAbsent(name, key -> new StringBuilder()).append(line.substring(11));
            }
            Map<String, byte[]> block = new LinkedHashMap<>();
            texts.forEach((key, text) -> block.put(key, value(text.toString())));
            blocks.add(block);
        }
        return blocks;
    }

    private static byte[] value(String text) {
        return text.startsWith("\"")
                ? bytes(text.substring(1, text.length() - 1))
                : HexFormat.of().parseHex(text.replace(" ", ""));
    }
}
