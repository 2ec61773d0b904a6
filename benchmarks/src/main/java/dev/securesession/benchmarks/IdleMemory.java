package dev.securesession.benchmarks;

import dev.securesession.SecureSession;
import dev.securesession.StateBinding;
import dev.securesession.StateKey;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.ref.Reference;
import java.util.concurrent.Callable;

/**
 * Heap that a connection costs while nothing happens on it. A program, to be run in a virtual machine of its own with a
 * simple collector: it makes many connections and looks how much more is in use after collection.
 */
final class IdleMemory {
    private static final int COLLECTIONS = 3;

    /** Each connection has carried a payload before it fell idle. */
    private static final int PAYLOAD = 64;

    private IdleMemory() {}

    /** Takes the name of a {@link Stack} and the number of connections; prints the bytes of heap that one costs. */
    public static void main(String[] arguments) throws Exception {
        Stack stack = Stack.valueOf(arguments[0]);
        int count = Integer.parseInt(arguments[1]);
        double bytes = stack == Stack.JSSE ? tls(count) : sessions(count);
        Child.say("bytes", bytes);
    }

    /** Established sessions, as a server has them; restored from a saved one, which is faster than so many handshakes. */
    private static double sessions(int count) throws Exception {
        SecureSessions ends = SecureSessions.using(ProviderSet.JDK);
        StateKey key = StateKey.of(new byte[StateKey.LENGTH]);
        SecureSessions.Sessions sessions = ends.connect();
        sessions.roundTrip(PAYLOAD).once();
        byte[] state = sessions.server.saveCopy(key, StateBinding.of("test", 0));
        return heapOfEach(
                count,
                () -> SecureSession.restoreAcceptingAnyKnownPeer(state, key, StateBinding.of("test", 0), ends.server));
    }

    /** Server ends of JSSE. */
    private static double tls(int count) throws Exception {
        Tls tls = Tls.jsse();
        return heapOfEach(count, () -> {
            Tls.Engines engines = tls.connect();
            engines.roundTrip(PAYLOAD).once();
            return engines.server();
        });
    }

    private static double heapOfEach(int count, Callable<?> maker) throws Exception {
        Object[] kept = new Object[count];
        try {
            // The first ones load classes and fill caches that all share.
            int common = count / 10;
            for (int i = 0; i < common; i++) {
                kept[i] = maker.call();
            }
            long before = usedHeap();
            for (int i = common; i < count; i++) {
                kept[i] = maker.call();
            }
            return (double) (usedHeap() - before) / (count - common);
        } finally {
            Reference.reachabilityFence(kept);
        }
    }

    private static long usedHeap() {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        for (int i = 0; i < COLLECTIONS; i++) {
            memory.gc();
        }
        return memory.getHeapMemoryUsage().getUsed();
    }
}
