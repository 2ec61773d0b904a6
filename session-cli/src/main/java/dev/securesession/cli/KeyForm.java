package dev.securesession.cli;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import java.nio.charset.StandardCharsets;

/** How a key is written down. */
enum KeyForm {
    THEMIS,
    PEM;

    byte[] write(IdentityPublicKey key) {
        return this == THEMIS ? key.encode() : key.encodePem().getBytes(StandardCharsets.US_ASCII);
    }

    /** The array is the caller's to wipe. */
    byte[] writeSecret(IdentityPrivateKey key) {
        return this == THEMIS ? key.encodeSecret() : key.encodeSecretPem();
    }

    @Override
    public String toString() {
        return this == THEMIS ? "themis" : "pem";
    }
}
