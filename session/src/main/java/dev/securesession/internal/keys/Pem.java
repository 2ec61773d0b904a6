package dev.securesession.internal.keys;

import dev.securesession.KeyRejectedException;
import dev.securesession.KeyRejectedException.Reason;
import dev.securesession.internal.codec.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Keys as text (RFC 7468): one block of base64 between two lines that name what it is. Works on bytes, since a
 * {@code String} with a private key in it cannot be wiped.
 */
public final class Pem {
    public static final String PUBLIC_KEY = "PUBLIC KEY";
    public static final String PRIVATE_KEY = "PRIVATE KEY";

    private static final String BEGIN = "-----BEGIN ";
    private static final String END = "-----END ";
    private static final String DASHES = "-----";

    private Pem() {}

    /** Returns the content of the block with this label, the caller's to wipe; text around it is passed over. */
    public static byte[] decode(byte[] pem, String label) throws KeyRejectedException {
        int begin = indexOf(pem, ascii(BEGIN), 0);
        if (begin < 0) {
            throw malformed("text without a line " + BEGIN + label + DASHES);
        }
        int labelEnd = indexOf(pem, ascii(DASHES), begin + BEGIN.length());
        String found = labelEnd < 0 ? "" : text(pem, begin + BEGIN.length(), labelEnd);
        if (!found.equals(label)) {
            throw wrongLabel(found, label);
        }
        int bodyStart = labelEnd + DASHES.length();
        int end = indexOf(pem, ascii(END + label + DASHES), bodyStart);
        if (end < 0) {
            throw malformed("a PEM block without a line " + END + label + DASHES);
        }
        if (indexOf(pem, ascii(BEGIN), end) >= 0) {
            throw malformed("more than one PEM block; exactly one is expected");
        }
        byte[] body = Arrays.copyOfRange(pem, bodyStart, end);
        byte @Nullable [] decoded = decodeBase64(body);
        Arrays.fill(body, (byte) 0);
        if (decoded == null) {
            throw malformed("a PEM block whose content is no base64");
        }
        return decoded;
    }

    public static byte[] encode(String label, byte[] content) {
        byte[] body = Base64.getMimeEncoder(LINE_LENGTH, ascii("\n")).encode(content);
        byte[] pem =
                Bytes.concat(ascii(BEGIN + label + DASHES + "\n"), body, ascii("\n" + END + label + DASHES + "\n"));
        Arrays.fill(body, (byte) 0);
        return pem;
    }

    private static byte @Nullable [] decodeBase64(byte[] body) {
        byte[] packed = new byte[body.length];
        int length = 0;
        for (byte b : body) {
            if (b != ' ' && b != '\t' && b != '\r' && b != '\n') {
                packed[length++] = b;
            }
        }
        byte[] exact = Arrays.copyOf(packed, length);
        try {
            return Base64.getDecoder().decode(exact);
        } catch (IllegalArgumentException e) {
            return null;
        } finally {
            Arrays.fill(packed, (byte) 0);
            Arrays.fill(exact, (byte) 0);
        }
    }

    private static KeyRejectedException wrongLabel(String found, String label) {
        return switch (found) {
            case "RSA PRIVATE KEY", "RSA PUBLIC KEY" ->
                new KeyRejectedException(Reason.RSA, "an RSA key; sessions take elliptic-curve keys only");
            case PUBLIC_KEY, PRIVATE_KEY ->
                new KeyRejectedException(Reason.WRONG_KIND, "a PEM block " + found + " where a " + label + " belongs");
            case "EC PRIVATE KEY", "EC PARAMETERS" ->
                new KeyRejectedException(
                        Reason.UNSUPPORTED,
                        "a key in the older form EC PRIVATE KEY; turn it into PKCS#8 with: openssl pkcs8 -topk8 -nocrypt");
            case "ENCRYPTED PRIVATE KEY" ->
                new KeyRejectedException(
                        Reason.UNSUPPORTED,
                        "a key encrypted by a passphrase; decrypt it with: openssl pkcs8, or seal it with secure-session");
            default -> malformed("a PEM block that is no " + label);
        };
    }

    private static KeyRejectedException malformed(String message) {
        return new KeyRejectedException(Reason.MALFORMED, message);
    }

    private static int indexOf(byte[] text, byte[] part, int from) {
        for (int at = from; at + part.length <= text.length; at++) {
            int matched = 0;
            while (matched < part.length && text[at + matched] == part[matched]) {
                matched++;
            }
            if (matched == part.length) {
                return at;
            }
        }
        return -1;
    }

    private static String text(byte[] bytes, int from, int to) {
        return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static final int LINE_LENGTH = 64;
}
