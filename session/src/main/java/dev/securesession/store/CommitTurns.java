package dev.securesession.store;

import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Gathers claims into batches. One thread at a time commits a batch, for itself and for the threads that wait; claims that are
 * added during a commit form the next batch.
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
     * Waits until this thread may commit, or until another thread has finished a commit.
     *
     * @param claim named in the exception
     * @return the claims that this thread has to commit before it calls {@link #finish}; empty if another thread has committed a
     *     batch, which may or may not include the claim
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
            // No claim is waiting if another thread has taken the claim into its batch before this call.
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

    /** Ends the commit of this thread, so that the next thread can commit. */
    synchronized void finish() {
        taken = false;
        finished++;
        notifyAll();
    }
}
