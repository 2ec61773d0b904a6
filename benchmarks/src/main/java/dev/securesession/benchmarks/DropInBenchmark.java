package dev.securesession.benchmarks;

import com.cossacklabs.themis.ISessionCallbacks;
import com.cossacklabs.themis.Keypair;
import com.cossacklabs.themis.KeypairGenerator;
import com.cossacklabs.themis.PublicKey;
import com.cossacklabs.themis.SecureSession;
import com.cossacklabs.themis.SecureSessionException;
import dev.securesession.SessionConfig;
import java.nio.charset.StandardCharsets;
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
    private DropIn dropIn;
    private Connection.RoundTrip throughDropIn;

    /** Both are made and warmed up for either, so that they find the same virtual machine. */
    @Setup
    public void connect() throws Exception {
        // The drop-in keeps the master secret too.
        UnaryOperator<SessionConfig> options = config -> config.withTsscExport();
        sessions = SecureSessions.using(ProviderSet.JDK, options).connect();
        arrays = Carriage.Kind.ARRAY.carriage(SIZE);
        dropIn = DropIn.connect();
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

    /** The two ends of an established session of the drop-in. */
    private static final class DropIn implements Connection {
        private final SecureSession client;
        private final SecureSession server;

        private DropIn(SecureSession client, SecureSession server) {
            this.client = client;
            this.server = server;
        }

        static DropIn connect() throws SecureSessionException {
            Keypair clientKeys = KeypairGenerator.generateKeypair();
            Keypair serverKeys = KeypairGenerator.generateKeypair();
            SecureSession client = session("client", clientKeys, serverKeys.getPublicKey());
            SecureSession server = session("server", serverKeys, clientKeys.getPublicKey());
            byte[] message = client.generateConnectRequest();
            message = server.unwrap(message).getData();
            message = client.unwrap(message).getData();
            message = server.unwrap(message).getData();
            client.unwrap(message);
            return new DropIn(client, server);
        }

        private static SecureSession session(String id, Keypair own, PublicKey peer) {
            return new SecureSession(id.getBytes(StandardCharsets.UTF_8), own.getPrivateKey(), new Knowing(peer));
        }

        @Override
        public RoundTrip roundTrip(int size) {
            byte[] payload = new byte[size];
            return () -> server.unwrap(client.wrap(payload)).getData().length;
        }

        @Override
        public void close() {
            client.close();
            server.close();
        }
    }

    /** Knows one key. */
    private static final class Knowing implements ISessionCallbacks {
        private final PublicKey peer;

        Knowing(PublicKey peer) {
            this.peer = peer;
        }

        @Override
        public PublicKey getPublicKeyForId(SecureSession asking, byte[] id) {
            return peer;
        }

        @Override
        public void stateChanged(SecureSession changed) {}
    }
}
