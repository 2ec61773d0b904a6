package dev.securesession.internal.keys;

import dev.securesession.KeyRejectedException;
import dev.securesession.KeyRejectedException.Reason;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The formats of keys, told apart by their first bytes; a reader of the format still checks the rest.
 *
 * <pre>{@code
 * containers   tag REC. or RRA. (private), UEC. or URA. (public)
 * PEM          a line -----BEGIN label-----
 * PKCS#8       SEQUENCE { INTEGER, SEQUENCE, .. }, encrypted SEQUENCE { SEQUENCE, OCTET STRING }
 * SEC 1        SEQUENCE { INTEGER, OCTET STRING, .. }
 * X.509        SEQUENCE { SEQUENCE, BIT STRING }, certificate SEQUENCE { SEQUENCE, SEQUENCE, .. }
 * sealed data  00 01 01 40 (with a key), 00 01 01 41 (with a passphrase)
 * }</pre>
 */
public enum KeyFormat {
    PRIVATE_CONTAINER(Kind.PRIVATE, "a container with a private key", ""),
    PUBLIC_CONTAINER(Kind.PUBLIC, "a container with a public key", ""),
    PRIVATE_PEM(Kind.PRIVATE, "PEM with a private key", ""),
    PUBLIC_PEM(Kind.PUBLIC, "PEM with a public key", ""),
    OTHER_PEM(null, "PEM with something that is not a key", ""),
    PKCS8(Kind.PRIVATE, "DER with a private key (PKCS#8)", ""),
    ENCRYPTED_PKCS8(
            Kind.PRIVATE, "DER with an encrypted private key (PKCS#8)", "decrypt it with: openssl pkcs8 -inform DER"),
    SEC1(
            Kind.PRIVATE,
            "DER with a private key in the older format SEC 1",
            "turn it into PKCS#8 with: openssl pkcs8 -topk8 -nocrypt -inform DER"),
    X509(Kind.PUBLIC, "DER with a public key (X.509)", ""),
    CERTIFICATE(null, "DER with a certificate", "take its public key with: openssl x509 -pubkey -noout -inform DER"),
    SEALED_WITH_KEY(null, "data sealed with a key", "open it with a Sealer that has the key"),
    SEALED_WITH_PASSPHRASE(null, "data sealed with a passphrase", "open it with a Sealer that has the passphrase"),
    UNKNOWN(null, "bytes in no known format", "");

    private final @Nullable Kind kind;
    private final String description;
    private final String advice;

    /**
     * @param kind the kind of key in this format, or null if the format does not tell the kind or holds no key
     */
    KeyFormat(@Nullable Kind kind, String description, String advice) {
        this.kind = kind;
        this.description = description;
        this.advice = advice;
    }

    /** Recognizes the format of bytes that are not text in base64 or hexadecimal. */
    public static KeyFormat of(byte[] encoded) {
        if (startsWith(encoded, "REC") || startsWith(encoded, "RRA")) {
            return PRIVATE_CONTAINER;
        }
        if (startsWith(encoded, "UEC") || startsWith(encoded, "URA")) {
            return PUBLIC_CONTAINER;
        }
        if (startsWith(encoded, "\0\1\1@")) {
            return SEALED_WITH_KEY;
        }
        if (startsWith(encoded, "\0\1\1A")) {
            return SEALED_WITH_PASSPHRASE;
        }
        String label = Pem.label(encoded);
        return label == null ? ofDer(encoded) : ofLabel(label);
    }

    public boolean isSealed() {
        return this == SEALED_WITH_KEY || this == SEALED_WITH_PASSPHRASE;
    }

    /** Returns the refusal of bytes in this format where another one is expected. */
    KeyRejectedException insteadOf(KeyFormat expected) {
        return refusal("this is ", expected.kind, expected.description);
    }

    /** Returns the refusal of bytes in this format where a key of one kind is expected, in any format. */
    public KeyRejectedException insteadOf(Kind expected) {
        if (this == UNKNOWN) {
            return new KeyRejectedException(
                    Reason.MALFORMED,
                    "this is no key in a known format; expected " + expected.description
                            + " in a container, PEM, PKCS#8 or X.509, perhaps sealed");
        }
        return refusal("this is ", expected, expected.description);
    }

    /**
     * Returns the refusal of bytes that could not be read in the expected format. It names their actual format if that is
     * another known one.
     */
    public static KeyRejectedException refusal(byte[] encoded, KeyFormat expected, String otherwise) {
        KeyFormat found = of(encoded);
        if (found == UNKNOWN) {
            byte[] decoded = KeyText.decode(encoded);
            KeyFormat inText = of(decoded);
            Arrays.fill(decoded, (byte) 0);
            if (inText != UNKNOWN) {
                return inText.refusal(
                        "this is text in base64 or hexadecimal, of ", expected.kind, expected.description);
            }
        }
        return found == UNKNOWN || found == expected
                ? new KeyRejectedException(Reason.MALFORMED, otherwise)
                : found.insteadOf(expected);
    }

    private KeyRejectedException refusal(String start, @Nullable Kind expected, String expectation) {
        String message = start + description + "; expected " + expectation + (advice.isEmpty() ? "" : "; " + advice);
        if (isSealed()) {
            return new KeyRejectedException(Reason.SEALED, message);
        }
        return new KeyRejectedException(
                kind == null || kind == expected ? Reason.WRONG_FORMAT : Reason.WRONG_KIND, message);
    }

    private static KeyFormat ofLabel(String label) {
        if (label.endsWith("PRIVATE KEY") || label.equals("EC PARAMETERS")) {
            return PRIVATE_PEM;
        }
        return label.endsWith("PUBLIC KEY") ? PUBLIC_PEM : OTHER_PEM;
    }

    /** Tells the DER formats apart by the first two elements of the sequence. */
    private static KeyFormat ofDer(byte[] encoded) {
        int first = endOfHeader(encoded, 0);
        int second = endOfElement(encoded, first);
        if (second >= encoded.length || encoded[0] != SEQUENCE) {
            return UNKNOWN;
        }
        int tags = encoded[first] << 8 | encoded[second];
        return switch (tags) {
            case INTEGER << 8 | SEQUENCE -> PKCS8;
            case INTEGER << 8 | OCTET_STRING -> SEC1;
            case SEQUENCE << 8 | BIT_STRING -> X509;
            case SEQUENCE << 8 | OCTET_STRING -> ENCRYPTED_PKCS8;
            case SEQUENCE << 8 | SEQUENCE -> CERTIFICATE;
            default -> UNKNOWN;
        };
    }

    /** Returns the offset of the content of a DER element, or the length of the array if that is outside. */
    private static int endOfHeader(byte[] encoded, int at) {
        if (at + 1 >= encoded.length) {
            return encoded.length;
        }
        int lengthOfLength = encoded[at + 1] < 0 ? encoded[at + 1] & 0x7F : 0;
        return Math.min(encoded.length, at + 2 + lengthOfLength);
    }

    /** Returns the offset after a DER element, or the length of the array if that is outside. */
    private static int endOfElement(byte[] encoded, int at) {
        int content = endOfHeader(encoded, at);
        if (content == encoded.length) {
            return encoded.length;
        }
        if (encoded[at + 1] >= 0) {
            return Math.min(encoded.length, content + encoded[at + 1]);
        }
        BigInteger length = new BigInteger(1, Arrays.copyOfRange(encoded, at + 2, content));
        return BigInteger.valueOf(encoded.length - content)
                .min(length)
                .add(BigInteger.valueOf(content))
                .intValue();
    }

    private static boolean startsWith(byte[] encoded, String start) {
        byte[] expected = start.getBytes(StandardCharsets.US_ASCII);
        return Arrays.equals(Arrays.copyOf(encoded, expected.length), expected) && encoded.length >= expected.length;
    }

    /** The kind of a key. */
    public enum Kind {
        PRIVATE("a private key"),
        PUBLIC("a public key");

        private final String description;

        Kind(String description) {
            this.description = description;
        }
    }

    private static final int INTEGER = 0x02;
    private static final int BIT_STRING = 0x03;
    private static final int OCTET_STRING = 0x04;
    private static final int SEQUENCE = 0x30;
}
