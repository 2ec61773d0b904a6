package dev.securesession.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import dev.securesession.CryptoProviders;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/**
 * The throughput of large messages in a new JVM, in windows of the CPU time that the process, compiler included, has used
 * since the first message. A program for a JVM of its own.
 */
final class ColdStart {
    /** Length of the payloads. */
    static final int SIZE = 1 << 20;

    /** The limits of the windows in seconds of CPU time. */
    private static final double[] MARKS = {0, 0.25, 0.5, 1, 2, 4};

    private ColdStart() {}

    /**
     * Argument: the name of a {@link Start}. Prints the duration of its preparation, and for each window the gigabytes per
     * second of CPU time of this thread.
     */
    public static void main(String[] arguments) throws Exception {
        Start start = Start.valueOf(arguments[0]);
        Connection connection = start.open().connect();
        Connection.RoundTrip roundTrip = connection.roundTrip(SIZE);
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        double begin = system.getProcessCpuTime();
        long prepareBegan = System.nanoTime();
        start.prepare();
        System.out.printf(
                Locale.ROOT,
                "prepared in %.2f s, %.2f s of CPU time%n",
                (System.nanoTime() - prepareBegan) / 1e9,
                (system.getProcessCpuTime() - begin) / 1e9);
        int window = 0;
        long bytes = 0;
        long windowBegan = threadNanos();
        while (window < MARKS.length - 1) {
            bytes += roundTrip.once();
            double spent = (system.getProcessCpuTime() - begin) / 1e9;
            if (spent >= MARKS[window + 1]) {
                long now = threadNanos();
                Child.report(name(window), (double) bytes / (now - windowBegan));
                while (window < MARKS.length - 1 && spent >= MARKS[window + 1]) {
                    window++;
                }
                bytes = 0;
                windowBegan = now;
            }
        }
        connection.close();
    }

    /** Names the windows in order. */
    static String name(int window) {
        return String.format(Locale.ROOT, "%.2f to %.2f s", MARKS[window], MARKS[window + 1]);
    }

    private static long threadNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    /** The stack and its preparation before the first message. */
    enum Start {
        JDK(Stack.SECURE_SESSION.label()),
        JDK_WARMED_UP(Stack.SECURE_SESSION.label() + ", warmed up") {
            @Override
            void prepare() {
                CryptoProviders.platform().warmUp();
            }
        },
        JDK_UNWRAPPING(Stack.SECURE_SESSION.label() + ", only unwrapping") {
            /** The sender is native code, which leaves nothing to the compiler. */
            @Override
            Contender open() {
                return SecureSessions.between(ProviderSet.CORRETTO, ProviderSet.JDK);
            }
        },
        CORRETTO(Stack.SECURE_SESSION_CORRETTO.label()) {
            @Override
            Contender open() throws Exception {
                return Stack.SECURE_SESSION_CORRETTO.open();
            }
        },
        JSSE(Stack.JSSE.label()) {
            @Override
            Contender open() throws Exception {
                return Stack.JSSE.open();
            }
        };

        private final String label;

        Start(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }

        Contender open() throws Exception {
            return Stack.SECURE_SESSION.open();
        }

        /** Prepares for the first message; included in the measured time. */
        void prepare() {}
    }
}
