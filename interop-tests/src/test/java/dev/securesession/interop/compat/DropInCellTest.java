package dev.securesession.interop.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.cossacklabs.themis.SecureCell;
import com.cossacklabs.themis.SecureCellData;
import com.cossacklabs.themis.SecureCellException;
import com.cossacklabs.themis.SymmetricKey;
import dev.securesession.interop.ForeignPeer;
import dev.securesession.interop.ReferencePeer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Cells of the drop-in and of the foreign peer, each opened by the other. */
@ExtendWith(ReferencePeer.class)
@SuppressWarnings("deprecation")
class DropInCellTest {
    private static final byte[] CONTEXT = "table 3, row 7".getBytes(StandardCharsets.UTF_8);
    private static final String PASSPHRASE = "Öffne dich";

    private final byte[] key = new SymmetricKey().toByteArray();

    @ParameterizedTest
    @ValueSource(ints = {1, 16, 70_000})
    void sealWithKey(int length, ForeignPeer peer) throws Exception {
        byte[] data = data(length);
        SecureCell.Seal cell = SecureCell.SealWithKey(key);

        assertThat(peer.unseal(key, cell.encrypt(data))).isEqualTo(data);
        assertThat(peer.unseal(key, cell.encrypt(data, CONTEXT), CONTEXT)).isEqualTo(data);
        assertThat(cell.decrypt(peer.seal(key, data))).isEqualTo(data);
        assertThat(cell.decrypt(peer.seal(key, data, CONTEXT), CONTEXT)).isEqualTo(data);
    }

    @Test
    void sealWithPassphrase(ForeignPeer peer) throws Exception {
        byte[] data = data(100);
        byte[] utf8 = PASSPHRASE.getBytes(StandardCharsets.UTF_8);
        byte[] utf16 = PASSPHRASE.getBytes(StandardCharsets.UTF_16);
        SecureCell.Seal cell = SecureCell.SealWithPassphrase(PASSPHRASE);
        SecureCell.Seal inUtf16 = SecureCell.SealWithPassphrase(PASSPHRASE, StandardCharsets.UTF_16);

        assertThat(peer.unsealWithPassphrase(utf8, cell.encrypt(data, CONTEXT), CONTEXT))
                .isEqualTo(data);
        assertThat(cell.decrypt(peer.sealWithPassphrase(utf8, data))).isEqualTo(data);
        assertThat(inUtf16.decrypt(peer.sealWithPassphrase(utf16, data, CONTEXT), CONTEXT))
                .isEqualTo(data);
        assertThat(peer.unsealWithPassphrase(
                        utf16, SecureCell.SealWithPassphrase(utf16).encrypt(data)))
                .isEqualTo(data);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 16, 70_000})
    void tokenProtect(int length, ForeignPeer peer) throws Exception {
        byte[] data = data(length);
        SecureCell.TokenProtect cell = SecureCell.TokenProtectWithKey(key);

        SecureCellData ours = cell.encrypt(data, CONTEXT);
        assertThat(ask(peer, "untoken", key, ours.getAdditionalData(), ours.getProtectedData(), CONTEXT))
                .containsExactly(data);
        SecureCellData withoutContext = cell.encrypt(data);
        assertThat(ask(peer, "untoken", key, withoutContext.getAdditionalData(), withoutContext.getProtectedData()))
                .containsExactly(data);

        List<byte[]> theirs = ask(peer, "token", key, data, CONTEXT);
        assertThat(theirs.get(1)).hasSize(length);
        assertThat(cell.decrypt(theirs.get(1), theirs.get(0), CONTEXT)).isEqualTo(data);
        List<byte[]> theirsWithout = ask(peer, "token", key, data);
        assertThat(cell.decrypt(theirsWithout.get(1), theirsWithout.get(0))).isEqualTo(data);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 16, 70_000})
    void contextImprint(int length, ForeignPeer peer) {
        byte[] data = data(length);
        SecureCell.ContextImprint cell = SecureCell.ContextImprintWithKey(key);
        byte[] ours = cell.encrypt(data, CONTEXT);

        assertThat(ask(peer, "imprint", key, data, CONTEXT)).containsExactly(ours);
        assertThat(ask(peer, "unimprint", key, ours, CONTEXT)).containsExactly(data);
        assertThat(cell.decrypt(ours, CONTEXT)).isEqualTo(data);
    }

    @Test
    void oldInterfaceWithTexts(ForeignPeer peer) throws Exception {
        byte[] data = data(50);
        byte[] password = "password".getBytes(StandardCharsets.UTF_16);
        byte[] context = "context".getBytes(StandardCharsets.UTF_16);
        SecureCell seal = new SecureCell("password");
        SecureCell token = new SecureCell("password", SecureCell.MODE_TOKEN_PROTECT);
        SecureCell imprint = new SecureCell("password", SecureCell.MODE_CONTEXT_IMPRINT);

        assertThat(peer.unseal(password, seal.protect("context", data).getProtectedData(), context))
                .isEqualTo(data);
        assertThat(seal.unprotect("context", new SecureCellData(peer.seal(password, data, context), null)))
                .isEqualTo(data);
        List<byte[]> parts = ask(peer, "token", password, data, context);
        assertThat(token.unprotect("context", new SecureCellData(parts.get(1), parts.get(0))))
                .isEqualTo(data);
        assertThat(ask(peer, "imprint", password, data, context))
                .containsExactly(imprint.protect("context", data).getProtectedData());
    }

    @Test
    void refusesWhatDoesNotFit(ForeignPeer peer) {
        byte[] data = data(20);
        byte[] sealed = peer.seal(key, data, CONTEXT);
        List<byte[]> parts = ask(peer, "token", key, data, CONTEXT);
        byte[] damaged = parts.get(0).clone();
        damaged[damaged.length - 1] ^= 1;
        SecureCell.Seal seal = SecureCell.SealWithKey(key);
        SecureCell.TokenProtect token = SecureCell.TokenProtectWithKey(key);

        assertThatExceptionOfType(SecureCellException.class).isThrownBy(() -> seal.decrypt(sealed));
        assertThatExceptionOfType(SecureCellException.class)
                .isThrownBy(() -> SecureCell.SealWithKey(new SymmetricKey()).decrypt(sealed, CONTEXT));
        assertThatExceptionOfType(SecureCellException.class)
                .isThrownBy(() -> token.decrypt(parts.get(1), damaged, CONTEXT));
        assertThatExceptionOfType(SecureCellException.class)
                .isThrownBy(() -> token.decrypt(parts.get(1), parts.get(0)));
    }

    private static byte[] data(int length) {
        byte[] data = new byte[length];
        for (int i = 0; i < length; i++) {
            data[i] = (byte) i;
        }
        return data;
    }

    private static List<byte[]> ask(ForeignPeer peer, String request, byte[]... arguments) {
        return peer.ask(
                request,
                Arrays.stream(arguments)
                        .map(Base64.getEncoder()::encodeToString)
                        .toArray(String[]::new));
    }
}
