package dev.securesession.benchmarks;

import dev.securesession.Handshake;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * The steps of a handshake at one end; their sum is the cost of the handshake at that end. The allocation figures include
 * the other end and are meaningless.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class HandshakeStepBenchmark {
    @Param
    ProviderSet providers;

    @Param
    Step step;

    private SecureSessions ends;
    private Handshake client;
    private Handshake server;
    private byte[] message;

    @Setup
    public void open() {
        ends = SecureSessions.using(providers);
    }

    /** Brings a new handshake to the point before the step. A step takes long enough to be timed alone. */
    @Setup(Level.Invocation)
    public void prepareStep() throws Exception {
        client = Handshake.clientAcceptingAnyKnownPeer(ends.client);
        server = Handshake.server(ends.server);
        message = new byte[0];
        for (Step before : Step.values()) {
            if (before == step) {
                return;
            }
            message = before.take(client, server, message);
        }
    }

    @Benchmark
    public byte[] step() throws Exception {
        return step.take(client, server, message);
    }

    /** The steps in order. */
    public enum Step {
        CLIENT_BEGINS {
            @Override
            byte[] take(Handshake client, Handshake server, byte[] message) {
                return client.start();
            }
        },
        SERVER_ANSWERS {
            @Override
            byte[] take(Handshake client, Handshake server, byte[] message) throws Exception {
                return SecureSessions.reply(server.receive(message));
            }
        },
        CLIENT_CONFIRMS {
            @Override
            byte[] take(Handshake client, Handshake server, byte[] message) throws Exception {
                return SecureSessions.reply(client.receive(message));
            }
        },
        SERVER_FINISHES {
            @Override
            byte[] take(Handshake client, Handshake server, byte[] message) throws Exception {
                return SecureSessions.reply(server.receive(message));
            }
        },
        CLIENT_FINISHES {
            @Override
            byte[] take(Handshake client, Handshake server, byte[] message) throws Exception {
                client.receive(message);
                return message;
            }
        };

        abstract byte[] take(Handshake client, Handshake server, byte[] message) throws Exception;
    }
}
