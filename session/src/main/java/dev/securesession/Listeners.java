package dev.securesession;

import java.util.function.Consumer;

/** Tells a listener of a change; what it throws is its own affair (PROTOCOL.md H-11). */
final class Listeners {
    private Listeners() {}

    static void tell(SessionListener listener, Consumer<SessionListener> event) {
        try {
            event.accept(listener);
        } catch (Exception e) {
            // The change has happened; a listener cannot undo it, and the caller must get what came of it. Checked ones
            // come from languages that do not declare them.
        }
    }
}
