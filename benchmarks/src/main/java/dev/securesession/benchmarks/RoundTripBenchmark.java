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
import org.openjdk.jmh.annotations.TearDown;

/** Encrypting at one end and decrypting at the other, for all contenders through reused buffers. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class RoundTripBenchmark {
    @Param
    Stack stack;

    @Param({"16", "64", "1024", "16384", "65536", "1048576"})
    int size;

    private Connection connection;
    private Connection.RoundTrip roundTrip;

    @Setup
    public void connect() throws Exception {
        connection = stack.open().connect();
        WarmUp.run(connection);
        roundTrip = connection.roundTrip(size);
        if (roundTrip.once() != size) {
            throw new AssertionError("the received payload is shorter than the sent one");
        }
    }

    @TearDown
    public void close() {
        connection.close();
    }

    @Benchmark
    public int roundTrip() throws Exception {
        return roundTrip.once();
    }
}
