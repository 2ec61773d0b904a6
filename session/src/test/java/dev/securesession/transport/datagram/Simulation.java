package dev.securesession.transport.datagram;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.HandshakeException;
import dev.securesession.MessageRejectedException;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.testkit.Pair;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * A server table, clients, and a bad network between them, in one thread and with a time of its own. Whatever the server sends
 * is checked against PROTOCOL.md DG-4: until its handshake is over, an address gets no more bytes than it has sent.
 */
final class Simulation {
    static final InetSocketAddress SERVER = at(1, 4000);
    static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    final Random random;
    final DatagramOptions options;
    final ServerTable table;
    final List<DatagramPeer> established = new ArrayList<>();
    final Map<DatagramPeer, DatagramPeer.End> ended = new HashMap<>();
    final Map<DatagramPeer, List<byte[]>> received = new HashMap<>();
    final List<Exception> failures = new ArrayList<>();
    final List<HandshakeWork> heldWork = new ArrayList<>();
    final List<byte[]> sentByServer = new ArrayList<>();

    // The network. Rates are 0 to 1; the depth is how many milliseconds a datagram may be late.
    double loss;
    double duplication;
    double corruption;
    int depth;
    long stalledUntil;

    /** What the server is to do with payloads; nothing by default. */
    Answer answer = (peer, payload) -> {};

    boolean holdsWork;
    long now;

    private final PriorityQueue<Event> events = new PriorityQueue<>(
            Comparator.<Event>comparingLong(event -> event.time).thenComparingLong(e -> e.order));
    private final Map<InetSocketAddress, Client> clients = new HashMap<>();
    private final Map<InetSocketAddress, Long> unverified = new HashMap<>();
    private long order;

    Simulation(SessionConfig server, DatagramOptions options, long seed) {
        this.random = new Random(seed);
        this.options = options;
        this.table = new ServerTable(server, options, new Effects(), new Sending(), () -> {
            byte[] number = new byte[PathCheck.NUMBER_LENGTH];
            random.nextBytes(number);
            return number;
        });
    }

    static Simulation of(Pair pair) {
        return new Simulation(pair.server(), DatagramOptions.defaults(), 1);
    }

    static InetSocketAddress at(int host, int port) {
        try {
            return new InetSocketAddress(
                    InetAddress.getByAddress(new byte[] {10, 0, (byte) (host >> 8), (byte) host}), port);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    Client client(SessionConfig config, InetSocketAddress address) {
        Client client = new Client(new ClientHandshake(config, Pair.SERVER_ID, options, now), address);
        clients.put(address, client);
        return client;
    }

    /** Connects a client over the network as it is, and returns it with its session. */
    Client connect(SessionConfig config, InetSocketAddress address) throws Exception {
        Client client = client(config, address);
        client.connect();
        return client;
    }

    /** Lets the server receive a datagram at once, whatever the network. */
    void arrive(InetSocketAddress from, byte[] datagram) {
        unverified.merge(from, (long) datagram.length, Long::sum);
        table.receive(from, datagram, now);
    }

    /** Puts a datagram on the network, which does with it what it does. */
    void send(InetSocketAddress from, InetSocketAddress to, byte[] datagram) {
        if (random.nextDouble() < loss) {
            return;
        }
        int copies = random.nextDouble() < duplication ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            byte[] sent = random.nextDouble() < corruption ? damaged(datagram) : datagram.clone();
            long late = depth == 0 ? 0 : random.nextInt(depth + 1);
            long time = Math.max(now + 10 * MILLI + late * MILLI, stalledUntil);
            events.add(new Event(time, order++, from, to, sent));
        }
    }

    private byte[] damaged(byte[] datagram) {
        byte[] damaged = datagram.clone();
        return switch (random.nextInt(4)) {
            case 0 -> Arrays.copyOf(damaged, random.nextInt(damaged.length));
            case 1 -> Arrays.copyOf(damaged, damaged.length + 1 + random.nextInt(40));
            default -> {
                damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
                yield damaged;
            }
        };
    }

    /** Lets time pass and everything happen that is due in it. */
    void run(long nanos) throws HandshakeException, SocketTimeoutException {
        long end = now + nanos;
        while (now < end) {
            step(end);
        }
    }

    /** Goes on to the next thing that happens, at most to the given time. */
    private void step(long end) throws HandshakeException, SocketTimeoutException {
        long next = Math.min(end, table.nextDeadline());
        for (Client client : clients.values()) {
            if (client.session == null) {
                next = Math.min(next, client.handshake.nextDeadline());
            }
        }
        Event event = events.peek();
        if (event != null) {
            next = Math.min(next, event.time);
        }
        now = Math.max(now, next);
        table.tick(now);
        for (Client client : List.copyOf(clients.values())) {
            client.repeat();
        }
        while (!events.isEmpty() && events.peek().time <= now) {
            deliver(events.remove());
        }
    }

    private void deliver(Event event) throws HandshakeException {
        if (event.to.equals(SERVER)) {
            arrive(event.from, event.datagram);
            return;
        }
        Client client = clients.get(event.to);
        if (client != null) {
            client.receive(event.datagram);
        }
    }

    /** Runs work that was held back. */
    void doHeldWork() {
        List<HandshakeWork> held = List.copyOf(heldWork);
        heldWork.clear();
        for (HandshakeWork work : held) {
            work.run();
            table.finished(work, now);
        }
    }

    static byte[] payload(int number) {
        byte[] payload = new byte[4 + number % 40];
        new Random(number).nextBytes(payload);
        return ByteBuffer.wrap(payload).putInt(number).array();
    }

    /** A client, whose session is used by the test. */
    final class Client {
        final ClientHandshake handshake;
        final List<byte[]> received = new ArrayList<>();
        InetSocketAddress address;
        SecureSession session;
        byte[] lastHandshakeDatagram;
        int rejected;

        Client(ClientHandshake handshake, InetSocketAddress address) {
            this.handshake = handshake;
            this.address = address;
        }

        void connect() throws HandshakeException, SocketTimeoutException {
            repeat();
            while (session == null) {
                step(Long.MAX_VALUE);
            }
        }

        void repeat() throws SocketTimeoutException {
            if (session == null) {
                handshake.due(now).ifPresent(this::sendHandshake);
            }
        }

        void receive(byte[] datagram) throws HandshakeException {
            if (session != null) {
                unwrap(datagram);
                return;
            }
            handshake.receive(datagram, now).ifPresent(this::sendHandshake);
            session = handshake.session().orElse(null);
            while (session != null && !handshake.early().isEmpty()) {
                unwrap(handshake.early().remove());
            }
        }

        private void unwrap(byte[] datagram) {
            if (PathCheck.isQuestion(datagram, session.sessionId())) {
                sendDatagram(PathCheck.answer(datagram));
                return;
            }
            try {
                received.add(session.unwrap(datagram));
            } catch (MessageRejectedException e) {
                rejected++;
            }
        }

        void send(byte[] payload) {
            sendDatagram(session.wrap(payload));
        }

        private void sendHandshake(byte[] datagram) {
            lastHandshakeDatagram = datagram;
            sendDatagram(datagram);
        }

        void sendDatagram(byte[] datagram) {
            Simulation.this.send(address, SERVER, datagram);
        }

        /** From now on its datagrams come from there, and only those to there reach it. */
        void move(InetSocketAddress to) {
            clients.remove(address);
            address = to;
            clients.put(to, this);
        }
    }

    private final class Sending implements DatagramPeer.Server {
        @Override
        public DatagramOptions options() {
            return options;
        }

        @Override
        public void send(InetSocketAddress to, byte[] datagram) {
            sentByServer.add(datagram);
            Simulation.this.send(SERVER, to, datagram);
        }

        @Override
        public void closed(DatagramPeer peer) {
            table.end(peer, DatagramPeer.End.CLOSED);
        }
    }

    private final class Effects implements ServerTable.Output {
        @Override
        public void send(InetSocketAddress to, byte[] datagram) {
            boolean verified =
                    established.stream().anyMatch(peer -> peer.address().equals(to));
            if (!verified) {
                long left = unverified.merge(to, (long) -datagram.length, Long::sum);
                assertThat(left).as("bytes that %s may get", to).isNotNegative();
            }
            sentByServer.add(datagram);
            Simulation.this.send(SERVER, to, datagram);
        }

        @Override
        public void work(HandshakeWork work) {
            if (holdsWork) {
                heldWork.add(work);
            } else {
                work.run();
                table.finished(work, now);
            }
        }

        @Override
        public void established(DatagramPeer peer) {
            established.add(peer);
            received.put(peer, new ArrayList<>());
        }

        @Override
        public void received(DatagramPeer peer, byte[] payload) {
            assertThat(established).contains(peer);
            received.get(peer).add(payload);
            answer.to(peer, payload);
        }

        @Override
        public void ended(DatagramPeer peer, DatagramPeer.End reason) {
            assertThat(ended.put(peer, reason)).isNull();
        }

        @Override
        public void failed(InetSocketAddress from, Exception cause) {
            failures.add(cause);
        }
    }

    /** What the server does with a payload. */
    interface Answer {
        void to(DatagramPeer peer, byte[] payload);
    }

    private static final class Event {
        final long time;
        final long order;
        final InetSocketAddress from;
        final InetSocketAddress to;
        final byte[] datagram;

        Event(long time, long order, InetSocketAddress from, InetSocketAddress to, byte[] datagram) {
            this.time = time;
            this.order = order;
            this.from = from;
            this.to = to;
            this.datagram = datagram;
        }
    }
}
