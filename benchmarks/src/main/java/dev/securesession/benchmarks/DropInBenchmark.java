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

/** What the drop-in adds to the session below it: wrapping at one end and unwrapping at the other, in new arrays. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class DropInBenchmark {
    private static final int SIZE = 1024;

    private SecureSessions.Sessions sessions;
    private Carriage arrays;
    private Connection dropIn;
    private Connection.RoundTrip throughDropIn;

    /** Both are made and warmed up for either, so that they find the same virtual machine. */
    @Setup
    public void connect() throws Exception {
        // The drop-in keeps the master secret too.
        UnaryOperator<SessionConfig> options = config -> config.withTsscExport();
        sessions = SecureSessions.using(ProviderSet.JDK, options).connect();
        arrays = Carriage.Kind.ARRAY.carriage(SIZE);
        dropIn = new DropIn().connect();
        throughDropIn = dropIn.roundTrip(SIZE);
        WarmUp.run(sessions);
        WarmUp.run(dropIn);
        if (ours() != SIZE || dropIn() != SIZE) {
            throw new AssertionError("a payload that arrived with another length than it was sent");
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
