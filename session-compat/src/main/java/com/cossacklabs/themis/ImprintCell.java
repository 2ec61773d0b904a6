package com.cossacklabs.themis;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.ProviderException;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.NullMarked;

/**
 * Context Imprint mode: no authentication and no randomness (PROTOCOL.md, section 11.3).
 *
 * <pre>{@code
 * K = KDF(key, "Themis secure cell message key", [data length as 4 bytes, little-endian], 32)
 * V = KDF(K, "Themis secure cell message iv", [context], 16)
 * result = AES-256-CTR under K, counting up from V
 * }</pre>
 */
@NullMarked
final class ImprintCell implements SecureCell.ContextImprint {
    private static final String HMAC = "HmacSHA256";
    private static final String KEY_LABEL = "Themis secure cell message key";
    private static final String COUNTER_LABEL = "Themis secure cell message iv";
    private static final int KEY_LENGTH = 32;
    private static final int COUNTER_LENGTH = 16;

    private final byte[] key;

    ImprintCell(SymmetricKey key) {
        this.key = key.toByteArray();
    }

    @Override
    public byte[] encrypt(byte[] data, byte[] context) {
        return apply(data, context);
    }

    @Override
    public byte[] decrypt(byte[] data, byte[] context) {
        return apply(data, context);
    }

    /** Encryption and decryption are the same operation. */
    private byte[] apply(byte[] data, byte[] context) {
        Arguments.requireBytes(data, "data");
        Arguments.requireBytes(context, "context");
        byte[] length = ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(data.length)
                .array();
        byte[] derived = new byte[0];
        try {
            derived = derive(key, KEY_LABEL, length, KEY_LENGTH);
            Cipher cipher = Cipher.getInstance("AES/CTR/NoPadding");
            IvParameterSpec counter = new IvParameterSpec(derive(derived, COUNTER_LABEL, context, COUNTER_LENGTH));
            cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(derived, "AES"), counter);
            return cipher.doFinal(data);
        } catch (GeneralSecurityException e) {
            throw new ProviderException("the platform could not encrypt with AES in counter mode", e);
        } finally {
            Arrays.fill(derived, (byte) 0);
        }
    }

    /** KDF of PROTOCOL.md, section 4: HMAC over a counter of 1, the label, a zero byte and the context. */
    private static byte[] derive(byte[] key, String label, byte[] context, int length) throws GeneralSecurityException {
        Mac hmac = Mac.getInstance(HMAC);
        hmac.init(new SecretKeySpec(key, HMAC));
        hmac.update(new byte[] {0, 0, 0, 1});
        hmac.update(label.getBytes(StandardCharsets.US_ASCII));
        hmac.update((byte) 0);
        byte[] code = hmac.doFinal(context);
        byte[] derived = Arrays.copyOf(code, length);
        Arrays.fill(code, (byte) 0);
        return derived;
    }
}
