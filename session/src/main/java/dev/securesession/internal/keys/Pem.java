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

    /** Returns the content of the block with this label, the caller's to wipe; ignores text around the block. */
    public static byte[] decode(byte[] pem, String label) throws KeyRejectedException {
        String found = label(pem);
        if (found == null) {
            throw KeyFormat.refusal(pem, format(label), "text without a line " + BEGIN + label + DASHES);
        }
        if (!found.equals(label)) {
            throw wrongLabel(found, label);
        }
        String begin = BEGIN + label + DASHES;
        int bodyStart = indexOf(pem, ascii(begin), 0) + begin.length();
        int end = indexOf(pem, ascii(END + label + DASHES), bodyStart);
        if (end < 0) {
            throw malformed("a PEM block without a line " + END + label + DASHES);
        }
        if (indexOf(pem, ascii(BEGIN), end) >= 0) {
            throw malformed("more than one PEM block; exactly one is expected");
        }
        byte[] body = Arrays.copyOfRange(pem, bodyStart, end);
        byte[] packed = KeyText.withoutBlanks(body);
        byte @Nullable [] decoded = KeyText.base64(packed);
        Arrays.fill(body, (byte) 0);
        Arrays.fill(packed, (byte) 0);
        if (decoded == null) {
            throw malformed("a PEM block whose content is no base64");
        }
        return decoded;
    }

    /** Returns the label of the first block, empty if its line is cut, or null if there is no block. */
    static @Nullable String label(byte[] pem) {
        int begin = indexOf(pem, ascii(BEGIN), 0);
        if (begin < 0) {
            return null;
        }
        int end = indexOf(pem, ascii(DASHES), begin + BEGIN.length());
        return end < 0 ? "" : text(pem, begin + BEGIN.length(), end);
    }

    public static byte[] encode(String label, byte[] content) {
        byte[] body = Base64.getMimeEncoder(LINE_LENGTH, ascii("\n")).encode(content);
        byte[] pem =
                Bytes.concat(ascii(BEGIN + label + DASHES + "\n"), body, ascii("\n" + END + label + DASHES + "\n"));
        Arrays.fill(body, (byte) 0);
        return pem;
    }

    private static KeyFormat format(String label) {
        return label.equals(PUBLIC_KEY) ? KeyFormat.PUBLIC_PEM : KeyFormat.PRIVATE_PEM;
    }

    private static KeyRejectedException wrongLabel(String found, String label) {
        return switch (found) {
            case "RSA PRIVATE KEY", "RSA PUBLIC KEY" ->
                new KeyRejectedException(Reason.RSA, "an RSA key; sessions take elliptic-curve keys only");
            case PUBLIC_KEY, PRIVATE_KEY -> format(found).insteadOf(format(label));
            case "EC PRIVATE KEY", "EC PARAMETERS" ->
                new KeyRejectedException(
                        Reason.UNSUPPORTED,
                        "a key in the older form EC PRIVATE KEY; turn it into PKCS#8 with: openssl pkcs8 -topk8 -nocrypt");
            case "ENCRYPTED PRIVATE KEY" ->
                new KeyRejectedException(
                        Reason.UNSUPPORTED,
                        "a key encrypted by a passphrase; decrypt it with: openssl pkcs8, or seal it with secure-session");
            case "CERTIFICATE" ->
                new KeyRejectedException(
                        Reason.WRONG_FORMAT,
                        "this is PEM with a certificate, no " + label
                                + "; take its public key with: openssl x509 -pubkey -noout");
            case "OPENSSH PRIVATE KEY" ->
                new KeyRejectedException(
                        Reason.WRONG_FORMAT,
                        "this is PEM with a private key in the format of OpenSSH, no " + label
                                + "; turn it into PKCS#8 with: ssh-keygen -p -m PKCS8");
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
