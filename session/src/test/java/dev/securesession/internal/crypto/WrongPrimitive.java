package dev.securesession.internal.crypto;

import dev.securesession.internal.message.SessionSettings;

/** Uses a layer above its own, for the test that the rules find it. */
@SuppressWarnings("unused")
public final class WrongPrimitive {
    static boolean allowsSelf(SessionSettings settings) {
        return settings.allowsSelf;
    }
}
