package dev.securesession.store;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerDirectory;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import dev.securesession.exchange.Answer;
import dev.securesession.exchange.Exchange;
import dev.securesession.exchange.ExchangeException;
import dev.securesession.exchange.Failure;
import dev.securesession.exchange.OutgoingRequest;
import dev.securesession.rules.Rule;
import dev.securesession.store.SessionManager.BoundRequest;
import dev.securesession.store.SessionManager.HandshakeReply;
import dev.securesession.store.SessionManager.Received;
import dev.securesession.store.SessionManager.Request;
import dev.securesession.testkit.FaultyStore;
import dev.securesession.testkit.Pair;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One or more machines that serve the sessions of one store. */
class SessionManagerTest {
    private final KeyRing ring = KeyRing.of("key", StateKey.of(new byte[32]));
    private final Pair pair = Pair.create();
    private final MemorySessionStore store = new MemorySessionStore();
    private final StoreOptions options = StoreOptions.defaults().withClock(pair.clock());

    @Test
    @Rule(value = "S-4", kind = ACCEPTS)
    void anyMachineServesAnyMessage() throws Exception {
        List<SessionManager> machines = List.of(manager(), manager(), manager());
        try (Client client = new Client(machines.get(0), machines.get(1))) {
            for (int i = 0; i < 12; i++) {
                String answer = client.ask(machines.get(i * i % 3), "request " + i);
                assertThat(answer).isEqualTo("answer to request " + i + " of \"client\"");
            }
        }
    }

    @Test
    void aHotSessionIsNotRead() throws Exception {
        FaultyStore counted = FaultyStore.failingAt(store, 6, FaultyStore.Moment.BEFORE);
        SessionManager manager = SessionManager.of(sessions(counted));
        // Calls: insert, find, replace for the handshake; then one commit and one comparison for the request.
        try (Client client = new Client(manager, manager)) {
            client.ask(manager, "one");
            assertThat(counted.hasFailed()).isFalse();
            assertThatThrownBy(() -> client.ask(manager, "two")).isInstanceOf(IOException.class);
            assertThat(manager.toString()).contains("0 claimed");
        }
    }

    @Test
    void aRefusedMessageTakesNoSessionAway() throws Exception {
        SessionManager owner = manager();
        SessionManager other = manager();
        try (Client client = new Client(owner, owner)) {
            byte[] forged = client.session.wrap(bytes("x"));
            forged[forged.length - 1]++;
            long epoch = store.find(client.token).orElseThrow().epoch();

            for (SessionManager machine : List.of(other, owner)) {
                assertThatThrownBy(() -> machine.receive(client.token, forged))
                        .isInstanceOfSatisfying(
                                MessageRejectedException.class,
                                refused -> assertThat(refused.reason())
                                        .isEqualTo(MessageRejectedException.Reason.NOT_AUTHENTIC));
            }

            assertThat(store.find(client.token).orElseThrow().epoch()).isEqualTo(epoch);
            client.ask(owner, "still served");
        }
    }

    @Test
    @Rule(value = "S-3", kind = REFUSES)
    void noMachineDeliversAMessageAgain() throws Exception {
        List<SessionManager> machines = List.of(manager(), manager());
        try (Client client = new Client(machines.get(0), machines.get(0))) {
            byte[] message = client.session.wrap(bytes("once"));
            assertThat(machines.get(1).receive(client.token, message)).isInstanceOf(Request.class);
            for (SessionManager machine : machines) {
                assertThatThrownBy(() -> machine.receive(client.token, message))
                        .isInstanceOf(MessageRejectedException.class);
            }
        }
    }

    @Test
    void aRequestIsAnsweredAfterAnotherMachineHasTakenTheSession() throws Exception {
        SessionManager first = manager();
        SessionManager second = manager();
        try (Client client = new Client(first, first)) {
            Request request = (Request) first.receive(client.token, client.session.wrap(bytes("slow")));
            client.ask(second, "fast");

            assertThat(client.session.unwrap(request.answer(bytes("late")))).isEqualTo(bytes("late"));
            assertThat(client.session.unwrap(request.answer(bytes("twice")))).isEqualTo(bytes("twice"));
            client.ask(second, "again");
            assertThat(request.number()).isZero();
            assertThat(request).hasToString("request of 4 bytes from \"client\"");
            assertThat(request.token()).isEqualTo(client.token);
        }
    }

    @Test
    void aRevokedPeerGetsNoAnswer() throws Exception {
        SessionManager manager = manager();
        try (Client client = new Client(manager, manager)) {
            Request request = (Request) manager.receive(client.token, client.session.wrap(bytes("last")));

            assertThat(manager().revoke(Pair.CLIENT_ID)).isEqualTo(1);

            assertThatThrownBy(() -> request.answer(bytes("no"))).isInstanceOf(StateRejectedException.class);
            assertThatThrownBy(() -> manager.receive(client.token, client.session.wrap(bytes("x"))))
                    .isInstanceOf(StateRejectedException.class);
        }
    }

    @Test
    void anAnswerCanBeTriedAgain() throws Exception {
        // The sixth call compares the epoch before the answer.
        FaultyStore faulty = FaultyStore.failingAt(store, 5, FaultyStore.Moment.BEFORE);
        SessionManager manager = SessionManager.of(sessions(faulty));
        try (Client client = new Client(manager, manager)) {
            Request request = (Request) manager.receive(client.token, client.session.wrap(bytes("one")));
            assertThatThrownBy(() -> request.answer(bytes("first"))).isInstanceOf(IOException.class);
            assertThat(client.session.unwrap(request.answer(bytes("second")))).isEqualTo(bytes("second"));
        }
    }

    @Test
    void leavesNoGapWhenASessionCools() throws Exception {
        SessionManager small = SessionManager.of(sessions(store), 1);
        try (Client first = new Client(small, small);
                Client second = new Client(small, small)) {
            for (int i = 0; i < 3; i++) {
                first.ask(small, "one " + i);
                second.ask(small, "two " + i);
            }
            assertThat(small.toString()).contains("1 claimed");
            small.close();
            small.close();
            assertThat(small.toString()).contains("0 claimed");
            SessionClaim claim = sessions(store).claim(first.token);
            assertThat(claim.wrapNumbered(bytes("x")).number()).isEqualTo(3);
        }
    }

    @Test
    void anEndedSessionIsGoneEverywhere() throws Exception {
        SessionManager manager = manager();
        SessionManager other = manager();
        try (Client client = new Client(manager, manager)) {
            client.ask(other, "one");
            client.ask(manager, "two");
            other.end(client.token);
            assertThatThrownBy(() -> manager.receive(client.token, client.session.wrap(bytes("x"))))
                    .isInstanceOf(StateRejectedException.class);
            assertThatThrownBy(() -> other.end(client.token)).isInstanceOf(StateRejectedException.class);
        }
        String handshake = sessions(store).add(pair.beginAsServer());
        manager.end(handshake);
        try (Client client = new Client(manager, manager)) {
            manager.end(client.token);
            assertThat(store.list(Pair.CLIENT_ID)).isEmpty();
        }
    }

    @Test
    @Rule(value = "S-4", kind = REFUSES)
    void oneMessage3MakesOneSession() throws Exception {
        SessionManager manager = manager();
        try (Handshake client = pair.beginAsClient()) {
            byte[] message1 = client.start();
            HandshakeReply second = manager.begin(message1);
            HandshakeReply again = (HandshakeReply) manager.receive(second.token(), message1);
            assertThat(again.message()).isEqualTo(second.message());
            assertThat(second.established()).isEmpty();
            assertThat(second.toString()).contains("reply");
            byte[] message3 = client.receive(second.message()).message().orElseThrow();
            byte[] bad = message3.clone();
            bad[bad.length - 1]++;
            assertThatThrownBy(() -> manager.receive(second.token(), bad)).isInstanceOf(HandshakeException.class);

            HandshakeReply fourth = (HandshakeReply) manager.receive(second.token(), message3);
            assertThat(fourth.established()).contains(Pair.CLIENT_ID);
            assertThat(fourth.toString()).contains("established with \"client\"");
            assertThat(fourth.token()).isEqualTo(second.token());

            for (SessionManager machine : List.of(manager, manager())) {
                assertThatThrownBy(() -> machine.receive(second.token(), message3))
                        .isInstanceOf(MessageRejectedException.class);
            }
        }
    }

    @Test
    void refusesStrangersAndWhatIsNoToken() {
        SessionManager manager = manager();
        assertThatThrownBy(() -> manager.begin(new byte[9])).isInstanceOf(HandshakeException.class);
        assertThatThrownBy(() -> manager.receive("unknown", new byte[99])).isInstanceOf(StateRejectedException.class);
        for (String token :
                new String[] {"", "ABC", "../etc", "é", "a\r\nX: y", "a".repeat(65), "a".repeat(1_000_000)}) {
            assertThatThrownBy(() -> manager.receive(token, new byte[99]))
                    .isInstanceOfSatisfying(
                            StateRejectedException.class,
                            refused -> assertThat(refused.reason()).isEqualTo(StateRejectedException.Reason.NOT_FOUND))
                    .message()
                    .hasSizeLessThan(200)
                    .doesNotContain("\n", "etc", "ABC");
            assertThatThrownBy(() -> manager.end(token)).isInstanceOf(StateRejectedException.class);
        }
        SessionConfig asking = pair.server().withoutDirectory();
        assertThatThrownBy(() -> SessionManager.of(StoredSessions.of(store, ring, asking)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SessionManager.of(sessions(store), 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aPeerThatLeftTheDirectoryIsRefusedOnceItsSessionIsCold() throws Exception {
        SessionManager manager = manager();
        try (Client client = new Client(manager, manager)) {
            PeerDirectory none = id -> List.of();
            StoredSessions emptied =
                    StoredSessions.of(store, ring, pair.server().withDirectory(none), options);
            assertThatThrownBy(() -> SessionManager.of(emptied).receive(client.token, client.session.wrap(bytes("x"))))
                    .isInstanceOfSatisfying(
                            StateRejectedException.class,
                            refused ->
                                    assertThat(refused.reason()).isEqualTo(StateRejectedException.Reason.UNKNOWN_PEER));
        }
    }

    /** Machines lose every race, again and again: a store in which somebody else is always faster. */
    @Test
    @Rule(value = "S-4", kind = REFUSES)
    void givesUpWhereAnotherIsAlwaysFaster() throws Exception {
        SessionManager good = manager();
        try (Client client = new Client(good, good)) {
            Overtaking overtaking = new Overtaking(store);
            SessionManager slow = SessionManager.of(sessions(overtaking));
            Request request = (Request) slow.receive(client.token, client.session.wrap(bytes("one")));
            overtaking.active = true;
            assertThatThrownBy(() -> slow.receive(client.token, client.session.wrap(bytes("two"))))
                    .isInstanceOf(ClaimLostException.class);
            assertThatThrownBy(() -> request.answer(bytes("answer"))).isInstanceOf(ClaimLostException.class);
            assertThatThrownBy(() -> slow.end(client.token)).isInstanceOf(ClaimLostException.class);
            overtaking.active = false;
            client.ask(good, "and on it goes");
        }
    }

    @Test
    @Rule(value = "S-3", kind = ACCEPTS)
    void manyClientsOnMachinesWithoutStickyRouting() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("seed of the routing: " + seed);
        List<SessionManager> machines =
                List.of(SessionManager.of(sessions(store), 3), SessionManager.of(sessions(store), 2));
        int clients = 6;
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        try {
            List<Callable<Integer>> tasks = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                Random random = new Random(seed + i);
                tasks.add(() -> {
                    try (Client client = new Client(machines.get(0), machines.get(1))) {
                        Set<String> answers = new HashSet<>();
                        for (int request = 0; request < 30; request++) {
                            answers.add(client.ask(machines.get(random.nextInt(2)), "r" + request));
                        }
                        return answers.size();
                    }
                });
            }
            for (Future<Integer> answers : threads.invokeAll(tasks, 120, TimeUnit.SECONDS)) {
                assertThat(answers.get()).as("seed " + seed).isEqualTo(30);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** Threads of one machine and another machine serve the same session at the same time. */
    @Test
    @Rule(value = "S-4", kind = ACCEPTS)
    void concurrentRequestsOfOneSession() throws Exception {
        List<SessionManager> machines = List.of(manager(), manager());
        int requests = 40;
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try (Client client = new Client(machines.get(0), machines.get(1))) {
            List<Callable<byte[]>> tasks = new ArrayList<>();
            for (int i = 0; i < requests; i++) {
                byte[] message = client.session.wrap(bytes("r" + i));
                SessionManager machine = machines.get(i < 30 ? 0 : i % 2);
                tasks.add(() -> serve(machine.receive(client.token, message)));
            }
            Set<String> answers = new HashSet<>();
            for (Future<byte[]> answer : threads.invokeAll(tasks, 120, TimeUnit.SECONDS)) {
                answers.add(text(client.session.unwrap(answer.get())));
            }
            assertThat(answers).hasSize(requests);
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    @Rule(value = "EX-3", kind = ACCEPTS)
    @Rule(value = "EX-3", kind = REFUSES)
    void answersAreBoundToRequests() throws Exception {
        SessionManager one = manager();
        SessionManager other = manager();
        try (Client client = new Client(one, other)) {
            Exchange exchange = Exchange.over(client.session);
            OutgoingRequest first = exchange.request(bytes("first"));
            OutgoingRequest second = exchange.request(bytes("second"));
            OutgoingRequest third = exchange.request(new byte[0]);

            BoundRequest received = (BoundRequest) one.receiveRequest(client.token, first.message());
            assertThat(text(received.body())).isEqualTo("first");
            assertThat(received.number()).isEqualTo(first.number());
            assertThat(received.token()).isEqualTo(client.token);
            assertThat(received).hasToString("request of 5 bytes from \"client\"");
            byte[] toFirst = received.answer(bytes("1"));
            byte[] toSecond = ((BoundRequest) other.receiveRequest(client.token, second.message())).answer(new byte[0]);
            byte[] toThird = ((BoundRequest) one.receiveRequest(client.token, third.message())).fail(404, "not here");

            assertThatThrownBy(() -> exchange.receiveAnswer(second.number(), toFirst))
                    .as("answers that were swapped in transit")
                    .isInstanceOf(ExchangeException.class);
            assertThat(((Answer) exchange.receiveAnswer(second.number(), toSecond)).body())
                    .isEmpty();
            assertThat(((Failure) exchange.receiveAnswer(third.number(), toThird)).code())
                    .isEqualTo(404);
        }
    }

    @Test
    @Rule(value = "EX-4", kind = REFUSES)
    void aRequestOfTheExchangeLayerIsAnsweredOnce() throws Exception {
        FaultyStore failing = FaultyStore.failingAt(store, 5, FaultyStore.Moment.BEFORE);
        SessionManager manager = SessionManager.of(sessions(failing));
        try (Client client = new Client(manager, manager)) {
            Exchange exchange = Exchange.over(client.session);
            OutgoingRequest asked = exchange.request(bytes("one"));
            BoundRequest received = (BoundRequest) manager.receiveRequest(client.token, asked.message());
            assertThatThrownBy(() -> received.answer(bytes("lost"))).isInstanceOf(IOException.class);
            byte[] answer = received.answer(bytes("two"));
            assertThatThrownBy(() -> received.answer(bytes("three"))).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> received.fail(1, "")).isInstanceOf(IllegalStateException.class);
            assertThat(((Answer) exchange.receiveAnswer(asked.number(), answer)).body())
                    .isEqualTo(bytes("two"));
        }
    }

    @Test
    @Rule(value = "EX-1", kind = REFUSES)
    void aMessageOutsideTheExchangeLayerIsNoRequest() throws Exception {
        SessionManager manager = manager();
        try (Client client = new Client(manager, manager)) {
            for (byte[] payload : List.of(bytes("plain"), new byte[] {2, 0, 0, 0, 0, 0, 0, 0, 0})) {
                byte[] message = client.session.wrap(payload);
                assertThatThrownBy(() -> manager.receiveRequest(client.token, message))
                        .isInstanceOf(ExchangeException.class);
            }
        }
    }

    /** Many begun handshakes cannot keep a peer out: the oldest one makes room. */
    @Test
    void theNewestHandshakeDisplacesTheOldest() throws Exception {
        SessionManager manager = managerOfBegun(2);
        try (Handshake first = pair.beginAsClient();
                Handshake third = pair.beginAsClient()) {
            HandshakeReply oldest = manager.begin(first.start());
            manager.begin(pair.begin().message1());

            HandshakeReply newest = manager.begin(third.start());

            assertThat(store.list(10)).as("stored").hasSize(2).doesNotContain(oldest.token());
            byte[] late = first.receive(oldest.message()).message().orElseThrow();
            assertThatThrownBy(() -> manager.receive(oldest.token(), late))
                    .isInstanceOfSatisfying(
                            StateRejectedException.class,
                            refused -> assertThat(refused.reason()).isEqualTo(StateRejectedException.Reason.NOT_FOUND));
            byte[] message3 = third.receive(newest.message()).message().orElseThrow();
            assertThat(manager.receive(newest.token(), message3)).isInstanceOf(HandshakeReply.class);
        }
        assertThatThrownBy(() -> options.withMaxBegunHandshakes(0)).isInstanceOf(IllegalArgumentException.class);
    }

    /** The machine that counts does not learn that another one has finished the handshake. */
    @Test
    void aSessionThatAnotherMachineHasEstablishedIsNotDisplaced() throws Exception {
        SessionManager manager = managerOfBegun(1);
        try (Client client = new Client(manager, manager())) {
            manager.begin(pair.begin().message1());
            manager.begin(pair.begin().message1());
            assertThat(client.ask(manager, "still there")).startsWith("answer to still there");
        }
    }

    @Test
    void handshakesThatAreOverLeaveRoomForOthers() throws Exception {
        SessionManager manager = managerOfBegun(2);
        String waiting = manager.begin(pair.begin().message1()).token();
        for (int i = 0; i < 3; i++) {
            // Finished.
            new Client(manager, manager).close();
        }
        manager.end(manager.begin(pair.begin().message1()).token());
        assertThatThrownBy(() -> manager.begin(new byte[60])).isInstanceOf(HandshakeException.class);
        manager.begin(pair.begin().message1());
        assertThat(store.find(waiting)).as("not displaced").isPresent();
    }

    @Test
    void expiredHandshakesDisplaceNone() throws Exception {
        SessionManager manager = managerOfBegun(2);
        manager.begin(pair.begin().message1());
        pair.clock().moveBy(Duration.ofMinutes(1));
        String second = manager.begin(pair.begin().message1()).token();
        pair.clock().moveBy(Duration.ofMinutes(1).plusSeconds(1));
        manager.begin(pair.begin().message1());

        assertThat(store.find(second)).as("not displaced").isPresent();
    }

    @Test
    void aHandshakeThatMayBeStoredCounts() throws Exception {
        FaultyStore faulty = FaultyStore.failingAt(store, 1, FaultyStore.Moment.AFTER);
        SessionManager manager =
                SessionManager.of(StoredSessions.of(faulty, ring, pair.server(), options.withMaxBegunHandshakes(1)));

        assertThatThrownBy(() -> manager.begin(pair.begin().message1())).isInstanceOf(IOException.class);
        assertThat(store.list(9)).hasSize(1);
        String next = manager.begin(pair.begin().message1()).token();
        assertThat(store.list(9)).containsExactly(next);
    }

    @Test
    void aHandshakeThatFailsToBeginTakesNoPlace() throws Exception {
        StateKey destroyed = StateKey.of(new byte[32]);
        destroyed.destroy();
        StoredSessions sessions = StoredSessions.of(store, ring, pair.server(), options.withMaxBegunHandshakes(1));
        SessionManager manager = SessionManager.of(sessions);
        String begun = manager.begin(pair.begin().message1()).token();
        sessions.useKeys(KeyRing.of("destroyed", destroyed));
        assertThatThrownBy(() -> manager.begin(pair.begin().message1())).isInstanceOf(IllegalStateException.class);

        assertThat(store.find(begun)).as("not displaced").isPresent();
        sessions.useKeys(ring);
        manager.end(begun);
        String next = manager.begin(pair.begin().message1()).token();
        assertThat(store.find(next)).isPresent();
    }

    private SessionManager managerOfBegun(int handshakes) {
        return SessionManager.of(
                StoredSessions.of(store, ring, pair.server(), options.withMaxBegunHandshakes(handshakes)));
    }

    @Test
    void aSessionInUseKeepsItsPlace() throws Exception {
        Gate gate = new Gate(store);
        SessionManager small = SessionManager.of(sessions(gate), 1);
        ExecutorService threads = Executors.newFixedThreadPool(1);
        try (Client used = new Client(small, small);
                Client other = new Client(small, small)) {
            Request request = (Request) small.receive(used.token, used.session.wrap(bytes("one")));
            long epoch = epoch(used);
            gate.hold("compare", used.token);
            Future<byte[]> answering = threads.submit(() -> request.answer(bytes("answer")));
            gate.awaitCall();

            other.ask(small, "needs a place");

            gate.open();
            assertThat(used.session.unwrap(answering.get(60, TimeUnit.SECONDS))).isEqualTo(bytes("answer"));
            assertThat(epoch(used)).as("claimed once").isEqualTo(epoch);
            assertThat(small.toString()).contains("1 claimed");
        } finally {
            gate.open();
            threads.shutdownNow();
        }
    }

    @Test
    @Rule(value = "S-4", kind = ACCEPTS)
    void threadsWaitForTheClaimOfTheirSession() throws Exception {
        Gate gate = new Gate(store);
        SessionManager manager = SessionManager.of(sessions(gate));
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (Client client = new Client(manager(), manager())) {
            byte[] one = client.session.wrap(bytes("one"));
            byte[] two = client.session.wrap(bytes("two"));
            long epoch = epoch(client);
            gate.hold("replace", client.token);
            Future<Received> claiming = threads.submit(() -> manager.receive(client.token, one));
            gate.awaitCall();
            Future<Received> waiting = submitAndAwaitWaiting(threads, () -> manager.receive(client.token, two));

            assertThat(waiting).as("waits for the claim of the other thread").isNotDone();
            gate.open();
            for (Future<Received> received : List.of(claiming, waiting)) {
                client.session.unwrap(serve(received.get(60, TimeUnit.SECONDS)));
            }
            assertThat(epoch(client)).as("claimed once").isEqualTo(epoch + 1);
        } finally {
            gate.open();
            threads.shutdownNow();
        }
    }

    @Test
    void threadsWaitForTheReleaseOfTheirSession() throws Exception {
        List<String> lost = Collections.synchronizedList(new ArrayList<>());
        StoreOptions observed = options.withListener(new StoreListener() {
            @Override
            public void lost(String id) {
                lost.add(id);
            }
        });
        Gate gate = new Gate(store);
        SessionManager small = SessionManager.of(StoredSessions.of(gate, ring, pair.server(), observed), 1);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (Client other = new Client(small, small);
                Client displaced = new Client(small, small)) {
            displaced.ask(small, "first");
            byte[] message = other.session.wrap(bytes("displaces"));
            byte[] next = displaced.session.wrap(bytes("second"));
            gate.hold("replace", displaced.token);
            Future<Received> releasing = threads.submit(() -> small.receive(other.token, message));
            gate.awaitCall();
            Future<Received> waiting = submitAndAwaitWaiting(threads, () -> small.receive(displaced.token, next));

            assertThat(waiting).as("waits for the release by the other thread").isNotDone();
            gate.open();
            other.session.unwrap(serve(releasing.get(60, TimeUnit.SECONDS)));
            displaced.session.unwrap(serve(waiting.get(60, TimeUnit.SECONDS)));
            assertThat(lost).as("a released session is not lost").isEmpty();
        } finally {
            gate.open();
            threads.shutdownNow();
        }
    }

    @Test
    void aThreadThatWaitsTooLongSaysWhatItHasWaitedFor() throws Exception {
        Gate gate = new Gate(store);
        SessionManager manager = SessionManager.of(sessions(gate), 9, Duration.ofMillis(20));
        ExecutorService threads = Executors.newFixedThreadPool(1);
        try (Client client = new Client(manager(), manager())) {
            byte[] one = client.session.wrap(bytes("one"));
            byte[] two = client.session.wrap(bytes("two"));
            gate.hold("replace", client.token);
            Future<Received> claiming = threads.submit(() -> manager.receive(client.token, one));
            gate.awaitCall();

            for (ThrowingCallable call : List.<ThrowingCallable>of(
                    () -> manager.receive(client.token, two), () -> manager.end(client.token))) {
                assertThatThrownBy(call)
                        .isInstanceOf(IOException.class)
                        .isNotInstanceOf(ClaimLostException.class)
                        .hasMessageContaining(
                                "waited 20 ms for another thread that claims the session " + client.token);
            }
            gate.open();
            client.session.unwrap(serve(claiming.get(60, TimeUnit.SECONDS)));
            assertThat(text(client.session.unwrap(serve(manager.receive(client.token, two)))))
                    .as("the message that was not received")
                    .startsWith("answer to two");
        } finally {
            gate.open();
            threads.shutdownNow();
        }
    }

    /** Each request takes the place of another session, again and again. */
    @Test
    @Rule(value = "S-3", kind = ACCEPTS)
    void aCacheThatIsFarTooSmallServesAllThreads() throws Exception {
        List<String> lost = Collections.synchronizedList(new ArrayList<>());
        StoreOptions observed = options.withListener(new StoreListener() {
            @Override
            public void lost(String id) {
                lost.add(id);
            }
        });
        SessionManager small = SessionManager.of(StoredSessions.of(store, ring, pair.server(), observed), 1);
        ExecutorService threads = Executors.newFixedThreadPool(12);
        List<Client> clients = new ArrayList<>();
        try {
            List<Callable<byte[]>> tasks = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                clients.add(new Client(small, small));
            }
            for (int i = 0; i < 90; i++) {
                Client client = clients.get(i % 3);
                byte[] message = client.session.wrap(bytes("request " + i));
                tasks.add(() -> serve(small.receive(client.token, message)));
            }
            List<Future<byte[]>> answers = threads.invokeAll(tasks, 120, TimeUnit.SECONDS);
            for (int i = 0; i < 90; i++) {
                String answer =
                        text(clients.get(i % 3).session.unwrap(answers.get(i).get()));
                assertThat(answer).startsWith("answer to request " + i);
            }
            assertThat(lost)
                    .as("claims of one process that shut each other out")
                    .isEmpty();
            assertThat(small.toString()).contains("1 claimed");
        } finally {
            threads.shutdownNow();
            clients.forEach(Client::close);
        }
    }

    @Test
    void aClosedManagerReleasesASessionAfterItsUse() throws Exception {
        Gate gate = new Gate(store);
        SessionManager manager = SessionManager.of(sessions(gate));
        ExecutorService threads = Executors.newFixedThreadPool(1);
        try (Client client = new Client(manager, manager);
                Client late = new Client(manager, manager)) {
            Request request = (Request) manager.receive(client.token, client.session.wrap(bytes("one")));
            Request unanswered = (Request) manager.receive(late.token, late.session.wrap(bytes("two")));
            gate.hold("compare", client.token);
            Future<byte[]> answering = threads.submit(() -> request.answer(bytes("answer")));
            gate.awaitCall();

            manager.close();

            assertThat(manager.toString()).contains("1 claimed");
            gate.open();
            client.session.unwrap(answering.get(60, TimeUnit.SECONDS));
            late.session.unwrap(unanswered.answer(bytes("late")));
            assertThat(manager.toString()).contains("0 claimed");
            for (Client each : List.of(client, late)) {
                SessionClaim next = sessions(store).claim(each.token);
                assertThat(next.wrapNumbered(bytes("x")).number()).as("no gap").isEqualTo(1);
            }
        } finally {
            gate.open();
            threads.shutdownNow();
        }
    }

    /** Waiting for a turn of its own thread would never end. */
    @Test
    void aListenerThatUsesTheSessionOfItsThreadIsToldSo() throws Exception {
        List<Throwable> thrown = new ArrayList<>();
        AtomicReference<Runnable> reaction = new AtomicReference<>(() -> {});
        StoreOptions observed = options.withListener(new StoreListener() {
            @Override
            public void committed(int sessions, Duration took) {
                reaction.get().run();
            }
        });
        SessionManager small = SessionManager.of(StoredSessions.of(store, ring, pair.server(), observed), 1);
        try (Client displaced = new Client(small, small)) {
            displaced.ask(small, "one");
            reaction.set(() -> {
                try {
                    small.end(displaced.token);
                } catch (Exception e) {
                    thrown.add(e);
                }
            });
            new Client(small, small).close();
            reaction.set(() -> {});

            assertThat(thrown)
                    .singleElement()
                    .satisfies(e -> assertThat(e)
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessageContaining("releases")
                            .hasMessageContaining(displaced.token));
            assertThat(displaced.ask(small, "two")).startsWith("answer to two");
        }
    }

    private long epoch(Client client) {
        return store.find(client.token).orElseThrow().epoch();
    }

    /** Returns when the call is over or its thread waits. */
    private static <T> Future<T> submitAndAwaitWaiting(ExecutorService threads, Callable<T> call) {
        AtomicReference<Thread> thread = new AtomicReference<>();
        Future<T> result = threads.submit(() -> {
            thread.set(Thread.currentThread());
            return call.call();
        });
        while (!result.isDone() && (thread.get() == null || thread.get().getState() != Thread.State.TIMED_WAITING)) {
            Thread.onSpinWait();
        }
        return result;
    }

    /** A payload that was opened is handed out once; the claim and the numbers that it has reserved go on. */
    @Test
    @Rule(value = "S-3", kind = ACCEPTS)
    void anInterruptedReceiptLosesNoClaimAndDeliversNothingTwice() throws Exception {
        Blocking blocking = new Blocking(store);
        SessionManager manager = SessionManager.of(sessions(blocking));
        ExecutorService executor = Executors.newFixedThreadPool(2);
        try (Client client = new Client(manager, manager)) {
            long epoch = store.find(client.token).orElseThrow().epoch();
            for (int round = 0; round < 8; round++) {
                byte[] one = client.session.wrap(bytes("one"));
                byte[] two = client.session.wrap(bytes("two"));
                blocking.block();
                Future<Received> committing = executor.submit(() -> manager.receive(client.token, one));
                blocking.awaitCall();
                AtomicReference<Thread> waiter = new AtomicReference<>();
                Future<Received> interrupted = executor.submit(() -> {
                    Thread.currentThread().interrupt();
                    waiter.set(Thread.currentThread());
                    try {
                        Received received = manager.receive(client.token, two);
                        assertThat(Thread.currentThread().isInterrupted()).isTrue();
                        return received;
                    } finally {
                        assertThat(Thread.interrupted()).isTrue();
                    }
                });
                while (!interrupted.isDone()
                        && (waiter.get() == null || waiter.get().getState() != Thread.State.WAITING)) {
                    Thread.onSpinWait();
                }
                blocking.release();

                assertThat(serve(committing.get(60, TimeUnit.SECONDS))).isNotEmpty();
                assertThat(text(((Request) interrupted.get(60, TimeUnit.SECONDS)).payload()))
                        .isEqualTo("two");
                for (byte[] repeated : List.of(one, two)) {
                    assertThatThrownBy(() -> manager.receive(client.token, repeated))
                            .isInstanceOf(MessageRejectedException.class);
                }
                assertThat(store.find(client.token).orElseThrow().epoch()).isEqualTo(epoch);
            }
            assertThat(client.ask(manager, "still served")).startsWith("answer to still served");
            assertThat(manager.toString()).contains("1 claimed");
        } finally {
            blocking.release();
            executor.shutdownNow();
        }
    }

    @Test
    void aCheckOfOwnershipThatFailsLosesNoClaim() throws Exception {
        // Calls: insert, find, replace for the handshake; one commit and the comparison that fails.
        FaultyStore faulty = FaultyStore.failingAt(store, 5, FaultyStore.Moment.BEFORE);
        SessionManager manager = SessionManager.of(sessions(faulty));
        try (Client client = new Client(manager, manager)) {
            long epoch = store.find(client.token).orElseThrow().epoch();
            Request request = (Request) manager.receive(client.token, client.session.wrap(bytes("one")));
            assertThatThrownBy(() -> request.answer(bytes("no"))).isInstanceOf(IOException.class);

            assertThat(client.session.unwrap(request.answer(bytes("yes")))).isEqualTo(bytes("yes"));
            assertThat(manager.toString()).contains("1 claimed");
            assertThat(store.find(client.token).orElseThrow().epoch()).isEqualTo(epoch);
        }
    }

    @Test
    void aSessionThatIsKeptClaimedExpiresAsTheOthersDo() throws Exception {
        SessionManager manager = SessionManager.of(
                StoredSessions.of(store, ring, pair.server(), options.withLifetime(Duration.ofMinutes(10))));
        try (Client client = new Client(manager, manager)) {
            for (int i = 0; i < 3; i++) {
                pair.clock().moveBy(Duration.ofMinutes(10));
                client.ask(manager, "in time");
            }
            Request slow = (Request) manager.receive(client.token, client.session.wrap(bytes("slow")));
            pair.clock().moveBy(Duration.ofMinutes(10).plusSeconds(10));
            for (SessionManager machine : List.of(manager, manager())) {
                assertThatThrownBy(() -> machine.receive(client.token, client.session.wrap(bytes("too late"))))
                        .isInstanceOfSatisfying(
                                StateRejectedException.class,
                                refused ->
                                        assertThat(refused.reason()).isEqualTo(StateRejectedException.Reason.EXPIRED));
            }
            assertThatThrownBy(() -> slow.answer(bytes("x"))).isInstanceOf(StateRejectedException.class);
            assertThat(manager.toString()).contains("0 claimed");
        }
    }

    /** Also where ownership is relied on: the machine that revokes knows that it has lost the session. */
    @Test
    @Rule(value = "S-4", kind = REFUSES)
    void revokingEndsTheClaimsOfThisMachineAtOnce() throws Exception {
        SessionManager manager = SessionManager.of(
                StoredSessions.of(store, ring, pair.server(), options.withOwnershipReliedOnFor(Duration.ofHours(1))));
        try (Client client = new Client(manager, manager);
                Client ended = new Client(manager, manager)) {
            Request request = (Request) manager.receive(client.token, client.session.wrap(bytes("last")));
            Request other = (Request) manager.receive(ended.token, ended.session.wrap(bytes("last")));

            manager.end(ended.token);
            assertThatThrownBy(() -> other.answer(bytes("no"))).isInstanceOf(StateRejectedException.class);
            assertThat(manager.revoke(Pair.CLIENT_ID)).isEqualTo(1);
            assertThatThrownBy(() -> request.answer(bytes("no"))).isInstanceOf(StateRejectedException.class);
            assertThat(manager.toString()).contains("0 claimed");
        }
    }

    /** A peer that is revoked after its key was looked up and before its session is stored: the session is not used. */
    @Test
    @Rule(value = "S-4", kind = REFUSES)
    void revokingReachesAHandshakeThatIsAboutToEnd() throws Exception {
        AtomicReference<PeerDirectory> directory = new AtomicReference<>(
                PeerDirectory.of(Pair.CLIENT_ID, pair.client().identity().publicKey()));
        SessionConfig config = pair.server().withDirectory(id -> directory.get().find(id));
        AtomicReference<Callable<Integer>> interference = new AtomicReference<>(() -> 0);
        ForwardingStore interfered = new ForwardingStore(store) {
            @Override
            public List<Boolean> replaceAll(List<Change> changes) throws IOException {
                try {
                    interference.getAndSet(() -> 0).call();
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
                return super.replaceAll(changes);
            }
        };
        SessionManager manager = SessionManager.of(StoredSessions.of(interfered, ring, config, options));
        try (Handshake client = pair.beginAsClient()) {
            HandshakeReply second = manager.begin(client.start());
            byte[] message3 = client.receive(second.message()).message().orElseThrow();
            interference.set(() -> {
                directory.set(id -> List.of());
                return manager().revoke(Pair.CLIENT_ID);
            });

            assertThatThrownBy(() -> manager.receive(second.token(), message3))
                    .isInstanceOfSatisfying(
                            StateRejectedException.class,
                            refused ->
                                    assertThat(refused.reason()).isEqualTo(StateRejectedException.Reason.UNKNOWN_PEER));
            assertThat(store.list(Pair.CLIENT_ID)).isEmpty();
            assertThat(manager.toString()).contains("0 claimed");
        }
    }

    /** Metrics count what the manager refuses, and no listener gets a text of the peer's choice. */
    @Test
    @Rule(value = "H-11", kind = ACCEPTS)
    void listenersAreToldOfRefusals() throws Exception {
        List<String> refusals = new ArrayList<>();
        StoreOptions observed = options.withListener(new StoreListener() {
            @Override
            public void refused(String id, StateRejectedException.Reason reason) {
                refusals.add(id + " " + reason);
            }
        });
        SessionManager manager = SessionManager.of(StoredSessions.of(store, ring, pair.server(), observed));
        PeerDirectory none = id -> List.of();
        SessionManager emptied =
                SessionManager.of(StoredSessions.of(store, ring, pair.server().withDirectory(none), observed));
        try (Client client = new Client(manager, manager)) {
            byte[] message = client.session.wrap(bytes("x"));
            assertThatThrownBy(() -> manager.receive("unknown", message)).isInstanceOf(StateRejectedException.class);
            assertThatThrownBy(() -> manager.receive("a\r\nX: y", message)).isInstanceOf(StateRejectedException.class);
            assertThatThrownBy(() -> emptied.receive(client.token, message)).isInstanceOf(StateRejectedException.class);
            Request request = (Request) manager.receive(client.token, message);
            manager.end(client.token);
            assertThatThrownBy(() -> request.answer(bytes("late"))).isInstanceOf(StateRejectedException.class);

            assertThat(refusals)
                    .containsExactly(
                            "unknown NOT_FOUND",
                            " NOT_FOUND",
                            client.token + " UNKNOWN_PEER",
                            client.token + " NOT_FOUND");
        }
    }

    /** A clock that was wrong for a moment: the handshake of that time makes room, and no other. */
    @Test
    void aClockThatWasAheadDisplacesNoLaterHandshake() throws Exception {
        SessionManager manager = managerOfBegun(2);
        pair.clock().moveBy(Duration.ofDays(365));
        manager.begin(pair.begin().message1());
        pair.clock().moveBy(Duration.ofDays(-365));
        String first = manager.begin(pair.begin().message1()).token();
        String second = manager.begin(pair.begin().message1()).token();

        assertThat(store.list(9)).containsExactlyInAnyOrder(first, second);
    }

    /** Files are written by calls that an interrupt breaks: a pool that stops must not lose what others wait for. */
    @Test
    @Rule(value = "S-3", kind = ACCEPTS)
    void anInterruptedThreadCommitsAllTheSame(@TempDir Path directory) throws Exception {
        try (SessionStore files = FileSessionStore.open(directory.resolve("files"))) {
            SessionManager manager = SessionManager.of(sessions(files));
            try (Client client = new Client(manager, manager)) {
                for (SessionManager machine : List.of(manager, SessionManager.of(sessions(files)))) {
                    byte[] message = client.session.wrap(bytes("one"));
                    Thread.currentThread().interrupt();
                    byte[] answer;
                    try {
                        answer = serve(machine.receive(client.token, message));
                    } finally {
                        assertThat(Thread.interrupted()).as("stays interrupted").isTrue();
                    }
                    assertThat(text(client.session.unwrap(answer))).startsWith("answer to one");
                }
            }
        }
    }

    private SessionManager manager() {
        return SessionManager.of(sessions(store));
    }

    private StoredSessions sessions(SessionStore where) {
        return StoredSessions.of(where, ring, pair.server(), options);
    }

    private static byte[] serve(Received received) throws IOException, StateRejectedException {
        Request request = (Request) received;
        return request.answer(bytes("answer to " + text(request.payload()) + " of " + request.peer()));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** A peer of the machines. */
    private final class Client implements AutoCloseable {
        final SecureSession session;
        final String token;

        Client(SessionManager first, SessionManager second) throws Exception {
            try (Handshake handshake = pair.beginAsClient()) {
                HandshakeReply reply = first.begin(handshake.start());
                token = reply.token();
                byte[] message3 = handshake.receive(reply.message()).message().orElseThrow();
                HandshakeReply last = (HandshakeReply) second.receive(token, message3);
                session = ((HandshakeStep.Established) handshake.receive(last.message())).session();
            }
        }

        String ask(SessionManager machine, String request) throws Exception {
            return text(session.unwrap(serve(machine.receive(token, session.wrap(bytes(request))))));
        }

        @Override
        public void close() {
            session.close();
        }
    }

    /** Holds up one call for one session. */
    private static final class Gate extends ForwardingStore {
        private final Set<String> held = ConcurrentHashMap.newKeySet();
        private final CountDownLatch called = new CountDownLatch(1);
        private final CountDownLatch opened = new CountDownLatch(1);

        Gate(MemorySessionStore store) {
            super(store);
        }

        void hold(String call, String id) {
            held.add(call + " " + id);
        }

        void awaitCall() throws InterruptedException {
            assertThat(called.await(60, TimeUnit.SECONDS)).isTrue();
        }

        void open() {
            opened.countDown();
        }

        @Override
        public List<Boolean> replaceAll(List<Change> changes) throws IOException {
            changes.forEach(change -> pass("replace " + change.id()));
            return super.replaceAll(changes);
        }

        @Override
        public List<Boolean> areOwned(List<SessionRecord> records) throws IOException {
            records.forEach(record -> pass("compare " + record.id()));
            return super.areOwned(records);
        }

        private void pass(String call) {
            if (held.remove(call)) {
                called.countDown();
                try {
                    assertThat(opened.await(60, TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
        }
    }

    /** Holds commits up when told. */
    private static final class Blocking extends ForwardingStore {
        private volatile CountDownLatch called = new CountDownLatch(0);
        private volatile CountDownLatch released = new CountDownLatch(0);

        Blocking(MemorySessionStore store) {
            super(store);
        }

        void block() {
            released = new CountDownLatch(1);
            called = new CountDownLatch(1);
        }

        void awaitCall() throws InterruptedException {
            assertThat(called.await(60, TimeUnit.SECONDS)).isTrue();
        }

        void release() {
            released.countDown();
        }

        @Override
        public List<Boolean> replaceAll(List<Change> changes) throws IOException {
            called.countDown();
            boolean interrupted = false;
            while (released.getCount() > 0) {
                try {
                    assertThat(released.await(60, TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            return store.replaceAll(changes);
        }
    }

    /** While active, somebody claims each record right before it is replaced, compared or deleted. */
    private static final class Overtaking extends ForwardingStore {
        volatile boolean active;

        Overtaking(MemorySessionStore store) {
            super(store);
        }

        @Override
        public List<Boolean> replaceAll(List<Change> changes) {
            return active ? changes.stream().map(unused -> false).toList() : store.replaceAll(changes);
        }

        @Override
        public List<Boolean> areOwned(List<SessionRecord> records) throws IOException {
            return active ? records.stream().map(unused -> false).toList() : store.areOwned(records);
        }

        @Override
        public boolean delete(SessionRecord record) {
            return !active && store.delete(record);
        }
    }
}
