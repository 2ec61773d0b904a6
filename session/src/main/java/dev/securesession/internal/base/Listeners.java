package dev.securesession.internal.base;

import java.util.function.Consumer;

/** Tells a listener of a change, and drops the exceptions of the listener (PROTOCOL.md H-11). */
public final class Listeners {
    private Listeners() {}

    /** Tells a listener of an event. Errors are not dropped. */
    public static <L> void tell(L listener, Consumer<? super L> event) {
        try {
            event.accept(listener);
        } catch (Exception dropped) {
            // A listener cannot undo the change, and the caller needs the result. Languages without checked exceptions
            // throw those as well.
        }
    }
}
