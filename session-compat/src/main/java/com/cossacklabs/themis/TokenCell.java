package com.cossacklabs.themis;

import dev.securesession.SealedDataException;
import dev.securesession.Sealer;
import java.util.Arrays;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** Token Protect mode: what Seal makes, cut in two (PROTOCOL.md, section 11.2). */
@NullMarked
final class TokenCell implements SecureCell.TokenProtect {
    private static final int TOKEN_LENGTH = 44;

    private final Sealer sealer;

    TokenCell(SymmetricKey key) {
        this.sealer = Sealer.withKey(key.bytes());
    }

    @Override
    public SecureCellData encrypt(byte[] data, byte @Nullable [] context) {
        Arguments.requireBytes(data, "data");
        byte[] sealed = sealer.seal(data, Arguments.orEmpty(context));
        return new SecureCellData(
                Arrays.copyOfRange(sealed, TOKEN_LENGTH, sealed.length), Arrays.copyOf(sealed, TOKEN_LENGTH));
    }

    @Override
    public SecureCellData encrypt(byte[] data) {
        return encrypt(data, null);
    }

    @Override
    public byte[] decrypt(byte[] data, byte[] token, byte @Nullable [] context) throws SecureCellException {
        Arguments.requireBytes(data, "data");
        Arguments.requireBytes(token, "token");
        if (token.length < TOKEN_LENGTH) {
            // The halves must not fit together at another place than the one where they were cut.
            throw new SecureCellException();
        }
        // As the original: bytes after the token are ignored. Nothing of them gets into the sealed data.
        byte[] sealed = Arrays.copyOf(Arrays.copyOf(token, TOKEN_LENGTH), TOKEN_LENGTH + data.length);
        System.arraycopy(data, 0, sealed, TOKEN_LENGTH, data.length);
        try {
            return sealer.unseal(sealed, Arguments.orEmpty(context));
        } catch (SealedDataException e) {
            throw new SecureCellException(e);
        }
    }

    @Override
    public byte[] decrypt(byte[] data, byte[] token) throws SecureCellException {
        return decrypt(data, token, null);
    }
}
