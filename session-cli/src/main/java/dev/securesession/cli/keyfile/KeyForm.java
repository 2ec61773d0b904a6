package dev.securesession.cli.keyfile;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;

/** The formats in which keys are written. */
public enum KeyForm {
    THEMIS,
    PEM,
    /** The container of Themis peers as one line of text, as a peers file has it. */
    BASE64;

    public byte[] write(IdentityPublicKey key) {
        return switch (this) {
            case THEMIS -> key.encode();
            case PEM -> key.encodePem().getBytes(StandardCharsets.US_ASCII);
            case BASE64 -> line(key.encode());
        };
    }

    /** The array is the caller's to wipe. */
    public byte[] writeSecret(IdentityPrivateKey key) {
        if (this == BASE64) {
            byte[] secret = key.encodeSecret();
            try {
                return line(secret);
            } finally {
                Arrays.fill(secret, (byte) 0);
            }
        }
        return this == THEMIS ? key.encodeSecret() : key.encodeSecretPem();
    }

    private static byte[] line(byte[] container) {
        byte[] text = Base64.getEncoder().encode(container);
        byte[] line = Arrays.copyOf(text, text.length + 1);
        line[text.length] = '\n';
        Arrays.fill(text, (byte) 0);
        return line;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
