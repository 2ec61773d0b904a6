package dev.securesession.benchmarks;

import dev.securesession.SecureSession;
import dev.securesession.StateBinding;
import dev.securesession.StateKey;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Wrapping, unwrapping and both together, for each kind of array or buffer. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class MessageBenchmark {
    private static final int KEPT_BYTES = 1 << 22;
    private static final int MAX_KEPT = 4096;
    private static final int MIN_KEPT = 16;

    @Param
    ProviderSet providers;

    @Param({"16", "64", "1024", "16384", "65536", "1048576"})
    int size;

    @Param
    Carriage.Kind carriage;

    private SecureSessions ends;
    private StateKey key;
    private byte[] receiverState;
    private SecureSession sender;
    private SecureSession receiver;
    private SecureSession unwrapper;
    private ByteBuffer[] messages;
    private int next;
    private Carriage way;

    @Setup
    public void connect() throws Exception {
        ends = SecureSessions.using(providers);
        key = StateKey.of(new byte[StateKey.LENGTH]);
        way = carriage.carriage(size);
        try (SecureSessions.Sessions sessions = ends.connect()) {
            WarmUp.run(sessions);
        }
        SecureSessions.Sessions fresh = ends.connect();
        sender = fresh.client;
        receiver = fresh.server;
        // A session unwraps each message once. When all messages are used up, a session that has seen none of them is
        // restored; this is rare enough not to affect the figure.
        messages = new ByteBuffer[Math.max(MIN_KEPT, Math.min(MAX_KEPT, KEPT_BYTES / size))];
        try (SecureSessions.Sessions other = ends.connect()) {
            receiverState = other.server.saveCopy(key, StateBinding.of("test", 0));
            for (int i = 0; i < messages.length; i++) {
                messages[i] = way.keep(other.client.wrap(new byte[size]));
            }
        }
        unwrapper =
                SecureSession.restoreAcceptingAnyKnownPeer(receiverState, key, StateBinding.of("test", 0), ends.server);
    }

    @Benchmark
    public int wrap() {
        return way.wrap(sender);
    }

    @Benchmark
    public int unwrap() throws Exception {
        if (next == messages.length) {
            unwrapper.close();
            unwrapper = SecureSession.restoreAcceptingAnyKnownPeer(
                    receiverState, key, StateBinding.of("test", 0), ends.server);
            next = 0;
        }
        return way.unwrap(unwrapper, messages[next++]);
    }

    @Benchmark
    public int roundTrip() throws Exception {
        return way.roundTrip(sender, receiver);
    }
}
