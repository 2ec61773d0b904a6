package dev.securesession.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.securesession.SecureSessionException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Asserts that either implementation refuses a call, and for which reason. */
final class Refusals {
    private Refusals() {}

    static void assertRefused(Enum<?> reason, ThrowingCallable call) {
        assertThat(reasonOf(catchThrowable(call))).isEqualTo(reason.name());
    }

    /** Asserts that a call is refused for one of several reasons. */
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
        throw new AssertionError("neither implementation reports refusals with this exception", thrown);
    }
}
