package dev.securesession.testkit;

import dev.securesession.PeerId;
import dev.securesession.store.SessionRecord;
import dev.securesession.store.SessionStore;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A store that fails at one call: before it does anything, or after it has done everything, which the caller cannot tell
 * apart. All other calls go to the store under it. Safe for use by several threads.
 */
public final class FaultyStore implements SessionStore {
    private final SessionStore store;
    private final int failing;
    private final Moment moment;
    private final AtomicInteger calls = new AtomicInteger();

    private FaultyStore(SessionStore store, int failing, Moment moment) {
        this.store = store;
        this.failing = failing;
        this.moment = moment;
    }

    /**
     * Returns a store that fails once.
     *
     * @param store does the work
     * @param call the number of the call that fails, from 1
     * @param moment when it fails
     * @return the faulty store
     */
    public static FaultyStore failingAt(SessionStore store, int call, Moment moment) {
        return new FaultyStore(store, call, moment);
    }

    /**
     * Tells whether the call that fails was made.
     *
     * @return true once it was
     */
    public boolean hasFailed() {
        return calls.get() >= failing;
    }

    @Override
    public boolean insert(SessionRecord record) throws IOException {
        return call(() -> store.insert(record));
    }

    @Override
    public Optional<SessionRecord> find(String id) throws IOException {
        return call(() -> store.find(id));
    }

    @Override
    public List<Boolean> replaceAll(List<Change> changes) throws IOException {
        return call(() -> store.replaceAll(changes));
    }

    @Override
    public List<Boolean> areOwned(List<SessionRecord> records) throws IOException {
        return call(() -> store.areOwned(records));
    }

    @Override
    public boolean delete(SessionRecord record) throws IOException {
        return call(() -> store.delete(record));
    }

    @Override
    public List<String> list(int limit) throws IOException {
        return call(() -> store.list(limit));
    }

    @Override
    public List<String> list(PeerId peer) throws IOException {
        return call(() -> store.list(peer));
    }

    @Override
    public List<String> deleteAll(PeerId peer) throws IOException {
        return call(() -> store.deleteAll(peer));
    }

    @Override
    public int deleteExpired(Instant now, int limit) throws IOException {
        return call(() -> store.deleteExpired(now, limit));
    }

    @Override
    public List<String> listNotSealedBy(String keyName, int limit) throws IOException {
        return call(() -> store.listNotSealedBy(keyName, limit));
    }

    @Override
    public void close() throws IOException {
        store.close();
    }

    @Override
    public String toString() {
        return store + " that fails at call " + failing + " " + moment;
    }

    private <T> T call(Call<T> call) throws IOException {
        boolean fails = calls.incrementAndGet() == failing;
        if (fails && moment == Moment.BEFORE) {
            throw new IOException("call " + failing + " fails before it does anything");
        }
        T result = call.run();
        if (fails) {
            throw new IOException("call " + failing + " fails after it was done");
        }
        return result;
    }

    /** When a call fails. */
    public enum Moment {
        /** Nothing is done. */
        BEFORE,
        /** Everything is done, but the caller does not get to know. */
        AFTER
    }

    /** A call of the store. */
    private interface Call<T> {
        T run() throws IOException;
    }
}
