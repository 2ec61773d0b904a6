package dev.securesession.store;

import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Lets one thread at a time commit for all that wait: what gathers during one commit is the batch of the next.
 */
final class CommitTurns {
    private final int maxBatch;
    private final Set<ClaimState> waiting = new LinkedHashSet<>();
    private boolean taken;
    private long finished;

    CommitTurns(int maxBatch) {
        this.maxBatch = maxBatch;
    }

    /** Adds a claim to the next batch. */
    synchronized void add(ClaimState claim) {
        waiting.add(claim);
    }

    /**
     * Waits for a turn, or until the turn of another thread is over.
     *
     * @param claim which is waited for
     * @return what to commit, after which {@link #finish} must be called; or nothing if another thread has committed
     */
    synchronized List<ClaimState> await(ClaimState claim) throws InterruptedIOException {
        long before = finished;
        while (taken && finished == before) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                InterruptedIOException interrupted =
                        new InterruptedIOException("interrupted while the session " + claim.id() + " was committed");
                interrupted.initCause(e);
                throw interrupted;
            }
        }
        if (taken || finished != before || waiting.isEmpty()) {
            // Nothing waits if another thread has committed the claim before this call.
            return List.of();
        }
        List<ClaimState> batch = new ArrayList<>();
        taken = true;
        for (Iterator<ClaimState> next = waiting.iterator(); next.hasNext() && batch.size() < maxBatch; ) {
            batch.add(next.next());
            next.remove();
        }
        return batch;
    }

    /** Ends the turn. */
    synchronized void finish() {
        taken = false;
        finished++;
        notifyAll();
    }
}
