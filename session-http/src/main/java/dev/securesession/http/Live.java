package dev.securesession.http;

import dev.securesession.SecureSession;
import dev.securesession.exchange.Exchange;
import java.time.Instant;

/** An established session with its token, closed when nobody uses it any more. Safe for use by several threads. */
final class Live {
    final String token;
    final Exchange exchange;
    final Instant began;

    private volatile Instant used;

    // Guarded by this object.
    private int users;
    private boolean retired;

    Live(String token, Exchange exchange, Instant began) {
        this.token = token;
        this.exchange = exchange;
        this.began = began;
        this.used = began;
    }

    SecureSession session() {
        return exchange.session();
    }

    Instant used() {
        return used;
    }

    void use(Instant now) {
        used = now;
    }

    /** Begins a use, unless the session was retired. */
    synchronized boolean acquire() {
        if (retired) {
            return false;
        }
        users++;
        return true;
    }

    /** Ends a use; the last one closes a retired session. */
    synchronized void release() {
        users--;
        closeIfUnused();
    }

    /** Lets no further use begin. */
    synchronized void retire() {
        retired = true;
        closeIfUnused();
    }

    synchronized boolean isRetired() {
        return retired;
    }

    private void closeIfUnused() {
        if (retired && users == 0) {
            session().close();
        }
    }
}
