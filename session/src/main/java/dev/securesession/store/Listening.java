package dev.securesession.store;

import java.util.function.Consumer;

/** Tells a listener, whose exceptions change nothing (PROTOCOL.md H-11). */
final class Listening {
    private Listening() {}

    static void tell(StoreListener listener, Consumer<StoreListener> event) {
        try {
            event.accept(listener);
        } catch (RuntimeException dropped) {
            // The event has happened, whatever the listener makes of it.
        }
    }
}
