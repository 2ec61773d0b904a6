package dev.securesession.store;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The claims of one manager: those that were used last are kept, up to a limit. One thread at a time claims or releases a
 * session, and the other threads that need the session wait for that thread. A claim in use is kept beyond the limit.
 *
 * <p>The lock is this object's own; nothing but this class runs under the lock.
 */
final class HotSessions {
    private static final float LOAD = 0.75f;

    private final Duration maxWait;
    private final Consumer<SessionClaim> release;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Hot> claims = new LinkedHashMap<>(16, LOAD, true);
    private final Map<String, Turn> turns = new HashMap<>();
    private int max;

    /**
     * Makes a cache without claims.
     *
     * @param max how many claims that are not in use are kept
     * @param maxWait how long a thread waits for the turn of another thread
     * @param release releases a claim, whatever the store does
     */
    HotSessions(int max, Duration maxWait, Consumer<SessionClaim> release) {
        this.max = max;
        this.maxWait = maxWait;
        this.release = release;
    }

    /** Returns a use of the claim of a session, the caller's to close, or null if the session is not claimed here. */
    @Nullable
    Use find(String id) throws IOException {
        lock.lock();
        try {
            awaitTurn(id);
            Hot hot = claims.get(id);
            return hot == null ? null : new Use(id, hot);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Returns a use of the claim of a session, the caller's to close. If the session is not claimed here, the use has no claim:
     * it is the turn of the caller to claim the session.
     */
    Use findOrBegin(String id) throws IOException {
        lock.lock();
        try {
            awaitTurn(id);
            Hot hot = claims.get(id);
            if (hot != null) {
                return new Use(id, hot);
            }
            turns.put(id, new Turn("claims"));
            return new Use(id, null);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Removes the claim of a session, also one in use, and returns the turn of the caller to end the session. No thread claims
     * the session before the turn is closed.
     *
     * @return a use without a claim
     */
    Use beginEnd(String id) throws IOException {
        lock.lock();
        try {
            awaitTurn(id);
            turns.put(id, new Turn("ends"));
            Use use = new Use(id, null);
            use.removed = remove(id);
            return use;
        } finally {
            lock.unlock();
        }
    }

    /** Removes the claim of a session without waiting, also one in use. Returns null if the session is not claimed here. */
    @Nullable
    SessionClaim remove(String id) {
        lock.lock();
        try {
            Hot removed = claims.remove(id);
            return removed == null ? null : removed.claim;
        } finally {
            lock.unlock();
        }
    }

    /** Releases all claims that are not in use. From now on a claim is released as soon as no thread uses it. */
    void keepNone() {
        lock.lock();
        try {
            max = 0;
        } finally {
            lock.unlock();
        }
        releaseDisplaced();
    }

    int size() {
        lock.lock();
        try {
            return claims.size();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until no thread claims, releases or ends the session. An interrupt does not end the wait. */
    private void awaitTurn(String id) throws IOException {
        long left = maxWait.toNanos();
        long end = System.nanoTime() + left;
        boolean interrupted = false;
        try {
            for (Turn turn = turns.get(id); turn != null; turn = turns.get(id)) {
                if (turn.thread == Thread.currentThread()) {
                    throw new IllegalStateException("the session " + id + " was used by a listener on the thread that "
                            + turn.work + " it; use the session after the listener has returned");
                }
                if (left <= 0) {
                    throw new IOException("waited " + maxWait.toMillis() + " ms for another thread that " + turn.work
                            + " the session " + id + "; the store may be slow, so try again later");
                }
                try {
                    left = turn.over.awaitNanos(left);
                } catch (InterruptedException e) {
                    interrupted = true;
                    left = end - System.nanoTime();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Called under the lock. */
    private void endTurn(String id) {
        Turn turn = turns.remove(id);
        if (turn != null) {
            turn.over.signalAll();
        }
    }

    private void releaseDisplaced() {
        for (Hot displaced = beginRelease(); displaced != null; displaced = beginRelease()) {
            try {
                release.accept(displaced.claim);
            } finally {
                lock.lock();
                try {
                    endTurn(displaced.id);
                } finally {
                    lock.unlock();
                }
            }
        }
    }

    /** Removes the claim that was not used for the longest time, if there are too many. */
    private @Nullable Hot beginRelease() {
        lock.lock();
        try {
            Iterator<Hot> eldest = claims.values().iterator();
            while (claims.size() > max && eldest.hasNext()) {
                Hot hot = eldest.next();
                if (hot.users == 0) {
                    eldest.remove();
                    turns.put(hot.id, new Turn("releases"));
                    return hot;
                }
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    /** A claim and the number of threads that use it. */
    private static final class Hot {
        private final String id;
        private final SessionClaim claim;
        private int users;

        Hot(String id, SessionClaim claim) {
            this.id = id;
            this.claim = claim;
        }
    }

    /** The work of one thread on a session that no other thread may use meanwhile. */
    private final class Turn {
        private final Thread thread = Thread.currentThread();
        private final Condition over = lock.newCondition();
        private final String work;

        Turn(String work) {
            this.work = work;
        }
    }

    /** The use of one session by one thread: of its claim, or of the turn to make one. */
    final class Use implements Closeable {
        private final String id;
        private @Nullable Hot hot;
        private @Nullable SessionClaim removed;

        private Use(String id, @Nullable Hot hot) {
            this.id = id;
            this.hot = hot;
            if (hot != null) {
                hot.users++;
            }
        }

        /** Tells whether the session is claimed; otherwise the caller has the turn to claim it or to end it. */
        boolean isClaimed() {
            return hot != null;
        }

        /** Returns the claim of a session that is claimed. */
        SessionClaim claim() {
            if (hot == null) {
                throw new AssertionError("the session " + id + " is not claimed yet");
            }
            return hot.claim;
        }

        /** Releases the claim that {@link #beginEnd} has removed, if there was one. */
        void releaseRemoved() {
            if (removed != null) {
                release.accept(removed);
            }
        }

        /** Ends the turn with a claim, which other threads may use from now on. */
        void claimed(SessionClaim claim) {
            lock.lock();
            try {
                hot = new Hot(id, claim);
                hot.users = 1;
                claims.put(id, hot);
                endTurn(id);
            } finally {
                lock.unlock();
            }
        }

        /** Removes the claim after its end: the next thread that needs the session claims it again. */
        void forget() {
            lock.lock();
            try {
                claims.remove(id, hot);
            } finally {
                lock.unlock();
            }
        }

        /** Ends the use, and releases claims that have no place. */
        @Override
        public void close() {
            boolean tooMany;
            lock.lock();
            try {
                if (hot == null) {
                    endTurn(id);
                } else {
                    hot.users--;
                }
                tooMany = claims.size() > max;
            } finally {
                lock.unlock();
            }
            if (tooMany) {
                releaseDisplaced();
            }
        }
    }
}
