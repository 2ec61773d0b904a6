package dev.securesession.internal.handshake;

import dev.securesession.SessionConfig;
import java.util.Arrays;

/** Does what the rules for the states of a handshake forbid, for the test that they find it. */
@SuppressWarnings("unused")
public final class WrongState {
    private byte[] assigned = {};

    static boolean compares(byte[] own, byte[] other) {
        return Arrays.equals(own, other);
    }

    void usesMoreThanTheVocabulary(SessionConfig config) {
        assigned = new byte[config.toString().length()];
    }
}
