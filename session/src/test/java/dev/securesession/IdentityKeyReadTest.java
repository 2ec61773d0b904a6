package dev.securesession;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.securesession.KeyRejectedException.Reason;
import dev.securesession.testkit.TestKeys;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One method reads a key in every format, and says which format it found when it is the wrong one. */
class IdentityKeyReadTest {
    private static final IdentityKeyPair PAIR = TestKeys.pair(1);

    private final Sealer sealer = Sealer.withPassphrase("open".toCharArray());

    @ParameterizedTest
    @EnumSource
    void readsPrivateKeysInEveryFormat(Curve curve) throws Exception {
        IdentityKeyPair pair = TestKeys.pair(curve, 1);
        for (Map.Entry<String, byte[]> format : withText(privateFormats(pair)).entrySet()) {
            byte[] encoded = format.getValue().clone();
            assertThat(IdentityPrivateKey.read(encoded).encodeSecret())
                    .as(format.getKey())
                    .isEqualTo(pair.privateKey().encodeSecret());
            assertThat(encoded).as("the array of the caller").isEqualTo(format.getValue());
        }
    }

    @ParameterizedTest
    @EnumSource
    void readsPublicKeysInEveryFormat(Curve curve) throws Exception {
        IdentityKeyPair pair = TestKeys.pair(curve, 1);
        for (Map.Entry<String, byte[]> format : withText(publicFormats(pair)).entrySet()) {
            assertThat(IdentityPublicKey.read(format.getValue()))
                    .as(format.getKey())
                    .isEqualTo(pair.publicKey());
        }
    }

    @Test
    void readsSealedKeys() throws Exception {
        for (Map.Entry<String, byte[]> format : withText(
                        Map.of("sealed", sealer.seal(PAIR.privateKey().encodeSecret())))
                .entrySet()) {
            assertThat(IdentityPrivateKey.read(format.getValue(), sealer).publicKey())
                    .as(format.getKey())
                    .isEqualTo(PAIR.publicKey());
        }
        byte[] pem = sealer.seal(PAIR.privateKey().encodeSecretPem());
        assertThat(IdentityPrivateKey.read(pem, sealer).publicKey()).isEqualTo(PAIR.publicKey());
        byte[] publicKey = sealer.seal(PAIR.publicKey().encode());
        assertThat(IdentityPublicKey.read(publicKey, sealer)).isEqualTo(PAIR.publicKey());
        Sealer key = Sealer.withKey(new byte[] {7});
        assertThat(IdentityPrivateKey.read(key.seal(PAIR.privateKey().encodeSecretPkcs8()), key)
                        .publicKey())
                .isEqualTo(PAIR.publicKey());
    }

    @Test
    void readsAKeyThatIsNotSealedWithoutTheSealer() throws Exception {
        Sealer destroyed = Sealer.withKey(new byte[] {7});
        destroyed.destroy();
        assertThat(IdentityPrivateKey.read(PAIR.privateKey().encodeSecretPem(), destroyed)
                        .publicKey())
                .isEqualTo(PAIR.publicKey());
        assertThat(IdentityPublicKey.read(PAIR.publicKey().encode(), destroyed)).isEqualTo(PAIR.publicKey());
        byte[] sealed = Sealer.withKey(new byte[] {7}).seal(PAIR.publicKey().encode());
        assertThatIllegalStateException().isThrownBy(() -> IdentityPublicKey.read(sealed, destroyed));
    }

    @Test
    void saysThatAKeyIsSealed() {
        byte[] sealed = sealer.seal(PAIR.privateKey().encodeSecret());
        byte[] withKey = Sealer.withKey(new byte[] {7}).seal(PAIR.publicKey().encode());

        assertRefused(() -> IdentityPrivateKey.read(sealed), Reason.SEALED, "sealed with a passphrase", "Sealer");
        assertRefused(() -> IdentityPrivateKey.decode(sealed), Reason.SEALED, "sealed with a passphrase");
        assertRefused(() -> IdentityPublicKey.read(withKey), Reason.SEALED, "sealed with a key");
        assertRefused(() -> IdentityPublicKey.ofX509(withKey), Reason.SEALED, "sealed with a key");
        assertRefused(
                () -> IdentityPublicKey.read(Base64.getEncoder().encode(withKey)), Reason.SEALED, "sealed with a key");
    }

    @Test
    void refusesAnotherPassphraseAndWhatIsNoKeyWhenOpened() {
        byte[] sealed = sealer.seal(PAIR.privateKey().encodeSecret());
        assertThatExceptionOfType(SealedDataException.class)
                .isThrownBy(() -> IdentityPrivateKey.read(sealed, Sealer.withPassphrase("other".toCharArray())))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(SealedDataException.Reason.NOT_AUTHENTIC));
        assertThatExceptionOfType(SealedDataException.class)
                .isThrownBy(() -> IdentityPrivateKey.read(sealed, Sealer.withKey(new byte[] {7})))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(SealedDataException.Reason.WRONG_KIND));
        byte[] text = sealer.seal("not a key".getBytes(US_ASCII));
        assertRefused(() -> IdentityPrivateKey.read(text, sealer), Reason.MALFORMED, "expected a private key");
    }

    @Test
    void refusesTheOtherKindOfKeyInEveryFormat() {
        withText(publicFormats(PAIR)).forEach((name, encoded) -> {
            assertRefused(() -> IdentityPrivateKey.read(encoded), Reason.WRONG_KIND, "public");
        });
        withText(privateFormats(PAIR)).forEach((name, encoded) -> {
            assertRefused(() -> IdentityPublicKey.read(encoded), Reason.WRONG_KIND, "private");
        });
    }

    /** A method for one format names the format of what it was given; it does not take its first bytes for a length. */
    @Test
    void namesTheFormatThatAMethodForAnotherFormatWasGiven() {
        byte[] pem = PAIR.privateKey().encodeSecretPem();
        byte[] pkcs8 = PAIR.privateKey().encodeSecretPkcs8();
        byte[] container = PAIR.privateKey().encodeSecret();
        byte[] publicPem = PAIR.publicKey().encodePem().getBytes(US_ASCII);
        byte[] x509 = PAIR.publicKey().encodeX509();

        assertRefused(
                () -> IdentityPrivateKey.decode(pem),
                Reason.WRONG_FORMAT,
                "this is PEM with a private key; expected a container with a private key");
        assertRefused(() -> IdentityPrivateKey.decode(pkcs8), Reason.WRONG_FORMAT, "this is DER with a private key");
        assertRefused(() -> IdentityPrivateKey.decode(publicPem), Reason.WRONG_KIND, "this is PEM with a public key");
        assertRefused(() -> IdentityPrivateKey.decode(x509), Reason.WRONG_KIND, "this is DER with a public key");
        assertRefused(() -> IdentityPrivateKey.ofPem(container), Reason.WRONG_FORMAT, "this is a container");
        assertRefused(() -> IdentityPrivateKey.ofPem(pkcs8), Reason.WRONG_FORMAT, "this is DER");
        assertRefused(() -> IdentityPrivateKey.ofPkcs8(container), Reason.WRONG_FORMAT, "this is a container");
        assertRefused(() -> IdentityPrivateKey.ofPkcs8(pem), Reason.WRONG_FORMAT, "this is PEM");
        assertRefused(() -> IdentityPrivateKey.ofPkcs8(x509), Reason.WRONG_KIND, "this is DER with a public key");

        assertRefused(
                () -> IdentityPublicKey.decode(publicPem),
                Reason.WRONG_FORMAT,
                "this is PEM with a public key; expected a container with a public key");
        assertRefused(() -> IdentityPublicKey.decode(x509), Reason.WRONG_FORMAT, "this is DER with a public key");
        assertRefused(() -> IdentityPublicKey.decode(pem), Reason.WRONG_KIND, "this is PEM with a private key");
        assertRefused(() -> IdentityPublicKey.ofX509(publicPem), Reason.WRONG_FORMAT, "this is PEM");
        assertRefused(
                () -> IdentityPublicKey.ofX509(PAIR.publicKey().encode()), Reason.WRONG_FORMAT, "this is a container");
        assertRefused(() -> IdentityPublicKey.ofX509(pkcs8), Reason.WRONG_KIND, "this is DER with a private key");
        assertRefused(
                () -> IdentityPublicKey.ofPem(
                        Base64.getEncoder().encodeToString(PAIR.publicKey().encode())),
                Reason.WRONG_FORMAT,
                "this is text in base64 or hexadecimal, of a container with a public key; expected PEM");
        assertRefused(
                () -> IdentityPublicKey.decode(Base64.getEncoder().encode(x509)),
                Reason.WRONG_FORMAT,
                "text in base64 or hexadecimal, of DER with a public key");
    }

    @Test
    void saysHowToConvertFormatsThatItDoesNotRead() throws Exception {
        byte[] sec1 = PrivateKeyInfo.getInstance(PAIR.privateKey().encodeSecretPkcs8())
                .parsePrivateKey()
                .toASN1Primitive()
                .getEncoded(ASN1Encoding.DER);
        assertRefused(() -> IdentityPrivateKey.read(sec1), Reason.WRONG_FORMAT, "SEC 1", "openssl pkcs8 -topk8");
        byte[] encrypted = HexFormat.of().parseHex("300f300906052a0304050605000402abcd");
        assertRefused(() -> IdentityPrivateKey.read(encrypted), Reason.WRONG_FORMAT, "encrypted", "openssl pkcs8");
        byte[] certificate = HexFormat.of().parseHex("300a30030201013003020102");
        assertRefused(() -> IdentityPublicKey.read(certificate), Reason.WRONG_FORMAT, "certificate", "openssl x509");
        for (String[] block : new String[][] {
            {"CERTIFICATE", "openssl x509 -pubkey"},
            {"OPENSSH PRIVATE KEY", "ssh-keygen -p -m PKCS8"},
            {"EC PRIVATE KEY", "openssl pkcs8 -topk8"},
            {"EC PARAMETERS", "openssl pkcs8 -topk8"},
            {"ENCRYPTED PRIVATE KEY", "openssl pkcs8"}
        }) {
            byte[] pem =
                    ("-----BEGIN " + block[0] + "-----\nAAAA\n-----END " + block[0] + "-----\n").getBytes(US_ASCII);
            assertThatExceptionOfType(KeyRejectedException.class)
                    .as(block[0])
                    .isThrownBy(() -> IdentityPrivateKey.read(pem))
                    .withMessageContaining(block[1]);
        }
    }

    @Test
    void refusesWhatIsNoKey() {
        List<byte[]> contents = new ArrayList<>(List.of(new byte[0], new byte[] {0}, new byte[100]));
        for (String text : new String[] {"hello, world", "00112233", "AAAA", "0", "-----BEGIN", "REC", "\u00e9"}) {
            contents.add(text.getBytes(UTF_8));
        }
        // Sequences that end too early, or whose lengths lead outside.
        for (String der : new String[] {
            "30",
            "3000",
            "3002",
            "30020201",
            "3003020100",
            "3080",
            "3081",
            "308201",
            "30847fffffff",
            "3084ffffffff0201",
            "30060284ffffffff30",
            "300602847fffffff30",
            "300630ff0000000003",
            "3007020100310000",
            "300503000300"
        }) {
            contents.add(HexFormat.of().parseHex(der));
        }
        for (byte[] content : contents) {
            assertRefused(() -> IdentityPrivateKey.read(content), Reason.MALFORMED, "");
            assertRefused(() -> IdentityPublicKey.read(content), Reason.MALFORMED, "");
        }
    }

    private static Map<String, byte[]> privateFormats(IdentityKeyPair pair) {
        IdentityPrivateKey key = pair.privateKey();
        Map<String, byte[]> formats = new LinkedHashMap<>();
        formats.put("container", key.encodeSecret());
        formats.put("PKCS#8", key.encodeSecretPkcs8());
        formats.put("PEM", key.encodeSecretPem());
        return formats;
    }

    private static Map<String, byte[]> publicFormats(IdentityKeyPair pair) {
        IdentityPublicKey key = pair.publicKey();
        Map<String, byte[]> formats = new LinkedHashMap<>();
        formats.put("container", key.encode());
        formats.put("uncompressed", key.encodeUncompressed());
        formats.put("X.509", key.encodeX509());
        formats.put("PEM", key.encodePem().getBytes(US_ASCII));
        return formats;
    }

    private static Map<String, byte[]> withText(Map<String, byte[]> formats) {
        Map<String, byte[]> all = new LinkedHashMap<>(formats);
        formats.forEach((name, encoded) -> {
            String hex = HexFormat.of().formatHex(encoded);
            all.put(name + " in hexadecimal", (" " + hex + "\n").getBytes(US_ASCII));
            all.put(
                    name + " in capital hexadecimal",
                    (hex.substring(0, 20) + "\r\n" + hex.substring(20))
                            .toUpperCase(Locale.ROOT)
                            .getBytes(US_ASCII));
            all.put(name + " in base64", Base64.getEncoder().encode(encoded));
            all.put(name + " in lines of base64", Base64.getMimeEncoder().encode(encoded));
        });
        return all;
    }

    private static void assertRefused(ThrowingCallable read, Reason reason, String... parts) {
        assertThatExceptionOfType(KeyRejectedException.class)
                .isThrownBy(read)
                .satisfies(e -> assertThat(e.reason()).as(e.getMessage()).isEqualTo(reason))
                .satisfies(e -> assertThat(e.getMessage()).contains(Arrays.asList(parts)));
    }
}
