package dev.securesession.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.securesession.SecureSessionException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Asserts that something is refused, and why, whoever refuses it. */
final class Refusals {
    private Refusals() {}

    static void assertRefused(Enum<?> reason, ThrowingCallable call) {
        assertThat(reasonOf(catchThrowable(call))).isEqualTo(reason.name());
    }

    /** Any of the reasons will do. */
    static void assertRefused(String description, ThrowingCallable call, String... reasons) {
        assertThat(reasonOf(catchThrowable(call))).as(description).isIn((Object[]) reasons);
    }

    private static String reasonOf(Throwable thrown) {
        if (thrown instanceof SecureSessionException refusal) {
            return refusal.reason().name();
        }
        if (thrown instanceof ForeignPeerException refusal) {
            return refusal.reason();
        }
        if (thrown == null) {
            return "nothing was refused";
        }
        throw new AssertionError("neither end refuses like this", thrown);
    }
}
