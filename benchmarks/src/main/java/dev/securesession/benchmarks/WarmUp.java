package dev.securesession.benchmarks;

import dev.securesession.CryptoProviders;
import java.time.Duration;

/**
 * Brings what is to be measured to full speed. Of ciphers: large messages alone would not for a long time: the virtual machine
 * counts calls, and they make few. What that costs a new process {@link ColdStart} shows.
 */
final class WarmUp {
    private static final int SMALL = 64;
    private static final int LARGE = 70_000;
    private static final int ROUNDS = 30_000;
    private static final int SMALL_FOR_A_LARGE = 10;
    private static final Duration LONGEST = Duration.ofSeconds(6);

    private static final int HANDSHAKES = 3000;
    private static final Duration LONGEST_HANDSHAKES = Duration.ofSeconds(10);

    private WarmUp() {}

    /** Does handshakes until their code is compiled: there is a lot of it, more in some stacks than in others. */
    static void run(Contender contender) throws Exception {
        long end = System.nanoTime() + LONGEST_HANDSHAKES.toNanos();
        for (int done = 0; done < HANDSHAKES && System.nanoTime() < end; done++) {
            contender.connect().close();
        }
    }

    static void run(Connection connection) throws Exception {
        // All who use the JDK's cipher profit alike: it has met lengths of every kind then.
        CryptoProviders.platform().warmUp();
        Connection.RoundTrip small = connection.roundTrip(SMALL);
        Connection.RoundTrip large = connection.roundTrip(LARGE);
        long end = System.nanoTime() + LONGEST.toNanos();
        for (int round = 0; round < ROUNDS && System.nanoTime() < end; round++) {
            small.once();
            if (round % SMALL_FOR_A_LARGE == 0) {
                large.once();
            }
        }
    }
}
