package dev.securesession.transport.datagram;

import dev.securesession.Delivery;
import dev.securesession.Handshake;
import dev.securesession.MessageRejectedException;
import dev.securesession.NumberedPayload;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.internal.base.ClosedPeers;
import dev.securesession.transport.datagram.DatagramPeer.End;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The sessions and half-open handshakes of a server for datagrams, without I/O: datagrams, their addresses and the time in;
 * datagrams, work, payloads and the next deadline out. For one thread; only {@link HandshakeWork} runs elsewhere.
 *
 * <pre>
 *   message 1 --&gt; half-open, work --&gt; answered --message 3, work--&gt; established --&gt; ended
 *                      |                  |
 *                      +-- refused, timed out, or displaced --&gt; forgotten, without an answer
 * </pre>
 *
 * <p>Times are nanoseconds since some moment, from 0 on. PROTOCOL.md DG-1 to DG-8.
 */
final class ServerTable {
    /** No deadline. */
    static final long NEVER = Long.MAX_VALUE;

    /** How many first messages may wait for a thread: as many as are processed within a second or so. */
    private static final int MAX_WAITING = 256;

    /** How many half-open handshakes one address with its port may have. */
    private static final int MAX_PER_SOCKET = 4;

    private final SessionConfig config;
    private final DatagramOptions options;
    private final Output output;
    private final DatagramPeer.Server server;
    private final Supplier<byte[]> numbers;

    // The half-open handshakes: by age, by the time of the last message from them, and by address.
    private final Set<HalfOpenHandshake> halfOpen = new LinkedHashSet<>();
    private final Map<HalfOpenHandshake, Boolean> leastRecent = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<InetSocketAddress, List<HalfOpenHandshake>> halfOpenAt = new HashMap<>();
    private long halfOpenBytes;

    private final Deque<HandshakeWork> confirmations = new ArrayDeque<>();
    private final Deque<HandshakeWork> openings = new ArrayDeque<>();
    private int working;

    // The established peers: by the time of the last message from them, by session id, by address, and by id.
    private final Map<DatagramPeer, Boolean> peers = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<Integer, List<DatagramPeer>> peersOfSession = new HashMap<>();
    private final Map<InetSocketAddress, DatagramPeer> peerAt = new HashMap<>();
    private final Map<PeerId, Deque<DatagramPeer>> sessionsOf = new HashMap<>();

    private final ClosedPeers closedPeers = new ClosedPeers();

    private long received;
    private long accepted;
    private long established;
    private long failed;
    private long displaced;
    private long ended;

    /**
     * Makes an empty table.
     *
     * @param server what the peers send with, on any thread
     * @param numbers random numbers of {@link PathCheck#NUMBER_LENGTH} bytes
     */
    ServerTable(
            SessionConfig config,
            DatagramOptions options,
            Output output,
            DatagramPeer.Server server,
            Supplier<byte[]> numbers) {
        if (config.asksForKeys()) {
            throw new IllegalArgumentException(
                    "a configuration that asks for keys; a server for datagrams needs one with a directory");
        }
        options.requireId(config.identity().id());
        this.config = config.withDelivery(Delivery.UNORDERED);
        this.options = options;
        this.output = output;
        this.server = server;
        this.numbers = numbers;
    }

    /** Processes a datagram. */
    void receive(InetSocketAddress from, byte[] datagram, long now) {
        received++;
        if ((HandshakeDatagrams.mayBeWrapped(datagram) && unwrap(from, datagram, now))
                || (PathCheck.isAnswer(datagram) && move(from, datagram))
                || (HandshakeDatagrams.isPlausible(datagram) && handshake(from, datagram, now))) {
            accepted++;
        }
    }

    private boolean unwrap(InetSocketAddress from, byte[] datagram, long now) {
        List<DatagramPeer> sameId = peersOfSession.get(HandshakeDatagrams.sessionId(datagram));
        if (sameId == null) {
            return false;
        }
        for (DatagramPeer peer : List.copyOf(sameId)) {
            if ((options.followsAddressChanges() || peer.address().equals(from)) && unwrap(peer, from, datagram, now)) {
                return true;
            }
        }
        return false;
    }

    private boolean unwrap(DatagramPeer peer, InetSocketAddress from, byte[] datagram, long now) {
        NumberedPayload payload;
        try {
            payload = peer.session().unwrapNumbered(datagram);
        } catch (MessageRejectedException e) {
            if (e.reason() == MessageRejectedException.Reason.TOO_MANY_FAILURES) {
                end(peer, End.TOO_MANY_FAILURES);
            }
            return false;
        } catch (IllegalStateException closed) {
            end(peer, End.CLOSED);
            return false;
        }
        peer.received(now);
        peers.replace(peer, true);
        if (peer.isNewest(payload.number()) && !peer.address().equals(from)) {
            byte[] question = peer.questionTo(from, datagram.length, numbers.get());
            if (question != null) {
                output.send(from, question);
            }
        }
        output.received(peer, payload.payload());
        return true;
    }

    private boolean move(InetSocketAddress from, byte[] answer) {
        for (DatagramPeer peer : peersOfSession.getOrDefault(PathCheck.sessionId(answer), List.of())) {
            InetSocketAddress before = peer.address();
            if (peer.moveTo(from, answer)) {
                peerAt.remove(before, peer);
                DatagramPeer there = peerAt.put(from, peer);
                if (there != null) {
                    end(there, End.REPLACED);
                }
                return true;
            }
        }
        return false;
    }

    private boolean handshake(InetSocketAddress from, byte[] datagram, long now) {
        List<HalfOpenHandshake> here = halfOpenAt.getOrDefault(from, List.of());
        if (!HandshakeDatagrams.isIntroduction(datagram)) {
            return confirm(here, from, datagram);
        }
        for (HalfOpenHandshake one : here) {
            if (one.isRepetition(datagram)) {
                leastRecent.replace(one, true);
                one.repeated(datagram.length);
                sendAnswer(one);
                return true;
            }
        }
        return open(from, datagram, now);
    }

    /** Accepts a datagram that may be message 3, for the newest handshake of the address first. */
    private boolean confirm(List<HalfOpenHandshake> here, InetSocketAddress from, byte[] datagram) {
        DatagramPeer peer = peerAt.get(from);
        byte[] lastAnswer = peer == null ? null : peer.answerTo(datagram);
        if (lastAnswer != null) {
            output.send(from, lastAnswer);
            return true;
        }
        List<HalfOpenHandshake> ready = new ArrayList<>();
        for (HalfOpenHandshake one : here) {
            if (one.isReady()) {
                ready.add(0, one);
            }
        }
        if (ready.isEmpty()) {
            return false;
        }
        for (HalfOpenHandshake one : ready) {
            one.setWorking(true);
            leastRecent.replace(one, true);
        }
        confirmations.add(new HandshakeWork(from, datagram, ready));
        work();
        return true;
    }

    /** Begins a handshake with a datagram that should be message 1. */
    private boolean open(InetSocketAddress from, byte[] datagram, long now) {
        if (openings.size() >= MAX_WAITING) {
            return false;
        }
        makeRoom(from, datagram.length);
        HalfOpenHandshake one =
                new HalfOpenHandshake(Handshake.server(config), from, datagram, now, closedPeers.begin());
        halfOpen.add(one);
        leastRecent.put(one, true);
        halfOpenAt.computeIfAbsent(from, unused -> new ArrayList<>()).add(one);
        halfOpenBytes += one.bytes();
        openings.add(new HandshakeWork(from, datagram, List.of(one)));
        work();
        return true;
    }

    /** Drops the handshakes that have been silent longest, until there is room for one more. */
    private void makeRoom(InetSocketAddress from, int bytes) {
        List<HalfOpenHandshake> here = halfOpenAt.getOrDefault(from, List.of());
        if (here.size() >= MAX_PER_SOCKET) {
            displace(here.get(0));
        }
        InetAddress address = from.getAddress();
        if (!address.isLoopbackAddress()) {
            HalfOpenHandshake oldest = null;
            int count = 0;
            for (HalfOpenHandshake one : leastRecent.keySet()) {
                if (one.address.getAddress().equals(address)) {
                    oldest = oldest == null ? one : oldest;
                    count++;
                }
            }
            if (oldest != null && count >= options.halfOpenLimitPerAddress()) {
                displace(oldest);
            }
        }
        while (halfOpen.size() >= options.halfOpenLimit()
                || (!halfOpen.isEmpty() && halfOpenBytes + bytes > options.handshakeBytesLimit())) {
            displace(leastRecent.keySet().iterator().next());
        }
    }

    private void displace(HalfOpenHandshake one) {
        displaced++;
        forget(one);
    }

    private void forget(HalfOpenHandshake one) {
        remove(one);
        one.handshake.close();
    }

    private void remove(HalfOpenHandshake one) {
        if (halfOpen.remove(one)) {
            one.end();
            leastRecent.remove(one);
            halfOpenBytes -= one.bytes();
            List<HalfOpenHandshake> here = halfOpenAt.getOrDefault(one.address, List.of());
            here.remove(one);
            if (here.isEmpty()) {
                halfOpenAt.remove(one.address);
            }
            closedPeers.finished();
        }
    }

    /** Hands out work: message 3 before message 1, because its peer has proved that it is there. */
    private void work() {
        while (working < options.handshakeThreads()) {
            HandshakeWork next = confirmations.isEmpty() ? openings.poll() : confirmations.poll();
            if (next == null) {
                return;
            }
            if (next.candidates.stream().allMatch(HalfOpenHandshake::isOver)) {
                continue;
            }
            working++;
            output.work(next);
        }
    }

    /** Takes the result of work that {@link Output#work} was given, and has run. */
    void finished(HandshakeWork work, long now) {
        working--;
        HalfOpenHandshake accepting = work.accepting();
        SecureSession session = work.session();
        for (HalfOpenHandshake one : work.candidates) {
            one.setWorking(false);
        }
        work.refusals.forEach((one, refusal) -> refused(one, work.from, refusal));
        if (session != null && accepting != null) {
            established(accepting, session, work, now);
        } else if (accepting != null && !accepting.isOver()) {
            byte[] message = work.message();
            if (message != null) {
                accepting.answered(message);
                halfOpenBytes += message.length;
                sendAnswer(accepting);
            }
        }
        work();
    }

    private void refused(HalfOpenHandshake one, InetSocketAddress from, Exception refusal) {
        if (one.isOver()) {
            return;
        }
        boolean first = !one.isReady();
        if (first || (HandshakeWork.isCostly(refusal) && one.isRefusedTooOften())) {
            forget(one);
            failed++;
            output.failed(from, refusal);
        }
    }

    private void sendAnswer(HalfOpenHandshake one) {
        byte[] answer = one.affordableAnswer();
        if (answer != null) {
            output.send(one.address, answer);
        }
    }

    private void established(HalfOpenHandshake one, SecureSession session, HandshakeWork work, long now) {
        byte[] message = work.message();
        boolean forgotten = one.isOver();
        boolean closed = closedPeers.closedSince(session.peer(), one.epoch);
        remove(one);
        if (forgotten || closed || message == null) {
            one.handshake.close();
            session.close();
            return;
        }
        established++;
        DatagramPeer peer = new DatagramPeer(session, one.handshake, work.from, server);
        peer.received(now);
        DatagramPeer there = peerAt.get(work.from);
        if (there != null) {
            end(there, End.REPLACED);
        }
        Deque<DatagramPeer> others = sessionsOf.get(peer.id());
        if (others != null && others.size() >= options.sessionLimitPerPeer()) {
            end(others.getFirst(), End.REPLACED);
        }
        if (peers.size() >= options.sessionLimit()) {
            end(peers.keySet().iterator().next(), End.DISPLACED);
        }
        peers.put(peer, true);
        peerAt.put(work.from, peer);
        peersOfSession
                .computeIfAbsent(peer.sessionId(), unused -> new ArrayList<>())
                .add(peer);
        sessionsOf.computeIfAbsent(peer.id(), unused -> new ArrayDeque<>()).add(peer);
        output.send(work.from, message);
        output.established(peer);
    }

    /** Ends a session, if it has not ended. */
    void end(DatagramPeer peer, End reason) {
        if (peers.remove(peer) == null) {
            return;
        }
        ended++;
        peerAt.remove(peer.address(), peer);
        removeFrom(peersOfSession, peer.sessionId(), peer);
        removeFrom(sessionsOf, peer.id(), peer);
        peer.session().close();
        output.ended(peer, reason);
    }

    private static <K, C extends Collection<DatagramPeer>> void removeFrom(Map<K, C> map, K key, DatagramPeer peer) {
        C all = map.get(key);
        if (all != null && all.remove(peer) && all.isEmpty()) {
            map.remove(key);
        }
    }

    /** Ends the sessions with a peer, and those that handshakes in progress will make. */
    void endAll(PeerId peer) {
        closedPeers.close(peer);
        for (DatagramPeer one : List.copyOf(sessionsOf.getOrDefault(peer, new ArrayDeque<>()))) {
            end(one, End.CLOSED);
        }
    }

    /** Ends all sessions and handshakes. */
    void endAll() {
        for (HalfOpenHandshake one : List.copyOf(halfOpen)) {
            forget(one);
        }
        for (DatagramPeer peer : List.copyOf(peers.keySet())) {
            end(peer, End.CLOSED);
        }
    }

    /** Ends what has exceeded its deadline. */
    void tick(long now) {
        while (!halfOpen.isEmpty()) {
            HalfOpenHandshake oldest = halfOpen.iterator().next();
            if (now < deadline(oldest)) {
                break;
            }
            failed++;
            forget(oldest);
        }
        while (!peers.isEmpty()) {
            DatagramPeer idle = peers.keySet().iterator().next();
            if (now < deadline(idle)) {
                break;
            }
            end(idle, End.IDLE);
        }
    }

    /** Returns when {@link #tick} is to be called next. */
    long nextDeadline() {
        long next = halfOpen.isEmpty() ? NEVER : deadline(halfOpen.iterator().next());
        return peers.isEmpty()
                ? next
                : Math.min(next, deadline(peers.keySet().iterator().next()));
    }

    private long deadline(HalfOpenHandshake one) {
        return one.start + options.handshakeDeadline().toNanos();
    }

    private long deadline(DatagramPeer peer) {
        return options.idleTimeout().isZero()
                ? NEVER
                : peer.lastReceived() + options.idleTimeout().toNanos();
    }

    DatagramCounters counters() {
        return new DatagramCounters(
                received, received - accepted, established, failed, displaced, ended, halfOpen.size(), peers.size());
    }

    /** Does what the table decides. */
    interface Output {
        /** Sends a datagram; what cannot be sent is lost. */
        void send(InetSocketAddress to, byte[] datagram);

        /** Runs this elsewhere, and then has the table told by {@link ServerTable#finished}. */
        void work(HandshakeWork work);

        void established(DatagramPeer peer);

        void received(DatagramPeer peer, byte[] payload);

        void ended(DatagramPeer peer, End reason);

        void failed(InetSocketAddress from, Exception cause);
    }
}
