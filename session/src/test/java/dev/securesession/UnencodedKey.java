package dev.securesession;

import java.security.Key;

/** A key for elliptic curves that has no encoding, as those of tokens and services; for tests to derive from. */
public abstract class UnencodedKey implements Key {
    private static final long serialVersionUID = 1L;

    @Override
    public String getAlgorithm() {
        return "EC";
    }

    @Override
    public String getFormat() {
        return null;
    }

    @Override
    public byte[] getEncoded() {
        return null;
    }
}
