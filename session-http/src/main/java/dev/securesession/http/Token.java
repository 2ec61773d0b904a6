package dev.securesession.http;

import java.security.SecureRandom;
import java.util.Base64;

/** The name by which a session is found: 24 random bytes in base64url. It authenticates nothing. */
final class Token {
    static final String HEADER = "Secure-Session";
    static final int LENGTH = 32;

    private static final int RANDOM_LENGTH = 24;

    private Token() {}

    static String draw(SecureRandom random) {
        byte[] bytes = new byte[RANDOM_LENGTH];
        random.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** Tells whether a text has the form of a token. */
    static boolean isToken(String text) {
        return text.matches("[A-Za-z0-9_-]{" + LENGTH + "}");
    }
}
