package dev.securesession.cli.keyfile;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import org.jspecify.annotations.Nullable;

/** A key from a file. Closing it wipes a private key. */
public final class LoadedKey implements AutoCloseable {
    private final IdentityPublicKey publicKey;
    private final @Nullable IdentityPrivateKey privateKey;
    private final String form;

    private LoadedKey(IdentityPublicKey publicKey, @Nullable IdentityPrivateKey privateKey, String form) {
        this.publicKey = publicKey;
        this.privateKey = privateKey;
        this.form = form;
    }

    static LoadedKey of(IdentityPublicKey key, String form) {
        return new LoadedKey(key, null, form);
    }

    static LoadedKey of(IdentityPrivateKey key, String form) {
        return new LoadedKey(key.publicKey(), key, form);
    }

    /** The key, or the public half of it. */
    public IdentityPublicKey publicKey() {
        return publicKey;
    }

    @Nullable
    public IdentityPrivateKey privateKey() {
        return privateKey;
    }

    /** The format of the file, in words. */
    public String form() {
        return form;
    }

    @Override
    public void close() {
        if (privateKey != null) {
            privateKey.destroy();
        }
    }
}
