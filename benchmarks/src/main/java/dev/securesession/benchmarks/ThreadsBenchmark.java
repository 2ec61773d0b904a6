package dev.securesession.benchmarks;

import dev.securesession.SecureSession;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The gain of a second thread; run with one thread and with two. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class ThreadsBenchmark {
    /** Each thread wraps and unwraps with sessions of its own; all have the same configuration. */
    @Benchmark
    public int separateSessions(Configuration configuration, OwnSessions own) throws Exception {
        return own.carriage.roundTrip(own.sessions.client, own.sessions.server);
    }

    /** All threads wrap with one session, which numbers messages under a lock. */
    @Benchmark
    public int oneSession(Configuration configuration, OwnCarriage own) {
        return own.carriage.wrap(configuration.shared);
    }

    /** Each thread accepts handshakes of its own, under one configuration. */
    @Benchmark
    public Connection handshakes(Configuration configuration) throws Exception {
        try (Connection connection = configuration.ends.connect()) {
            return connection;
        }
    }

    /** State that all threads share. */
    @State(Scope.Benchmark)
    public static class Configuration {
        @Param
        ProviderSet providers;

        @Param({"64", "16384"})
        int size;

        SecureSessions ends;
        SecureSession shared;

        @Setup
        public void connect() throws Exception {
            ends = SecureSessions.using(providers);
            SecureSessions.Sessions sessions = ends.connect();
            WarmUp.run(sessions);
            shared = sessions.client;
        }
    }

    /** Buffers of one thread. */
    @State(Scope.Thread)
    public static class OwnCarriage {
        Carriage carriage;

        @Setup
        public void allocate(Configuration configuration) {
            carriage = Carriage.Kind.HEAP.carriage(configuration.size);
        }
    }

    /** Sessions of one thread. */
    @State(Scope.Thread)
    public static class OwnSessions {
        Carriage carriage;
        SecureSessions.Sessions sessions;

        @Setup
        public void connect(Configuration configuration) throws Exception {
            carriage = Carriage.Kind.HEAP.carriage(configuration.size);
            sessions = configuration.ends.connect();
        }
    }
}
