package dev.securesession.store;

import dev.securesession.StateKey;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Makes changes of claimed sessions durable, those of many sessions together, and ends the claims of overtaken owners. */
final class Committer {
    private final SessionStore store;
    private final StoreOptions options;
    private final KeyHolder keys;
    private final int ahead;
    private final CommitTurns turns;

    Committer(SessionStore store, StoreOptions options, KeyHolder keys, int ahead) {
        this.store = store;
        this.options = options;
        this.keys = keys;
        this.ahead = ahead;
        this.turns = new CommitTurns(options.commitBatch);
    }

    /** Returns once a change of a claim is durable. */
    void commit(ClaimState claim, long change) throws IOException {
        turns.add(claim);
        while (!claim.isDurable(change)) {
            List<ClaimState> batch = turns.await(claim);
            if (!batch.isEmpty()) {
                commit(batch);
            }
        }
    }

    private void commit(List<ClaimState> batch) {
        try {
            store(batch);
        } catch (IOException | RuntimeException | Error failure) {
            for (ClaimState claim : batch) {
                end(
                        claim,
                        new IOException(
                                "the session " + claim.id() + " may not be stored; claim it again: "
                                        + failure.getMessage(),
                                failure));
            }
            Listening.tell(options.listener, listener -> listener.commitFailed(batch.size()));
            if (failure instanceof Error error) {
                throw error;
            }
        } finally {
            turns.finish();
        }
    }

    private void store(List<ClaimState> batch) throws IOException {
        KeyRing ring = keys.ring();
        StateKey key = ring.current();
        Clock clock = options.clock;
        Instant expires = clock.instant().plus(options.lifetime);
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
        long start = clock.millis();
        List<Boolean> made = store.replaceAll(changes);
        for (int i = 0; i < claims.size(); i++) {
            ClaimState claim = claims.get(i);
            if (made.get(i)) {
                options.guard.advance(claim.id(), snapshots.get(i).change.next().version());
                claim.stored(snapshots.get(i));
            } else {
                lost(claim);
            }
        }
        Duration took = Duration.ofMillis(Math.max(0, clock.millis() - start));
        Listening.tell(options.listener, listener -> listener.committed(changes.size(), took));
    }

    /** Fails if another owner has claimed the session, or it was deleted. */
    void requireOwned(ClaimState claim) throws IOException {
        claim.requireOwned();
        if (claim.isCheckedSince(options.ownershipCheck.toMillis())) {
            return;
        }
        if (store.areOwned(List.of(claim.stored())).get(0)) {
            claim.checked();
        } else {
            lost(claim);
            claim.requireOwned();
        }
    }

    void lost(ClaimState claim) {
        end(
                claim,
                new ClaimLostException("the session " + claim.id()
                        + " has a newer owner or was deleted; claim it again if it is still to be served"));
        Listening.tell(options.listener, listener -> listener.lost(claim.id()));
    }

    /** Ends a claim and wipes the keys of its session. */
    void end(ClaimState claim, IOException reason) {
        claim.end(reason);
        claim.session().close();
    }
}
