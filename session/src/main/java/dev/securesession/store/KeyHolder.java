package dev.securesession.store;

import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import dev.securesession.StateRejectedException.Reason;
import java.util.Optional;

/** The key ring in use, which can be exchanged while sessions are in use. */
final class KeyHolder {
    private volatile KeyRing ring;

    KeyHolder(KeyRing ring) {
        this.ring = ring;
    }

    KeyRing ring() {
        return ring;
    }

    void use(KeyRing other) {
        ring = other;
    }

    /** Returns the key that has sealed a record. */
    StateKey of(SessionRecord record) throws StateRejectedException {
        Optional<StateKey> key = ring.find(record.keyName());
        if (!key.isPresent()) {
            throw new StateRejectedException(
                    Reason.UNKNOWN_KEY,
                    record.id() + " was sealed by the key " + record.keyName() + ", which the key ring does not have");
        }
        return key.get();
    }
}
