package dev.securesession.internal.crypto;

import java.io.NotSerializableException;
import java.util.function.Supplier;
import javax.crypto.SecretKey;

/** Passes secret bytes to a provider without keeping a copy that could not be wiped. */
final class LentKey implements SecretKey {
    private static final long serialVersionUID = 1L;

    private final String algorithm;
    private final transient Supplier<byte[]> bytes;

    LentKey(String algorithm, Supplier<byte[]> bytes) {
        this.algorithm = algorithm;
        this.bytes = bytes;
    }

    @Override
    public String getAlgorithm() {
        return algorithm;
    }

    @Override
    public String getFormat() {
        return "RAW";
    }

    /** Returns a copy, the provider's to wipe. */
    @Override
    public byte[] getEncoded() {
        return bytes.get();
    }

    private Object writeReplace() throws NotSerializableException {
        throw new NotSerializableException("a secret");
    }
}
