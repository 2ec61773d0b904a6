package dev.securesession.benchmarks;

import dev.securesession.SessionConfig;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Round trips in new arrays by the drop-in and by the sessions it uses. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class DropInBenchmark {
    private static final int SIZE = 1024;

    private SecureSessions.Sessions sessions;
    private Carriage arrays;
    private Connection dropIn;
    private Connection.RoundTrip throughDropIn;

    /** Both benchmarks warm up both contenders, so that the JVM is in the same state for either. */
    @Setup
    public void connect() throws Exception {
        // The drop-in also keeps the master secret.
        UnaryOperator<SessionConfig> options = config -> config.withTsscExport();
        sessions = SecureSessions.using(ProviderSet.JDK, options).connect();
        arrays = Carriage.Kind.ARRAY.carriage(SIZE);
        dropIn = new DropIn().connect();
        throughDropIn = dropIn.roundTrip(SIZE);
        WarmUp.run(sessions);
        WarmUp.run(dropIn);
        if (ours() != SIZE || dropIn() != SIZE) {
            throw new AssertionError("the received payload has another length than the sent one");
        }
    }

    @TearDown
    public void close() {
        sessions.close();
        dropIn.close();
    }

    @Benchmark
    public int ours() throws Exception {
        return arrays.roundTrip(sessions.client, sessions.server);
    }

    @Benchmark
    public int dropIn() throws Exception {
        return throughDropIn.once();
    }
}
