package com.cossacklabs.themis;

import static com.cossacklabs.themis.Peers.altered;
import static com.cossacklabs.themis.Peers.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.SealedDataException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("deprecation")
class SecureCellTest {
    private static final byte[] DATA = bytes("data");
    private static final byte[] CONTEXT = bytes("context");

    private final SymmetricKey key = new SymmetricKey();
    private final SecureCell.Seal seal = SecureCell.SealWithKey(key);
    private final SecureCell.TokenProtect token = SecureCell.TokenProtectWithKey(key);
    private final SecureCell.ContextImprint imprint = SecureCell.ContextImprintWithKey(key);

    // Seal

    /** PROTOCOL.md, section 11.1. */
    @Test
    void opensTheCheckValuesOfTheSpecification() throws Exception {
        assertThat(SecureCell.SealWithKey(hex("4323f54a73afa2557ca188b2f641d1fde3419d572f38a1ec5fb19b5723feff3d"))
                        .decrypt(
                                hex("000101400c000000100000000500000018e762850639c3f3d822a7ffb3cb7f981484feba440e436508"
                                        + "cde386881a92ef83")))
                .isEqualTo(bytes("hello"));
        assertThat(SecureCell.ContextImprintWithKey(
                                hex("470b1c2a94f77d233a69b0efbffdce59051beb95cebdbc8052a689382ae34546"))
                        .encrypt(bytes("All your base are belong to us!"), CONTEXT))
                .isEqualTo(hex("76c28b5cc1b71b1cda11ea99e68b0eab09d7d7b3f244efba5c558d713b1504"));
    }

    @Test
    void sealsWithAndWithoutAContext() throws Exception {
        assertThat(seal.decrypt(seal.encrypt(DATA))).isEqualTo(DATA);
        assertThat(seal.decrypt(seal.encrypt(DATA, CONTEXT), CONTEXT)).isEqualTo(DATA);
        assertThat(seal.decrypt(seal.encrypt(DATA, null), new byte[0])).isEqualTo(DATA);
        assertThat(seal.encrypt(DATA)).hasSize(DATA.length + 44);
    }

    @Test
    void refusesWhatWasChanged() {
        byte[] sealed = seal.encrypt(DATA, CONTEXT);

        for (ThrowingCallable call : new ThrowingCallable[] {
            () -> seal.decrypt(sealed),
            () -> seal.decrypt(sealed, bytes("another")),
            () -> seal.decrypt(altered(sealed, sealed.length - 1), CONTEXT),
            () -> seal.decrypt(bytes("nothing of the kind")),
            () -> SecureCell.SealWithKey(new SymmetricKey()).decrypt(sealed, CONTEXT),
            () -> SecureCell.SealWithPassphrase("passphrase").decrypt(sealed, CONTEXT)
        }) {
            assertThatThrownBy(call)
                    .isExactlyInstanceOf(SecureCellException.class)
                    .hasMessage(null)
                    .hasCauseInstanceOf(SealedDataException.class);
        }
    }

    @Test
    void passphraseStandsForItsBytes() throws Exception {
        byte[] sealed = SecureCell.SealWithPassphrase("höhle").encrypt(DATA, CONTEXT);

        assertThat(sealed).hasSize(DATA.length + 70);
        assertThat(SecureCell.SealWithPassphrase(bytes("höhle")).decrypt(sealed, CONTEXT))
                .isEqualTo(DATA);
        assertThat(SecureCell.SealWithPassphrase("höhle", StandardCharsets.UTF_8)
                        .decrypt(sealed, CONTEXT))
                .isEqualTo(DATA);
        assertThatExceptionOfType(SecureCellException.class)
                .isThrownBy(() -> SecureCell.SealWithPassphrase("höhle", StandardCharsets.ISO_8859_1)
                        .decrypt(sealed, CONTEXT));
    }

    @Test
    void refusesPassphrasesThatTheCharsetLacks() {
        assertThatThrownBy(() -> SecureCell.SealWithPassphrase("höhle", StandardCharsets.US_ASCII))
                .isExactlyInstanceOf(RuntimeException.class)
                .hasMessage("failed to encode passphrase in US-ASCII");
    }

    @Test
    void requiresArguments() {
        for (ThrowingCallable call : new ThrowingCallable[] {
            () -> SecureCell.SealWithKey((SymmetricKey) null),
            () -> SecureCell.SealWithKey((byte[]) null),
            () -> SecureCell.TokenProtectWithKey((SymmetricKey) null),
            () -> SecureCell.ContextImprintWithKey((SymmetricKey) null),
            () -> SecureCell.SealWithPassphrase((byte[]) null)
        }) {
            assertNull(call, "key cannot be null");
        }
        assertNull(() -> SecureCell.SealWithPassphrase((String) null), "passphrase cannot be null");
        assertNull(() -> SecureCell.SealWithPassphrase("passphrase", null), "charset cannot be null");
        assertNull(() -> seal.encrypt(null), "data cannot be null");
        assertNull(() -> seal.decrypt(null), "data cannot be null");
        assertNull(() -> token.encrypt(null), "data cannot be null");
        assertNull(() -> token.decrypt(null, DATA), "data cannot be null");
        assertNull(() -> token.decrypt(DATA, null), "token cannot be null");
        assertNull(() -> imprint.encrypt(null, CONTEXT), "data cannot be null");
        assertNull(() -> imprint.decrypt(DATA, null), "context cannot be null");
    }

    @Test
    void refusesEmptyArguments() {
        byte[] empty = {};

        assertEmpty(() -> SecureCell.SealWithKey(empty), "key cannot be empty");
        assertEmpty(() -> SecureCell.SealWithPassphrase(""), "key cannot be empty");
        assertEmpty(() -> seal.encrypt(empty), "data cannot be empty");
        assertEmpty(() -> seal.decrypt(empty), "data cannot be empty");
        assertEmpty(() -> token.encrypt(empty), "data cannot be empty");
        assertEmpty(() -> token.decrypt(DATA, empty), "token cannot be empty");
        assertEmpty(() -> imprint.encrypt(DATA, empty), "context cannot be empty");
        assertEmpty(() -> imprint.decrypt(empty, CONTEXT), "data cannot be empty");
    }

    // Token Protect

    @Test
    void tokenIsTheHeadOfWhatSealMakes() throws Exception {
        SecureCellData parts = token.encrypt(DATA, CONTEXT);
        byte[] sealed = Arrays.copyOf(parts.getAdditionalData(), 44 + DATA.length);
        System.arraycopy(parts.getProtectedData(), 0, sealed, 44, DATA.length);

        assertThat(parts.hasAdditionalData()).isTrue();
        assertThat(parts.component1()).isSameAs(parts.getProtectedData()).hasSize(DATA.length);
        assertThat(parts.component2()).isSameAs(parts.getAdditionalData()).hasSize(44);
        assertThat(seal.decrypt(sealed, CONTEXT)).isEqualTo(DATA);
        assertThat(token.decrypt(parts.getProtectedData(), parts.getAdditionalData(), CONTEXT))
                .isEqualTo(DATA);
    }

    @Test
    void tokenWithoutAContext() throws Exception {
        SecureCellData parts = SecureCell.TokenProtectWithKey(key.toByteArray()).encrypt(DATA);

        assertThat(token.decrypt(parts.getProtectedData(), parts.getAdditionalData()))
                .isEqualTo(DATA);
    }

    @Test
    void refusesPartsThatDoNotFit() {
        SecureCellData parts = token.encrypt(DATA);
        byte[] data = parts.getProtectedData();
        byte[] proof = parts.getAdditionalData();
        byte[] moved = Arrays.copyOf(proof, 45);
        moved[44] = data[0];

        for (ThrowingCallable call : new ThrowingCallable[] {
            () -> token.decrypt(altered(data, 0), proof),
            () -> token.decrypt(data, altered(proof, 30)),
            () -> token.decrypt(data, proof, CONTEXT),
            () -> token.decrypt(data, Arrays.copyOf(proof, 43)),
            () -> token.decrypt(Arrays.copyOfRange(data, 1, data.length), moved)
        }) {
            assertThatThrownBy(call).isExactlyInstanceOf(SecureCellException.class);
        }
    }

    @Test
    void ignoresBytesAfterTheToken() throws Exception {
        SecureCellData parts = token.encrypt(DATA, CONTEXT);
        byte[] longer = Arrays.copyOf(parts.getAdditionalData(), 50);
        Arrays.fill(longer, 44, 50, (byte) 7);

        assertThat(token.decrypt(parts.getProtectedData(), longer, CONTEXT)).isEqualTo(DATA);
    }

    // Context Imprint

    @Test
    void imprintKeepsTheLengthAndProvesNothing() {
        byte[] encrypted = imprint.encrypt(DATA, CONTEXT);

        assertThat(encrypted).hasSize(DATA.length).isNotEqualTo(DATA);
        assertThat(imprint.decrypt(encrypted, CONTEXT)).isEqualTo(DATA);
        assertThat(imprint.decrypt(encrypted, bytes("another")))
                .hasSize(DATA.length)
                .isNotEqualTo(DATA);
    }

    /** The check value of PROTOCOL.md, section 11.3. */
    @Test
    void imprintIsWhatOtherPeersCompute() {
        SecureCell.ContextImprint cell = SecureCell.ContextImprintWithKey(
                HexFormat.of().parseHex("470b1c2a94f77d233a69b0efbffdce59051beb95cebdbc8052a689382ae34546"));
        byte[] data = bytes("All your base are belong to us!");
        byte[] encrypted = HexFormat.of().parseHex("76c28b5cc1b71b1cda11ea99e68b0eab09d7d7b3f244efba5c558d713b1504");

        assertThat(cell.encrypt(data, CONTEXT)).isEqualTo(encrypted);
        assertThat(cell.decrypt(encrypted, CONTEXT)).isEqualTo(data);
    }

    // The old interface

    @ParameterizedTest
    @ValueSource(ints = {SecureCell.MODE_SEAL, SecureCell.MODE_TOKEN_PROTECT, SecureCell.MODE_CONTEXT_IMPRINT})
    void oldInterfaceTakesKeysAndTextsAlike(int mode) throws Exception {
        SecureCell withText = new SecureCell("password", mode);
        SecureCell withKey = new SecureCell("password".getBytes(StandardCharsets.UTF_16), mode);
        SecureCell without = new SecureCell(mode);
        byte[] context = "context".getBytes(StandardCharsets.UTF_16);
        byte[] password = "password".getBytes(StandardCharsets.UTF_16);

        SecureCellData made = withText.protect("context", DATA);
        assertThat(made.hasAdditionalData()).isEqualTo(mode == SecureCell.MODE_TOKEN_PROTECT);
        assertThat(withKey.unprotect(context, made)).isEqualTo(DATA);
        assertThat(withText.unprotect("context", made)).isEqualTo(DATA);
        assertThat(without.unprotect(password, context, made)).isEqualTo(DATA);
        assertThat(without.unprotect("password", "context", made)).isEqualTo(DATA);
        assertThat(withText.unprotect(context, without.protect("password", "context", DATA)))
                .isEqualTo(DATA);
        assertThat(withKey.unprotect(context, without.protect(password, context, DATA)))
                .isEqualTo(DATA);
        assertThat(withKey.unprotect("context", withKey.protect(context, DATA))).isEqualTo(DATA);
    }

    @Test
    void oldInterfaceSealsByDefault() throws Exception {
        assertThat(seal.decrypt(new SecureCell(key.toByteArray())
                        .protect((byte[]) null, DATA)
                        .getProtectedData()))
                .isEqualTo(DATA);
        assertThat(new SecureCell("text").unprotect((String) null, new SecureCell("text").protect((String) null, DATA)))
                .isEqualTo(DATA);
    }

    @Test
    void oldInterfaceRequiresArguments() {
        SecureCell without = new SecureCell((byte[]) null);
        SecureCell imprinting = new SecureCell(key.toByteArray(), SecureCell.MODE_CONTEXT_IMPRINT);
        SecureCell protecting = new SecureCell(key.toByteArray(), SecureCell.MODE_TOKEN_PROTECT);

        assertEmpty(() -> new SecureCell(3), "invalid mode");
        assertEmpty(() -> new SecureCell(-1), "invalid mode");
        assertNull(() -> new SecureCell((String) null), "Master key was not provided");
        assertNull(() -> without.protect(CONTEXT, DATA), "Master key was not provided");
        assertNull(() -> without.unprotect(CONTEXT, new SecureCellData(DATA, null)), "Master key was not provided");
        assertNull(() -> protecting.protect(CONTEXT, null), "Data was not provided");
        assertNull(() -> protecting.unprotect(CONTEXT, null), "Protected data was not provided");
        assertNull(() -> imprinting.protect((byte[]) null, DATA), "Context is mandatory for context imprint mode");
        assertEmpty(() -> protecting.unprotect(CONTEXT, new SecureCellData(null, DATA)), "protectedData");
        assertEmpty(() -> protecting.unprotect(CONTEXT, new SecureCellData(DATA, null)), "additionalData");
    }

    @Test
    void oldInterfaceRefuses() throws Exception {
        SecureCell cell = new SecureCell(key.toByteArray());
        SecureCellData made = cell.protect(CONTEXT, DATA);

        for (ThrowingCallable call : new ThrowingCallable[] {
            () -> cell.unprotect(bytes("another"), made),
            () -> cell.unprotect(CONTEXT, new SecureCellData(new byte[0], null)),
            () -> cell.protect(CONTEXT, new byte[0]),
            () -> new SecureCell(new byte[0]).protect(CONTEXT, DATA)
        }) {
            assertThatThrownBy(call).isExactlyInstanceOf(SecureCellException.class);
        }
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }

    private static void assertNull(ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(NullArgumentException.class)
                .hasMessage(message);
    }

    private static void assertEmpty(ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(InvalidArgumentException.class)
                .hasMessage("Invalid argument: " + message);
    }

    /** A token without its last byte would fit whenever that byte is 0, if what is missing were filled up. */
    @Test
    void tokensAreNotFilledUp() throws Exception {
        SecureCell.TokenProtect cell = SecureCell.TokenProtectWithKey(new SymmetricKey());
        byte[] data = bytes("data");
        SecureCellData encrypted = cell.encrypt(data);
        while (encrypted.getAdditionalData()[43] != 0) {
            encrypted = cell.encrypt(data);
        }
        byte[] cut = Arrays.copyOf(encrypted.getAdditionalData(), 43);
        byte[] protectedData = encrypted.getProtectedData();

        assertThat(cell.decrypt(protectedData, encrypted.getAdditionalData())).isEqualTo(data);
        assertThatExceptionOfType(SecureCellException.class).isThrownBy(() -> cell.decrypt(protectedData, cut));
    }
}
