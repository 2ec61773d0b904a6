package dev.securesession.benchmarks;

import dev.securesession.compat.DropInProviders;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Handshakes of the drop-in and of the sessions it uses, both with BouncyCastle for elliptic curves. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class DropInHandshakeBenchmark {
    private Contender ours;
    private Contender dropIn;

    /** Both benchmarks warm up both contenders, so that the JVM is in the same state for either. */
    @Setup
    public void open() throws Exception {
        // The drop-in also keeps the master secret.
        ours = SecureSessions.using(ProviderSet.BOUNCY_CASTLE, config -> config.withTsscExport());
        // The provider that the drop-in depends on; on this class path it would choose a faster one.
        DropInProviders.use(ProviderSet.BOUNCY_CASTLE.providers());
        dropIn = new DropIn();
        WarmUp.run(ours);
        WarmUp.run(dropIn);
    }

    @Benchmark
    public Connection ours() throws Exception {
        return handshake(ours);
    }

    @Benchmark
    public Connection dropIn() throws Exception {
        return handshake(dropIn);
    }

    private static Connection handshake(Contender contender) throws Exception {
        try (Connection connection = contender.connect()) {
            return connection;
        }
    }
}
