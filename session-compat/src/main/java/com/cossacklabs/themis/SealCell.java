package com.cossacklabs.themis;

import dev.securesession.SealedDataException;
import dev.securesession.Sealer;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** Seal mode, with a key or a passphrase. */
@NullMarked
final class SealCell implements SecureCell.Seal {
    private final Sealer sealer;

    SealCell(SymmetricKey key) {
        this.sealer = Sealer.withKey(key.bytes());
    }

    SealCell(PassphraseBytes passphrase) {
        this.sealer = Sealer.withPassphraseBytes(passphrase.bytes());
    }

    @Override
    public byte[] encrypt(byte[] data, byte @Nullable [] context) {
        Arguments.requireBytes(data, "data");
        return sealer.seal(data, Arguments.orEmpty(context));
    }

    @Override
    public byte[] encrypt(byte[] data) {
        return encrypt(data, null);
    }

    @Override
    public byte[] decrypt(byte[] data, byte @Nullable [] context) throws SecureCellException {
        Arguments.requireBytes(data, "data");
        try {
            return sealer.unseal(data, Arguments.orEmpty(context));
        } catch (SealedDataException e) {
            throw new SecureCellException(e);
        }
    }

    @Override
    public byte[] decrypt(byte[] data) throws SecureCellException {
        return decrypt(data, null);
    }
}
