package dev.securesession.benchmarks;

import dev.securesession.SecureSession;
import dev.securesession.StateBinding;
import dev.securesession.StateKey;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Saving and restoring a session. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class StateBenchmark {
    @Param
    ProviderSet providers;

    private SecureSessions ends;
    private StateKey key;
    private SecureSession session;
    private byte[] state;

    @Setup
    public void connect() throws Exception {
        ends = SecureSessions.using(providers);
        key = StateKey.of(new byte[StateKey.LENGTH]);
        session = ends.connect().server;
        state = session.saveCopy(key, StateBinding.of("test", 0));
    }

    @Benchmark
    public byte[] save() {
        return session.saveCopy(key, StateBinding.of("test", 0));
    }

    @Benchmark
    public SecureSession restore() throws Exception {
        return SecureSession.restoreAcceptingAnyKnownPeer(state, key, StateBinding.of("test", 0), ends.server);
    }
}
