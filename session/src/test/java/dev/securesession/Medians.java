package dev.securesession;

import java.util.Arrays;

/** The medians of the times that some actions take, measured in turn so that a busy machine slows down all of them. */
final class Medians {
    private static final int WARM_UP = 100;
    private static final int ROUNDS = 300;

    private final long[] nanos;

    private Medians(long[] nanos) {
        this.nanos = nanos;
    }

    static Medians of(Runnable... actions) {
        long[][] times = new long[actions.length][ROUNDS];
        for (int round = -WARM_UP; round < ROUNDS; round++) {
            for (int i = 0; i < actions.length; i++) {
                long start = System.nanoTime();
                actions[i].run();
                times[i][Math.max(0, round)] = System.nanoTime() - start;
            }
        }
        return new Medians(Arrays.stream(times).mapToLong(Medians::median).toArray());
    }

    private static long median(long[] times) {
        Arrays.sort(times);
        return times[times.length / 2];
    }

    double ratio(int one, int other) {
        return (double) nanos[one] / nanos[other];
    }
}
