package dev.securesession.store;

import dev.securesession.StateKey;
import dev.securesession.internal.base.Listeners;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes changes of claimed sessions durable, many sessions in one call of the store, and ends the claims of overtaken owners. */
final class Committer {
    private final SessionStore store;
    private final StoreOptions options;
    private final KeyHolder keys;
    private final int ahead;
    private final CommitTurns turns;
    private final CommitTurns checks;

    Committer(SessionStore store, StoreOptions options, KeyHolder keys, int ahead) {
        this.store = store;
        this.options = options;
        this.keys = keys;
        this.ahead = ahead;
        this.turns = new CommitTurns(options.commitBatch);
        this.checks = new CommitTurns(options.commitBatch);
    }

    /** Returns once a change of a claim is durable. */
    void commit(ClaimState claim, long change) throws IOException {
        while (!claim.isDurable(change)) {
            // Added again in each round: another thread may have taken the claim into its batch before this change was
            // made.
            turns.add(claim);
            List<ClaimState> batch = turns.await(claim);
            if (!batch.isEmpty()) {
                commit(batch);
            }
        }
    }

    private void commit(List<ClaimState> batch) {
        // An interrupt of this thread could make the store fail, and so fail the other sessions of the batch.
        boolean interrupted = Thread.interrupted();
        Stored stored;
        try {
            stored = store(batch);
        } catch (IOException | RuntimeException | Error failure) {
            endAll(batch, failure);
            return;
        } finally {
            turns.finish();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        // Told after the turn has ended: a listener may use sessions, and an Error that it throws must not end claims
        // whose
        // changes are durable.
        stored.overtaken().forEach(this::tellLost);
        if (stored.sessions() > 0) {
            Listeners.tell(options.listener, listener -> listener.committed(stored.sessions(), stored.took()));
        }
    }

    /** Ends all claims of a batch. An Error at the end of one claim does not keep the others from ending. */
    private void endAll(List<ClaimState> batch, Throwable failure) {
        Error worst = failure instanceof Error error ? error : null;
        for (ClaimState claim : batch) {
            try {
                end(
                        claim,
                        new IOException(
                                "the session " + claim.id() + " may not be stored; claim it again: "
                                        + failure.getMessage(),
                                failure));
            } catch (Error error) {
                worst = worst == null ? error : worst;
            }
        }
        Listeners.tell(options.listener, listener -> listener.commitFailed(batch.size()));
        if (worst != null) {
            throw worst;
        }
    }

    private Stored store(List<ClaimState> batch) throws IOException {
        KeyRing ring = keys.ring();
        StateKey key = ring.current();
        Clock clock = options.clock;
        Instant expires = options.expiry();
        List<ClaimState> claims = new ArrayList<>(batch.size());
        List<ClaimState.Snapshot> snapshots = new ArrayList<>(batch.size());
        List<SessionStore.Change> changes = new ArrayList<>(batch.size());
        for (ClaimState claim : batch) {
            ClaimState.Snapshot snapshot = claim.snapshot(ring.currentName(), key, ahead, expires);
            if (snapshot != null) {
                claims.add(claim);
                snapshots.add(snapshot);
                changes.add(snapshot.change);
            }
        }
        if (changes.isEmpty()) {
            return new Stored(0, Duration.ZERO, List.of());
        }
        long start = clock.millis();
        List<Boolean> made = store.replaceAll(changes);
        Duration took = Duration.ofMillis(Math.max(0, clock.millis() - start));
        Map<String, Long> versions = new LinkedHashMap<>();
        for (int i = 0; i < claims.size(); i++) {
            if (made.get(i)) {
                versions.put(changes.get(i).id(), changes.get(i).next().version());
            }
        }
        if (!versions.isEmpty()) {
            options.guard.advanceAll(versions);
        }
        List<String> overtaken = new ArrayList<>();
        for (int i = 0; i < claims.size(); i++) {
            ClaimState claim = claims.get(i);
            if (made.get(i)) {
                claim.stored(snapshots.get(i));
            } else if (endOvertaken(claim)) {
                overtaken.add(claim.id());
            }
        }
        return new Stored(versions.size(), took, overtaken);
    }

    /** The result of a commit for the listener: how many sessions were stored, how long the store took, and which claims were lost. */
    private record Stored(int sessions, Duration took, List<String> overtaken) {}

    /** Fails if another owner has claimed the session, or it was deleted. */
    void requireOwned(ClaimState claim) throws IOException {
        claim.requireOwned();
        if (claim.isCheckedSince(options.ownershipCheck.toMillis())) {
            return;
        }
        long check = claim.askForCheck();
        while (!claim.isChecked(check)) {
            checks.add(claim);
            List<ClaimState> batch = checks.await(claim);
            if (!batch.isEmpty()) {
                check(batch);
            }
        }
    }

    /** Compares the epochs of many claims in one call. If the call fails, each waiting thread makes a call of its own. */
    private void check(List<ClaimState> batch) throws IOException {
        List<String> overtaken = new ArrayList<>();
        try {
            List<ClaimState.Check> asked = new ArrayList<>(batch.size());
            List<SessionRecord> records = new ArrayList<>(batch.size());
            for (ClaimState claim : batch) {
                ClaimState.Check check = claim.beginCheck();
                if (check != null) {
                    asked.add(check);
                    records.add(check.record);
                }
            }
            List<Boolean> owned = store.areOwned(records);
            for (int i = 0; i < asked.size(); i++) {
                if (owned.get(i)) {
                    asked.get(i).passed();
                } else if (endOvertaken(asked.get(i).claim)) {
                    overtaken.add(asked.get(i).claim.id());
                }
            }
        } finally {
            checks.finish();
        }
        overtaken.forEach(this::tellLost);
    }

    /** Ends a claim whose session has expired: other machines refuse the session from now on. */
    void requireUnexpired(ClaimState claim) throws IOException {
        claim.requireOwned();
        if (claim.isExpired()) {
            end(
                    claim,
                    new ClaimLostException("the session " + claim.id() + " expired at "
                            + claim.stored().expires() + "; start a new handshake"));
            claim.requireOwned();
        }
    }

    /** Ends a claim whose session has another owner or was deleted, and tells the listener. */
    void lost(ClaimState claim) {
        if (endOvertaken(claim)) {
            tellLost(claim.id());
        }
    }

    private boolean endOvertaken(ClaimState claim) {
        return end(
                claim,
                new ClaimLostException("the session " + claim.id()
                        + " has a newer owner or was deleted; claim it again if it is still to be served"));
    }

    private void tellLost(String id) {
        Listeners.tell(options.listener, listener -> listener.lost(id));
    }

    /** Ends a claim and wipes the keys of its session. Returns false if it had ended before. */
    boolean end(ClaimState claim, IOException reason) {
        boolean first = claim.end(reason);
        claim.session().close();
        return first;
    }
}
