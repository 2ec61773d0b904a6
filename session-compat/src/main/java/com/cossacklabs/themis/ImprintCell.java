package com.cossacklabs.themis;

import dev.securesession.InsecureContextImprint;
import org.jspecify.annotations.NullMarked;

/** Context Imprint mode: no authentication. */
@NullMarked
final class ImprintCell implements SecureCell.ContextImprint {
    private final InsecureContextImprint imprint;

    ImprintCell(SymmetricKey key) {
        this.imprint = InsecureContextImprint.withKey(key.bytes());
    }

    @Override
    public byte[] encrypt(byte[] data, byte[] context) {
        Arguments.requireBytes(data, "data");
        Arguments.requireBytes(context, "context");
        return imprint.encrypt(data, context);
    }

    @Override
    public byte[] decrypt(byte[] data, byte[] context) {
        Arguments.requireBytes(data, "data");
        Arguments.requireBytes(context, "context");
        return imprint.decrypt(data, context);
    }
}
