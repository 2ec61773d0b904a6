package com.cossacklabs.themis;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** The bytes that a passphrase stands for. */
@NullMarked
class PassphraseBytes extends KeyBytes {
    PassphraseBytes(byte @Nullable [] passphrase) {
        super(passphrase);
    }

    PassphraseBytes(@Nullable String passphrase, @Nullable Charset charset) {
        super(encode(
                Arguments.requireNonNull(passphrase, "passphrase cannot be null"),
                Arguments.requireNonNull(charset, "charset cannot be null")));
    }

    /** Two passphrases must not become the same bytes because the charset lacks their characters. */
    private static byte[] encode(String passphrase, Charset charset) {
        try {
            ByteBuffer encoded = charset.newEncoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .encode(CharBuffer.wrap(passphrase));
            byte[] bytes = new byte[encoded.remaining()];
            encoded.get(bytes);
            return bytes;
        } catch (CharacterCodingException e) {
            throw new RuntimeException("failed to encode passphrase in " + charset, e);
        }
    }
}
