package dev.securesession.benchmarks;

import dev.securesession.SecureSession;
import dev.securesession.StateBinding;
import dev.securesession.StateKey;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.ref.Reference;
import java.util.concurrent.Callable;

/**
 * The heap of an idle connection, a program for a JVM of its own with the serial collector. It opens many connections and
 * compares the heap in use before and after, each time after a collection.
 */
final class IdleMemory {
    private static final int COLLECTIONS = 3;

    /** Each connection carries one payload before it becomes idle. */
    private static final int PAYLOAD = 64;

    private IdleMemory() {}

    /** Arguments: the name of a {@link Stack} and the number of connections. Prints the bytes of heap per connection. */
    public static void main(String[] arguments) throws Exception {
        Stack stack = Stack.valueOf(arguments[0]);
        int count = Integer.parseInt(arguments[1]);
        double bytes = stack == Stack.JSSE ? tls(count) : sessions(count);
        Child.report("bytes", bytes);
    }

    /** Established sessions of a server, restored from a saved one, which is faster than one handshake each. */
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
            // The first connections load classes and fill shared caches.
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
