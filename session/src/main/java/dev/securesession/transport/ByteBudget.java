package dev.securesession.transport;

import java.io.Closeable;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A limit on the bytes that the incomplete messages of many connections hold together (PROTOCOL.md P-4).
 *
 * <p>When it is exhausted, the connection that holds the most is closed, so that connections with small messages go on.
 * Safe for use by several threads; no user code runs under its lock.
 */
final class ByteBudget {
    private final String what;
    private final long limit;
    private final Set<Account> accounts = new HashSet<>();
    private long held;
    private long evicted;

    ByteBudget(String what, long limit) {
        this.what = what;
        this.limit = limit;
    }

    /** Returns an account that holds nothing yet; the resource is closed if the account has to make room for others. */
    Account open(Closeable resource) {
        return new Account(resource);
    }

    /** Returns how many connections were closed to make room. */
    synchronized long evicted() {
        return evicted;
    }

    /** Changes the bytes of an account, and returns the account whose connection must be closed, if there is one. */
    private synchronized @Nullable Account reserve(Account account, long bytes) throws IOException {
        if (account.closed) {
            throw new IOException("the connection is closed");
        }
        if (account.evicted) {
            throw exhausted();
        }
        long needed = held - account.bytes + bytes;
        Account victim = null;
        if (needed > limit) {
            victim = largestBeside(account);
            if (victim == null || victim.bytes <= bytes || needed - victim.bytes > limit) {
                evicted++;
                remove(account);
                account.evicted = true;
                throw exhausted();
            }
            evicted++;
            remove(victim);
            victim.evicted = true;
        }
        remove(account);
        if (bytes > 0) {
            account.bytes = bytes;
            held += bytes;
            accounts.add(account);
        }
        return victim;
    }

    private void remove(Account account) {
        if (accounts.remove(account)) {
            held -= account.bytes;
        }
        account.bytes = 0;
    }

    private @Nullable Account largestBeside(Account account) {
        Account largest = null;
        for (Account other : accounts) {
            if (other != account && (largest == null || other.bytes > largest.bytes)) {
                largest = other;
            }
        }
        return largest;
    }

    private ExhaustedException exhausted() {
        return new ExhaustedException(
                what + " hold " + limit + " bytes, which is the limit; this connection held the most");
    }

    /** What one connection holds. */
    final class Account {
        private final Closeable resource;
        private long bytes;
        private boolean evicted;
        private boolean closed;

        private Account(Closeable resource) {
            this.resource = resource;
        }

        /** Sets what the connection holds now; fails if there is no room. */
        void hold(long newBytes) throws IOException {
            Account victim = reserve(this, newBytes);
            if (victim != null) {
                Watchdog.closeInBackground(victim.resource);
            }
        }

        /** Throws the reason, with this failure as its cause, if the connection was closed to make room for others. */
        void explain(IOException failure) throws IOException {
            synchronized (ByteBudget.this) {
                if (!evicted || failure instanceof ExhaustedException) {
                    return;
                }
            }
            ExhaustedException reason = exhausted();
            reason.initCause(failure);
            throw reason;
        }

        /** Releases what is held. */
        void release() {
            synchronized (ByteBudget.this) {
                remove(this);
            }
        }

        /** Releases what is held, for good: a thread that still reads cannot hold anything again. */
        void close() {
            synchronized (ByteBudget.this) {
                remove(this);
                closed = true;
            }
        }
    }

    /** The limit is reached, and this connection was closed for it. */
    private static final class ExhaustedException extends IOException {
        private static final long serialVersionUID = 1;

        ExhaustedException(String message) {
            super(message);
        }
    }
}
