package dev.securesession.transport.datagram;

import dev.securesession.Handshake;
import dev.securesession.testkit.Pair;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * A server in a JVM with little memory, flooded from inside by addresses that never finish a handshake and by junk; prints
 * what it held, what it sent to the flood, and what became of honest clients.
 */
final class DatagramServerUnderAttack {
    private static final InetAddress HERE = InetAddress.getLoopbackAddress();
    private static final int SILENT_ADDRESSES = 300;
    private static final int HONEST_CLIENTS = 5;
    private static final int QUESTIONS = 20;
    private static final int MIN_FLOOD = 20_000;
    private static final int MAX_FLOOD = 500_000;
    private static final int AHEAD_OF_SERVER = 64;
    private static final long LOST_NANOS = 5_000_000;

    private DatagramServerUnderAttack() {}

    public static void main(String[] arguments) throws Exception {
        long seed = Long.parseLong(arguments[0]);
        Pair pair = Pair.create();
        List<Silent> silent = new ArrayList<>();
        DatagramOptions options = DatagramOptions.defaults().withSessionLimitPerPeer(HONEST_CLIENTS);
        try (SecureDatagramServer server = SecureDatagramServer.listen(
                        new InetSocketAddress(HERE, 0), pair.server(), new Echo(), options);
                DatagramChannel junk = DatagramChannel.open()) {
            junk.connect(server.address()).configureBlocking(false);
            for (int i = 0; i < SILENT_ADDRESSES; i++) {
                silent.add(new Silent(server.address(), pair));
            }
            AtomicBoolean over = new AtomicBoolean();
            Flood flood = new Flood(server, silent, junk, new Random(seed), over);
            Thread flooding = new Thread(flood, "flood");
            flooding.start();

            int served = 0;
            for (int i = 0; i < HONEST_CLIENTS; i++) {
                try (SecureDatagrams client = SecureDatagrams.connect(
                        server.address(), pair.client(), Pair.SERVER_ID, DatagramOptions.defaults())) {
                    served += askAll(client) ? 1 : 0;
                }
            }
            over.set(true);
            flooding.join();

            long sent = 0;
            long received = 0;
            boolean bounded = true;
            for (Silent one : silent) {
                one.drain();
                sent += one.sent;
                received += one.received;
                bounded &= one.received <= one.sent;
            }
            System.out.println("flood of " + flood.count + " datagrams, " + sent + " bytes of first messages, "
                    + received + " bytes of answers to them");
            System.out.println("flooded " + (flood.count >= MIN_FLOOD && received > 0));
            System.out.println("no address got more than it sent " + bounded);
            System.out.println("bytes to the address of the junk " + drain(junk));
            System.out.println("half-open bounded " + (server.counters().halfOpen() <= 1024));
            System.out.println("honest clients served " + served);
        } finally {
            for (Silent one : silent) {
                one.channel.close();
            }
        }
    }

    /** Asks until each question is answered: datagrams get lost in a flood. */
    private static boolean askAll(SecureDatagrams client) throws Exception {
        for (int i = 0; i < QUESTIONS; i++) {
            byte[] question = ByteBuffer.allocate(500).putInt(i).array();
            Optional<byte[]> answer = Optional.empty();
            for (int attempt = 0;
                    attempt < 100
                            && !answer.filter(found -> Arrays.equals(found, question))
                                    .isPresent();
                    attempt++) {
                client.send(question);
                answer = client.receive(Duration.ofMillis(200));
            }
            if (answer.isEmpty()) {
                return false;
            }
        }
        return true;
    }

    private static long drain(DatagramChannel channel) throws IOException {
        long bytes = 0;
        ByteBuffer buffer = ByteBuffer.allocate(2048);
        while (channel.receive(buffer) != null) {
            bytes += buffer.position();
            buffer.clear();
        }
        return bytes;
    }

    /** Echoes to whoever has a session. */
    private static final class Echo implements SecureDatagramServer.Handler {
        @Override
        public void received(DatagramPeer peer, byte[] payload) throws IOException {
            peer.send(payload);
        }
    }

    /** An address that begins handshakes and finishes none, like one in whose name somebody else sends. */
    private static final class Silent {
        final DatagramChannel channel;
        final byte[][] messages;
        long sent;
        long received;

        Silent(InetSocketAddress server, Pair pair) throws IOException {
            channel = DatagramChannel.open();
            channel.connect(server).configureBlocking(false);
            byte[] shortest = message1(pair);
            // The second as long as our clients send it, so that message 2 may be sent at once.
            messages = new byte[][] {shortest, Arrays.copyOf(message1(pair), 300)};
        }

        private static byte[] message1(Pair pair) {
            try (Handshake handshake = pair.beginAsClient()) {
                return handshake.start();
            }
        }

        void send(int which) throws IOException {
            sent += channel.write(ByteBuffer.wrap(messages[which]));
        }

        void drain() throws IOException {
            received += DatagramServerUnderAttack.drain(channel);
        }
    }

    /** First messages and junk, as fast as the server receives them. */
    private static final class Flood implements Runnable {
        private final SecureDatagramServer server;
        private final List<Silent> silent;
        private final DatagramChannel junk;
        private final Random random;
        private final AtomicBoolean over;
        private long lost;
        volatile long count;

        Flood(
                SecureDatagramServer server,
                List<Silent> silent,
                DatagramChannel junk,
                Random random,
                AtomicBoolean over) {
            this.server = server;
            this.silent = silent;
            this.junk = junk;
            this.random = random;
            this.over = over;
        }

        @Override
        public void run() {
            try {
                long sent = 0;
                while (sent < MAX_FLOOD && (sent < MIN_FLOOD || !over.get())) {
                    if (random.nextInt(3) == 0) {
                        byte[] bytes = new byte[random.nextInt(1200)];
                        random.nextBytes(bytes);
                        junk.write(ByteBuffer.wrap(bytes));
                    } else {
                        Silent one = silent.get(random.nextInt(silent.size()));
                        one.send(random.nextInt(2));
                        one.drain();
                    }
                    sent++;
                    count = sent;
                    awaitServer(sent);
                }
            } catch (IOException e) {
                throw new AssertionError("the flood ended early", e);
            }
        }

        /** Stays a little ahead of the server, so that not everything is lost before it arrives. */
        private void awaitServer(long sent) {
            long start = System.nanoTime();
            while (sent - lost - server.counters().received() > AHEAD_OF_SERVER) {
                if (System.nanoTime() - start > LOST_NANOS) {
                    lost = sent - server.counters().received();
                    return;
                }
                LockSupport.parkNanos(50_000);
            }
        }
    }
}
