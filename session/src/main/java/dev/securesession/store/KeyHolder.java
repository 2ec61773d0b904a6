package dev.securesession.store;

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
}
