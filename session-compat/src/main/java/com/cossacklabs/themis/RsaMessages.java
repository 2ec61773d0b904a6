package com.cossacklabs.themis;

import dev.securesession.SealedDataException;
import dev.securesession.Sealer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.security.NoSuchAlgorithmException;
import java.security.ProviderException;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.SignatureException;
import java.security.interfaces.RSAKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.util.Arrays;
import javax.crypto.BadPaddingException;
import javax.crypto.Cipher;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import org.jspecify.annotations.NullMarked;

/**
 * Messages that are signed or sealed with RSA keys (docs/signed-and-sealed-messages.md). Every integer is LITTLE-endian.
 *
 * <pre>{@code
 * signed   type 4 (26042610) | message length 4 | signature length 4 | message | signature | trailing bytes, ignored
 * sealed   type 4 (26042710) | total length 4 | encrypted key length 4 | encrypted key | sealed data
 * }</pre>
 */
@NullMarked
final class RsaMessages {
    private static final int SIGNED = 0x2604_2610;
    private static final int SEALED = 0x2604_2710;
    private static final int HEADER_LENGTH = 12;
    private static final int DIGEST_LENGTH = 32;
    private static final int KEY_LENGTH = 70;

    private RsaMessages() {}

    static byte[] sign(RSAPrivateCrtKey key, byte[] message) throws GeneralSecurityException {
        Signature pss = pss(key);
        pss.initSign(key);
        pss.update(message);
        byte[] signature = pss.sign();
        return header(SIGNED, message.length, signature.length, message.length + signature.length)
                .put(message)
                .put(signature)
                .array();
    }

    static byte[] verify(RSAPublicKey key, byte[] signed) throws GeneralSecurityException {
        ByteBuffer fields = fields(SIGNED, signed);
        long messageLength = Integer.toUnsignedLong(fields.getInt());
        long signatureLength = Integer.toUnsignedLong(fields.getInt());
        if (messageLength < 1
                || signatureLength != RsaKeys.modulusLength(key.getModulus())
                || messageLength + signatureLength > fields.remaining()) {
            throw new SignatureException("a signed message whose lengths do not fit: " + messageLength + " and "
                    + signatureLength + " where " + fields.remaining() + " bytes follow");
        }
        byte[] message = next(fields, (int) messageLength);
        Signature pss = pss(key);
        pss.initVerify(key);
        pss.update(message);
        if (!pss.verify(next(fields, (int) signatureLength))) {
            throw new SignatureException("a signed message that was changed, or that another key has signed");
        }
        return message;
    }

    static byte[] encrypt(RSAPublicKey key, byte[] message) throws GeneralSecurityException {
        byte[] messageKey = new byte[KEY_LENGTH];
        new SecureRandom().nextBytes(messageKey);
        Sealer sealer = Sealer.withKey(messageKey);
        try {
            Cipher oaep = oaep();
            oaep.init(Cipher.ENCRYPT_MODE, key, OAEP);
            byte[] encryptedKey = oaep.doFinal(messageKey);
            byte[] sealed = sealer.seal(message);
            int length = encryptedKey.length + sealed.length;
            return header(SEALED, HEADER_LENGTH + length, encryptedKey.length, length)
                    .put(encryptedKey)
                    .put(sealed)
                    .array();
        } finally {
            Arrays.fill(messageKey, (byte) 0);
            sealer.destroy();
        }
    }

    /**
     * Decrypts a message. From where the private key is used on, every failure looks the same: a key that does not open is
     * replaced with a random one, so that the sealed data fails.
     */
    static byte[] decrypt(RSAPrivateCrtKey key, byte[] message) throws GeneralSecurityException {
        ByteBuffer fields = fields(SEALED, message);
        int totalLength = fields.getInt();
        int keyLength = fields.getInt();
        if (totalLength != message.length
                || keyLength != RsaKeys.modulusLength(key.getModulus())
                || keyLength > fields.remaining()) {
            throw new BadPaddingException("an encrypted message of " + message.length + " bytes that states "
                    + Integer.toUnsignedString(totalLength) + " and a key of " + Integer.toUnsignedString(keyLength));
        }
        byte[] messageKey = messageKey(key, next(fields, keyLength));
        Sealer sealer = Sealer.withKey(messageKey);
        try {
            return sealer.unseal(next(fields, fields.remaining()));
        } catch (SealedDataException e) {
            throw new BadPaddingException("an encrypted message that was changed, or that is for another key");
        } finally {
            Arrays.fill(messageKey, (byte) 0);
            sealer.destroy();
        }
    }

    private static byte[] messageKey(RSAPrivateCrtKey key, byte[] encrypted) throws GeneralSecurityException {
        byte[] replacement = new byte[KEY_LENGTH];
        new SecureRandom().nextBytes(replacement);
        Cipher oaep = oaep();
        oaep.init(Cipher.DECRYPT_MODE, key, OAEP);
        try {
            byte[] opened = oaep.doFinal(encrypted);
            return opened.length == KEY_LENGTH ? opened : replacement;
        } catch (GeneralSecurityException | ProviderException e) {
            return replacement;
        }
    }

    private static Cipher oaep() throws GeneralSecurityException {
        return Cipher.getInstance("RSA/ECB/OAEPWithSHA-1AndMGF1Padding");
    }

    private static Signature pss(RSAKey key) throws GeneralSecurityException {
        int saltLength = RsaKeys.modulusLength(key.getModulus()) - DIGEST_LENGTH - 2;
        Signature pss = unparameterizedPss();
        pss.setParameter(new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, saltLength, 1));
        return pss;
    }

    /** JDKs and Android have different names for PSS. */
    private static Signature unparameterizedPss() throws NoSuchAlgorithmException {
        try {
            return Signature.getInstance("RSASSA-PSS");
        } catch (NoSuchAlgorithmException e) {
            return Signature.getInstance("SHA256withRSA/PSS");
        }
    }

    private static ByteBuffer header(int type, int second, int third, int bodyLength) {
        return ByteBuffer.allocate(Math.addExact(HEADER_LENGTH, bodyLength))
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(type)
                .putInt(second)
                .putInt(third);
    }

    /** Returns the fields after the type. */
    private static ByteBuffer fields(int type, byte[] message) throws SignatureException {
        ByteBuffer fields = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        if (message.length < HEADER_LENGTH || fields.getInt() != type) {
            throw new SignatureException(String.format(
                    "a message that does not begin with the type %08x, %s with an RSA key, and two lengths",
                    type, type == SIGNED ? "signed" : "sealed"));
        }
        return fields;
    }

    private static byte[] next(ByteBuffer fields, int length) {
        byte[] bytes = new byte[length];
        fields.get(bytes);
        return bytes;
    }

    private static final OAEPParameterSpec OAEP =
            new OAEPParameterSpec("SHA-1", "MGF1", MGF1ParameterSpec.SHA1, PSource.PSpecified.DEFAULT);
}
