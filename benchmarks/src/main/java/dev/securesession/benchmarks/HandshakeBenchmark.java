package dev.securesession.benchmarks;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Complete mutual handshakes, both ends on one thread. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class HandshakeBenchmark {
    @Param
    Stack stack;

    private Contender contender;

    @Setup
    public void open() throws Exception {
        contender = stack.open();
        WarmUp.run(contender);
    }

    @Benchmark
    public Connection handshake() throws Exception {
        try (Connection connection = contender.connect()) {
            return connection;
        }
    }
}
