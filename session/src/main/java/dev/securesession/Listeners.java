package dev.securesession;

import java.util.function.Consumer;

/** Tells a listener of a change, and drops the exceptions of the listener (PROTOCOL.md H-11). */
final class Listeners {
    private Listeners() {}

    static void tell(SessionListener listener, Consumer<SessionListener> event) {
        try {
            event.accept(listener);
        } catch (Exception e) {
            // A listener cannot undo the change, and the caller needs the result. Checked exceptions come from
            // listeners in
            // languages that do not declare them.
        }
    }
}
