package dev.securesession.benchmarks;

import dev.securesession.CryptoProviders;
import java.time.Duration;

/**
 * Runs the measured code until it is compiled. Ciphers are warmed up with messages of many lengths: the JVM counts calls,
 * and large messages alone make few. {@link ColdStart} measures a process without this warm-up.
 */
final class WarmUp {
    private static final int SMALL = 64;
    private static final int LARGE = 70_000;
    private static final int ROUNDS = 30_000;
    private static final int SMALL_FOR_A_LARGE = 10;
    private static final Duration MAX_TIME = Duration.ofSeconds(6);

    private static final int HANDSHAKES = 3000;
    private static final Duration MAX_HANDSHAKE_TIME = Duration.ofSeconds(10);

    private WarmUp() {}

    /** Does handshakes until their code is compiled, which takes longer for some stacks than for others. */
    static void run(Contender contender) throws Exception {
        long end = System.nanoTime() + MAX_HANDSHAKE_TIME.toNanos();
        for (int done = 0; done < HANDSHAKES && System.nanoTime() < end; done++) {
            contender.connect().close();
        }
    }

    static void run(Connection connection) throws Exception {
        // Every user of the JDK's cipher benefits equally: the cipher has seen lengths of every kind.
        CryptoProviders.platform().warmUp();
        Connection.RoundTrip small = connection.roundTrip(SMALL);
        Connection.RoundTrip large = connection.roundTrip(LARGE);
        long end = System.nanoTime() + MAX_TIME.toNanos();
        for (int round = 0; round < ROUNDS && System.nanoTime() < end; round++) {
            small.once();
            if (round % SMALL_FOR_A_LARGE == 0) {
                large.once();
            }
        }
    }
}
