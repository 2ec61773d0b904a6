package example;

import com.cossacklabs.themis.InvalidArgumentException;
import com.cossacklabs.themis.NullArgumentException;
import com.cossacklabs.themis.SecureCell;
import com.cossacklabs.themis.SecureCellData;
import com.cossacklabs.themis.SecureCellException;
import com.cossacklabs.themis.SymmetricKey;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Data at rest, in every mode and by every interface. */
public class Cells {
    private static final byte[] DATA = "all is well".getBytes(StandardCharsets.UTF_8);
    private static final byte[] CONTEXT = "row 7".getBytes(StandardCharsets.UTF_8);

    public static void main(String[] args) throws Exception {
        SymmetricKey key = new SymmetricKey();
        sealing(key);
        otherModes(key);
        oldInterface(key);
        wrongArguments(key);
    }

    private static void sealing(SymmetricKey key) throws SecureCellException {
        SecureCell.Seal cell = SecureCell.SealWithKey(key);
        byte[] sealed = cell.encrypt(DATA, CONTEXT);
        check("sealed", sealed.length == DATA.length + 44 && Arrays.equals(DATA, cell.decrypt(sealed, CONTEXT)));
        try {
            cell.decrypt(sealed);
        } catch (SecureCellException e) {
            check("needs its context", true);
        }
        SecureCell.Seal locked = SecureCell.SealWithPassphrase("open sesame", StandardCharsets.UTF_8);
        byte[] byPassphrase = locked.encrypt(DATA);
        SecureCell.Seal opened = SecureCell.SealWithPassphrase("open sesame".getBytes(StandardCharsets.UTF_8));
        check("passphrase", Arrays.equals(DATA, opened.decrypt(byPassphrase)));
    }

    private static void otherModes(SymmetricKey key) throws SecureCellException {
        SecureCell.TokenProtect token = SecureCell.TokenProtectWithKey(key.toByteArray());
        SecureCellData parts = token.encrypt(DATA, CONTEXT);
        check(
                "token",
                parts.hasAdditionalData()
                        && parts.getProtectedData().length == DATA.length
                        && Arrays.equals(
                                DATA, token.decrypt(parts.getProtectedData(), parts.getAdditionalData(), CONTEXT)));
        SecureCell.ContextImprint imprint = SecureCell.ContextImprintWithKey(key);
        check("imprint", Arrays.equals(DATA, imprint.decrypt(imprint.encrypt(DATA, CONTEXT), CONTEXT)));
    }

    @SuppressWarnings("deprecation")
    private static void oldInterface(SymmetricKey key) throws SecureCellException {
        int[] modes = {SecureCell.MODE_SEAL, SecureCell.MODE_TOKEN_PROTECT, SecureCell.MODE_CONTEXT_IMPRINT};
        for (int mode : modes) {
            SecureCell cell = new SecureCell(key.toByteArray(), mode);
            SecureCellData made = cell.protect(CONTEXT, DATA);
            check("old interface, mode " + mode, Arrays.equals(DATA, cell.unprotect(CONTEXT, made)));
            SecureCell texts = new SecureCell("password", mode);
            made = texts.protect("context", DATA);
            check("texts, mode " + mode, Arrays.equals(DATA, texts.unprotect("password", "context", made)));
        }
    }

    private static void wrongArguments(SymmetricKey key) {
        try {
            SecureCell.SealWithKey(key).encrypt(new byte[0]);
        } catch (InvalidArgumentException e) {
            System.out.println(e.getMessage());
        }
        try {
            SecureCell.ContextImprintWithKey(key).encrypt(DATA, null);
        } catch (NullArgumentException e) {
            System.out.println(e.getMessage());
        }
    }

    private static void check(String what, boolean holds) {
        System.out.println(what + ": " + holds);
    }
}
