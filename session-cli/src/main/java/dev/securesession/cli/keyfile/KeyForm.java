package dev.securesession.cli.keyfile;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import java.nio.charset.StandardCharsets;

/** The formats in which keys are written. */
public enum KeyForm {
    THEMIS,
    PEM;

    public byte[] write(IdentityPublicKey key) {
        return this == THEMIS ? key.encode() : key.encodePem().getBytes(StandardCharsets.US_ASCII);
    }

    /** The array is the caller's to wipe. */
    public byte[] writeSecret(IdentityPrivateKey key) {
        return this == THEMIS ? key.encodeSecret() : key.encodeSecretPem();
    }

    @Override
    public String toString() {
        return this == THEMIS ? "themis" : "pem";
    }
}
