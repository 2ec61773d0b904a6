package dev.securesession.internal.crypto;

import java.security.GeneralSecurityException;
import java.security.Provider;
import javax.crypto.Mac;

/** HMAC-SHA-256 by one provider. */
public final class HmacSha256 {
    /** Length of a code. */
    public static final int LENGTH = 32;

    private static final String ALGORITHM = "HmacSHA256";

    private final Provider provider;

    HmacSha256(Provider provider) {
        Providers.require(provider, "Mac", ALGORITHM, () -> Mac.getInstance(ALGORITHM, provider));
        this.provider = provider;
    }

    /** Returns the code of the parts in sequence, a new array. */
    public byte[] of(Secret key, byte[]... parts) {
        Mac hmac = start(key);
        for (byte[] part : parts) {
            hmac.update(part);
        }
        byte[] code = hmac.doFinal();
        Providers.requireLength(provider, "MAC", code.length, LENGTH);
        return code;
    }

    /** Starts a code; the object is for several codes with the same key. */
    Mac start(Secret key) {
        try {
            Mac hmac = Mac.getInstance(ALGORITHM, provider);
            hmac.init(key.asKey(ALGORITHM));
            return hmac;
        } catch (GeneralSecurityException e) {
            throw Providers.failed(provider, "compute a MAC", e);
        }
    }
}
