package dev.securesession;

import dev.securesession.internal.crypto.Secret;

/** A secret that one thread may destroy while others use it: they get a whole copy or an exception. */
final class DestroyableSecret {
    private final Secret secret;
    private final String name;
    private volatile boolean destroyed;

    /**
     * Takes over the secret.
     *
     * @param name what the secret is, for exceptions
     */
    DestroyableSecret(Secret secret, String name) {
        this.secret = secret;
        this.name = name;
    }

    /** Returns a copy, the caller's to wipe. */
    synchronized Secret copy() {
        if (destroyed) {
            throw new IllegalStateException("the " + name + " was destroyed");
        }
        return secret.copy();
    }

    /** Wipes the secret. May be called twice. */
    synchronized void destroy() {
        destroyed = true;
        secret.wipe();
    }

    boolean isDestroyed() {
        return destroyed;
    }
}
