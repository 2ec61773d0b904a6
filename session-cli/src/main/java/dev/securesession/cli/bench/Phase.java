package dev.securesession.cli.bench;

import dev.securesession.cli.bench.Subject.Link;
import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** What the threads of a measurement do, each with connections of its own, for the duration of the measurement. */
enum Phase {
    CONNECTIONS("new connections") {
        @Override
        void work(Subject subject, int size, Tally tally) throws Exception {
            byte[] message = {1};
            byte[] answer = new byte[1];
            while (tally.goesOn()) {
                long start = System.nanoTime();
                try (Link link = subject.open()) {
                    exchange(link, message, answer);
                    tally.add(System.nanoTime() - start, 1);
                }
            }
        }
    },

    ROUND_TRIPS("round trips") {
        @Override
        void work(Subject subject, int size, Tally tally) throws Exception {
            byte[] message = new byte[size];
            byte[] answer = new byte[size];
            try (Link link = subject.open()) {
                exchange(link, message, answer);
                while (tally.goesOn()) {
                    message[size - 1]++;
                    long start = System.nanoTime();
                    exchange(link, message, answer);
                    tally.add(System.nanoTime() - start, size);
                }
            }
        }
    },

    THROUGHPUT("throughput") {
        @Override
        void work(Subject subject, int size, Tally tally) throws Exception {
            byte[] chunk = new byte[CHUNK_LENGTH];
            try (Link link = subject.open()) {
                // A reader of its own: one thread for both directions could fill the buffers between the ends.
                FutureTask<Long> reader = new FutureTask<>(() -> readAll(link, tally));
                Thread thread = new Thread(reader, "bench-reader");
                thread.setDaemon(true);
                thread.start();
                long sent = 0;
                while (tally.goesOn() && !reader.isDone()) {
                    link.out().write(chunk);
                    sent += chunk.length;
                }
                link.endOutput();
                long received = received(reader);
                if (received != sent) {
                    throw new EOFException(ENDED_TOO_EARLY);
                }
            }
        }

        private long readAll(Link link, Tally tally) throws IOException {
            byte[] chunk = new byte[CHUNK_LENGTH];
            long received = 0;
            for (int length = link.in().read(chunk);
                    length >= 0;
                    length = link.in().read(chunk)) {
                received += length;
                tally.add(0, length);
            }
            return received;
        }

        private long received(FutureTask<Long> reader) throws Exception {
            try {
                return reader.get();
            } catch (ExecutionException e) {
                throw e.getCause() instanceof Exception cause ? cause : e;
            }
        }
    };

    private static final int CHUNK_LENGTH = 64 * 1024;
    private static final String ENDED_TOO_EARLY = "the other side ended the connection before the answer was complete; "
            + "it must be a service that sends back what it receives";

    private final String label;

    Phase(String label) {
        this.label = label;
    }

    String label() {
        return label;
    }

    abstract void work(Subject subject, int size, Tally tally) throws Exception;

    private static void exchange(Link link, byte[] message, byte[] answer) throws IOException {
        link.out().write(message);
        link.out().flush();
        if (link.in().readNBytes(answer, 0, answer.length) < answer.length) {
            throw new EOFException(ENDED_TOO_EARLY);
        }
        if (!Arrays.equals(message, answer)) {
            throw new IOException(
                    "the answer differs from what was sent; the other side must send back what it receives");
        }
    }
}
