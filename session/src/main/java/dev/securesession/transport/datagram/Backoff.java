package dev.securesession.transport.datagram;

/** The times at which an unanswered message is sent again: each waits twice as long as the one before, up to a limit. */
final class Backoff {
    private final long first;
    private final long longest;
    private long next;
    private long due;

    Backoff(DatagramOptions options) {
        first = options.firstRepetition().toNanos();
        longest = options.longestRepetition().toNanos();
    }

    /** A new message was sent. */
    void restart(long now) {
        next = first;
        repeated(now);
    }

    /** The message was sent again. */
    void repeated(long now) {
        due = now + next;
        next = Math.min(2 * next, longest);
    }

    long due() {
        return due;
    }
}
