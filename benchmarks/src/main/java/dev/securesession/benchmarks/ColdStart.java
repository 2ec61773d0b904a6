package dev.securesession.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/**
 * How soon large messages are fast in a new virtual machine: throughput of 1 MiB round trips by how much CPU time the
 * process has spent since the first of them, its compiler included.
 */
final class ColdStart {
    /** Length of the payloads. */
    static final int SIZE = 1 << 20;

    /** When a new window begins, in seconds of CPU time; the last number is the end. */
    private static final double[] MARKS = {0, 0.25, 0.5, 1, 2, 4};

    private ColdStart() {}

    /** Takes the name of a {@link Stack}; prints gigabytes per second of CPU time of this thread, window by window. */
    public static void main(String[] arguments) throws Exception {
        Connection connection = Stack.valueOf(arguments[0]).open().connect();
        Connection.RoundTrip roundTrip = connection.roundTrip(SIZE);
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        double start = system.getProcessCpuTime();
        int window = 0;
        long bytes = 0;
        long began = threadNanos();
        while (window < MARKS.length - 1) {
            bytes += roundTrip.once();
            if ((system.getProcessCpuTime() - start) / 1e9 >= MARKS[window + 1]) {
                long now = threadNanos();
                Child.say(name(window), (double) bytes / (now - began));
                window++;
                bytes = 0;
                began = now;
            }
        }
        connection.close();
    }

    /** Names the windows in order. */
    static String name(int window) {
        return String.format(Locale.ROOT, "%.2f to %.2f s", MARKS[window], MARKS[window + 1]);
    }

    static int windows() {
        return MARKS.length - 1;
    }

    private static long threadNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
}
