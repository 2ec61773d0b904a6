package com.cossacklabs.themis;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.NonNull;
import org.jspecify.annotations.Nullable;

/**
 * Protects data at rest, with a key or a passphrase, optionally tied to a context that must be given again.
 *
 * <pre>{@code
 * SecureCell.Seal cell = SecureCell.SealWithKey(new SymmetricKey());
 * byte[] sealed = cell.encrypt(data, context);
 * byte[] data = cell.decrypt(sealed, context);
 * }</pre>
 *
 * <p>Instances of this class and the cells that the static methods return are safe for use by several threads. As in the
 * original, methods that are not deprecated declare that they return no {@code null}, and which contexts may be
 * {@code null}.
 */
@SuppressWarnings("exports") // Programs need not have the module of the annotations.
public class SecureCell {
    /** The result is 44 bytes longer than the data and is authenticated. */
    public static final int MODE_SEAL = 0;

    /** The result is as long as the data and is authenticated by a token of 44 bytes, which is stored separately. */
    public static final int MODE_TOKEN_PROTECT = 1;

    /** The result is as long as the data and is not authenticated: changes go unnoticed. */
    public static final int MODE_CONTEXT_IMPRINT = 2;

    private static final Charset CHARSET = StandardCharsets.UTF_16;

    private final int mode;
    private final byte[] key;

    /** Seal mode: encrypts and authenticates, in one piece. */
    public interface Seal {
        /**
         * Seals data that belongs to a context.
         *
         * @param data 1 byte or more
         * @param context what the data belongs to; {@code null} or empty for none
         * @return 44 bytes more with a key, 70 with a passphrase; a new array
         * @throws InvalidArgumentException if there is no data
         */
        byte @NonNull [] encrypt(byte[] data, byte @Nullable [] context);

        /**
         * Seals data without a context.
         *
         * @param data 1 byte or more
         * @return 44 bytes more with a key, 70 with a passphrase; a new array
         * @throws InvalidArgumentException if there is no data
         */
        byte @NonNull [] encrypt(byte[] data);

        /**
         * Opens data that was sealed with a context.
         *
         * @param data what was sealed
         * @param context as it was for sealing
         * @return the data, a new array
         * @throws SecureCellException if it does not open: the cause says why
         */
        byte @NonNull [] decrypt(byte[] data, byte @Nullable [] context) throws SecureCellException;

        /**
         * Opens data that was sealed without a context.
         *
         * @param data what was sealed
         * @return the data, a new array
         * @throws SecureCellException if it does not open: the cause says why
         */
        byte @NonNull [] decrypt(byte[] data) throws SecureCellException;
    }

    /** Token Protect mode: encrypts and authenticates, the proof apart from the data. */
    public interface TokenProtect {
        /**
         * Encrypts data that belongs to a context.
         *
         * @param data 1 byte or more
         * @param context what the data belongs to; {@code null} or empty for none
         * @return as many bytes as there are data, and a token of 44 bytes
         * @throws InvalidArgumentException if there is no data
         */
        @NonNull
        SecureCellData encrypt(byte[] data, byte @Nullable [] context);

        /**
         * Encrypts data without a context.
         *
         * @param data 1 byte or more
         * @return as many bytes as there are data, and a token of 44 bytes
         * @throws InvalidArgumentException if there is no data
         */
        @NonNull
        SecureCellData encrypt(byte[] data);

        /**
         * Decrypts data that was encrypted with a context.
         *
         * @param data what was encrypted
         * @param token that came with it
         * @param context as it was for encryption
         * @return the data, a new array
         * @throws SecureCellException if it does not open: the cause says why
         */
        byte @NonNull [] decrypt(byte[] data, byte[] token, byte @Nullable [] context) throws SecureCellException;

        /**
         * Decrypts data that was encrypted without a context.
         *
         * @param data what was encrypted
         * @param token that came with it
         * @return the data, a new array
         * @throws SecureCellException if it does not open: the cause says why
         */
        byte @NonNull [] decrypt(byte[] data, byte[] token) throws SecureCellException;
    }

    /**
     * Context Imprint mode: encrypts without authentication and without randomness. Nobody notices when the result was
     * changed, or when key or context are wrong. For what is kept in that form already.
     */
    public interface ContextImprint {
        /**
         * Encrypts data in a context.
         *
         * @param data 1 byte or more
         * @param context 1 byte or more, as different as possible for each data
         * @return as many bytes as there are data
         * @throws InvalidArgumentException if data or context is empty
         */
        byte @NonNull [] encrypt(byte[] data, byte[] context);

        /**
         * Decrypts data in a context.
         *
         * @param data 1 byte or more
         * @param context as it was for encryption
         * @return as many bytes; whether they are what was encrypted cannot be told
         * @throws InvalidArgumentException if data or context is empty
         */
        byte @NonNull [] decrypt(byte[] data, byte[] context);
    }

    /**
     * Returns a cell in Seal mode with a key.
     *
     * @param key the key
     * @return the cell
     */
    public static @NonNull Seal SealWithKey(SymmetricKey key) {
        return new SealCell(Arguments.requireNonNull(key, "key cannot be null"));
    }

    /**
     * Returns a cell in Seal mode with a key.
     *
     * @param key 1 byte or more; copied
     * @return the cell
     * @throws InvalidArgumentException if the key is empty
     */
    public static @NonNull Seal SealWithKey(byte[] key) {
        return new SealCell(new SymmetricKey(key));
    }

    /**
     * Returns a cell in Seal mode with a passphrase, which stands for its bytes in UTF-8. Each call takes about a tenth of
     * a second, on purpose.
     *
     * @param passphrase 1 character or more
     * @return the cell
     * @throws InvalidArgumentException if the passphrase is empty
     */
    public static @NonNull Seal SealWithPassphrase(String passphrase) {
        return SealWithPassphrase(passphrase, StandardCharsets.UTF_8);
    }

    /**
     * Returns a cell in Seal mode with a passphrase, which stands for its bytes in a charset.
     *
     * @param passphrase 1 character or more, all of them in the charset
     * @param charset the same for opening as for sealing
     * @return the cell
     * @throws InvalidArgumentException if the passphrase is empty
     * @throws RuntimeException if the charset lacks a character of the passphrase
     */
    public static @NonNull Seal SealWithPassphrase(String passphrase, Charset charset) {
        return new SealCell(new PassphraseBytes(passphrase, charset));
    }

    /**
     * Returns a cell in Seal mode with a passphrase that is bytes already.
     *
     * @param passphrase 1 byte or more; copied
     * @return the cell
     * @throws InvalidArgumentException if the passphrase is empty
     */
    public static @NonNull Seal SealWithPassphrase(byte[] passphrase) {
        return new SealCell(new PassphraseBytes(passphrase));
    }

    /**
     * Returns a cell in Token Protect mode.
     *
     * @param key the key
     * @return the cell
     */
    public static @NonNull TokenProtect TokenProtectWithKey(SymmetricKey key) {
        return new TokenCell(Arguments.requireNonNull(key, "key cannot be null"));
    }

    /**
     * Returns a cell in Token Protect mode.
     *
     * @param key 1 byte or more; copied
     * @return the cell
     * @throws InvalidArgumentException if the key is empty
     */
    public static @NonNull TokenProtect TokenProtectWithKey(byte[] key) {
        return new TokenCell(new SymmetricKey(key));
    }

    /**
     * Returns a cell in Context Imprint mode.
     *
     * @param key the key
     * @return the cell
     */
    public static @NonNull ContextImprint ContextImprintWithKey(SymmetricKey key) {
        return new ImprintCell(Arguments.requireNonNull(key, "key cannot be null"));
    }

    /**
     * Returns a cell in Context Imprint mode.
     *
     * @param key 1 byte or more; copied
     * @return the cell
     * @throws InvalidArgumentException if the key is empty
     */
    public static @NonNull ContextImprint ContextImprintWithKey(byte[] key) {
        return new ImprintCell(new SymmetricKey(key));
    }

    private SecureCell(int mode, byte[] ownKey) {
        if (mode < MODE_SEAL || mode > MODE_CONTEXT_IMPRINT) {
            throw new InvalidArgumentException("invalid mode");
        }
        this.mode = mode;
        this.key = ownKey;
    }

    /**
     * Makes a cell that is given the key with each call.
     *
     * @param mode one of the constants
     * @throws InvalidArgumentException if there is no such mode
     * @deprecated {@link #SealWithKey(SymmetricKey)} and its like tell modes apart by their types
     */
    @Deprecated
    public SecureCell(int mode) {
        this(mode, (byte[]) null);
    }

    /**
     * Makes a cell in Seal mode with a key.
     *
     * @param key copied; {@code null} if it is given with each call
     * @deprecated use {@link #SealWithKey(byte[])}
     */
    @Deprecated
    public SecureCell(byte[] key) {
        this(key, MODE_SEAL);
    }

    /**
     * Makes a cell with a key.
     *
     * @param key copied; {@code null} if it is given with each call
     * @param mode one of the constants
     * @throws InvalidArgumentException if there is no such mode
     * @deprecated {@link #SealWithKey(byte[])} and its like tell modes apart by their types
     */
    @Deprecated
    public SecureCell(byte[] key, int mode) {
        this(mode, key == null ? null : key.clone());
    }

    /**
     * Makes a cell in Seal mode whose key is the UTF-16 of a text, not stretched.
     *
     * @param password the text
     * @deprecated passwords make weak keys; use {@link #SealWithPassphrase(String)}, which is another format
     */
    @Deprecated
    public SecureCell(String password) {
        this(password, MODE_SEAL);
    }

    /**
     * Makes a cell whose key is the UTF-16 of a text, not stretched.
     *
     * @param password the text
     * @param mode one of the constants
     * @throws InvalidArgumentException if there is no such mode
     * @deprecated passwords make weak keys; use {@link #SealWithPassphrase(String)}, which is another format
     */
    @Deprecated
    public SecureCell(String password, int mode) {
        this(mode, passwordBytes(password));
    }

    /**
     * Encrypts with another key than the one of the cell.
     *
     * @param key the key
     * @param context what the data belongs to, or {@code null} except in Context Imprint mode
     * @param data 1 byte or more
     * @return the result, with a token in Token Protect mode
     * @throws SecureCellException if an argument is empty that must not be
     * @deprecated use {@link Seal}, {@link TokenProtect} or {@link ContextImprint}
     */
    @Deprecated
    public SecureCellData protect(byte[] key, byte[] context, byte[] data) throws SecureCellException {
        requireArguments(key, data, "Data was not provided", context);
        try {
            return switch (mode) {
                case MODE_TOKEN_PROTECT -> TokenProtectWithKey(key).encrypt(data, context);
                case MODE_CONTEXT_IMPRINT ->
                    new SecureCellData(ContextImprintWithKey(key).encrypt(data, context), null);
                default -> new SecureCellData(SealWithKey(key).encrypt(data, context), null);
            };
        } catch (InvalidArgumentException e) {
            throw new SecureCellException(e);
        }
    }

    /**
     * Encrypts with the key of the cell.
     *
     * @param context what the data belongs to, or {@code null} except in Context Imprint mode
     * @param data 1 byte or more
     * @return the result, with a token in Token Protect mode
     * @throws SecureCellException if an argument is empty that must not be
     * @deprecated use {@link Seal}, {@link TokenProtect} or {@link ContextImprint}
     */
    @Deprecated
    public SecureCellData protect(byte[] context, byte[] data) throws SecureCellException {
        return protect(key, context, data);
    }

    /**
     * Encrypts with another key than the one of the cell; key and context are the UTF-16 of texts.
     *
     * @param password the text of the key
     * @param context the text of the context, or {@code null} except in Context Imprint mode
     * @param data 1 byte or more
     * @return the result, with a token in Token Protect mode
     * @throws SecureCellException if an argument is empty that must not be
     * @deprecated use {@link Seal}, {@link TokenProtect} or {@link ContextImprint}
     */
    @Deprecated
    public SecureCellData protect(String password, String context, byte[] data) throws SecureCellException {
        return protect(passwordBytes(password), contextBytes(context), data);
    }

    /**
     * Encrypts with the key of the cell; the context is the UTF-16 of a text.
     *
     * @param context the text of the context, or {@code null} except in Context Imprint mode
     * @param data 1 byte or more
     * @return the result, with a token in Token Protect mode
     * @throws SecureCellException if an argument is empty that must not be
     * @deprecated use {@link Seal}, {@link TokenProtect} or {@link ContextImprint}
     */
    @Deprecated
    public SecureCellData protect(String context, byte[] data) throws SecureCellException {
        return protect(key, contextBytes(context), data);
    }

    /**
     * Decrypts with another key than the one of the cell.
     *
     * @param key the key
     * @param context as it was for encryption
     * @param protectedData what was encrypted
     * @return the data, a new array
     * @throws SecureCellException if it does not open: the cause says why
     * @throws InvalidArgumentException if a part of the encrypted data is missing
     * @deprecated use {@link Seal}, {@link TokenProtect} or {@link ContextImprint}
     */
    @Deprecated
    public byte[] unprotect(byte[] key, byte[] context, SecureCellData protectedData) throws SecureCellException {
        requireArguments(key, protectedData, "Protected data was not provided", context);
        byte[] data = protectedData.getProtectedData();
        byte[] token = protectedData.getAdditionalData();
        if (data == null) {
            throw new InvalidArgumentException("protectedData");
        }
        if (mode == MODE_TOKEN_PROTECT && token == null) {
            throw new InvalidArgumentException("additionalData");
        }
        try {
            return switch (mode) {
                case MODE_TOKEN_PROTECT -> TokenProtectWithKey(key).decrypt(data, token, context);
                case MODE_CONTEXT_IMPRINT -> ContextImprintWithKey(key).decrypt(data, context);
                default -> SealWithKey(key).decrypt(data, context);
            };
        } catch (InvalidArgumentException e) {
            throw new SecureCellException(e);
        }
    }

    /**
     * Decrypts with the key of the cell.
     *
     * @param context as it was for encryption
     * @param protectedData what was encrypted
     * @return the data, a new array
     * @throws SecureCellException if it does not open: the cause says why
     * @throws InvalidArgumentException if a part of the encrypted data is missing
     * @deprecated use {@link Seal}, {@link TokenProtect} or {@link ContextImprint}
     */
    @Deprecated
    public byte[] unprotect(byte[] context, SecureCellData protectedData) throws SecureCellException {
        return unprotect(key, context, protectedData);
    }

    /**
     * Decrypts with another key than the one of the cell; key and context are the UTF-16 of texts.
     *
     * @param password the text of the key
     * @param context as it was for encryption
     * @param protectedData what was encrypted
     * @return the data, a new array
     * @throws SecureCellException if it does not open: the cause says why
     * @throws InvalidArgumentException if a part of the encrypted data is missing
     * @deprecated use {@link Seal}, {@link TokenProtect} or {@link ContextImprint}
     */
    @Deprecated
    public byte[] unprotect(String password, String context, SecureCellData protectedData) throws SecureCellException {
        return unprotect(passwordBytes(password), contextBytes(context), protectedData);
    }

    /**
     * Decrypts with the key of the cell; the context is the UTF-16 of a text.
     *
     * @param context as it was for encryption
     * @param protectedData what was encrypted
     * @return the data, a new array
     * @throws SecureCellException if it does not open: the cause says why
     * @throws InvalidArgumentException if a part of the encrypted data is missing
     * @deprecated use {@link Seal}, {@link TokenProtect} or {@link ContextImprint}
     */
    @Deprecated
    public byte[] unprotect(String context, SecureCellData protectedData) throws SecureCellException {
        return unprotect(key, contextBytes(context), protectedData);
    }

    private void requireArguments(byte[] key, Object data, String noData, byte[] context) {
        Arguments.requireNonNull(key, NO_KEY);
        Arguments.requireNonNull(data, noData);
        if (mode == MODE_CONTEXT_IMPRINT) {
            Arguments.requireNonNull(context, "Context is mandatory for context imprint mode");
        }
    }

    private static byte[] passwordBytes(String password) {
        return Arguments.requireNonNull(password, NO_KEY).getBytes(CHARSET);
    }

    private static byte[] contextBytes(String context) {
        return context == null ? null : context.getBytes(CHARSET);
    }

    private static final String NO_KEY = "Master key was not provided";
}
