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

/** What the drop-in adds to the handshakes of the session below it, both with BouncyCastle for elliptic curves. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class DropInHandshakeBenchmark {
    private Contender ours;
    private Contender dropIn;

    /** Both are made and warmed up for either, so that they find the same virtual machine. */
    @Setup
    public void open() throws Exception {
        // The drop-in keeps the master secret too.
        ours = SecureSessions.using(ProviderSet.BOUNCY_CASTLE, config -> config.withTsscExport());
        // What the drop-in brings; the class path of the benchmarks has faster providers, which it would choose.
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
