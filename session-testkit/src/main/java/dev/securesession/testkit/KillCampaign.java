package dev.securesession.testkit;

import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.KeyRejectedException;
import dev.securesession.LocalIdentity;
import dev.securesession.MessageRejectedException;
import dev.securesession.NumberedMessage;
import dev.securesession.PeerDirectory;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import dev.securesession.store.KeyRing;
import dev.securesession.store.SessionManager;
import dev.securesession.store.SessionStore;
import dev.securesession.store.StoreOptions;
import dev.securesession.store.StoredSessions;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Kills a process or a database again and again while peers ask a service, and fails if a number is used twice, a payload is
 * delivered twice, an answer comes without a delivery, a message is refused that should not be, or a session does not go on.
 *
 * <p>The service, in {@link #serve}, is a {@link SessionManager} over the store that is tested. It is the victim itself, in a
 * process of its own, or what uses the victim. Not safe for use by several threads.
 */
public final class KillCampaign {
    private static final int PEERS = 3;
    private static final int MAX_ATTEMPTS = 20;
    private static final int MAX_REQUESTS_BEFORE_A_KILL = 8;
    private static final int MAX_NANOS_BEFORE_A_KILL = 4_000_000;
    private static final long DEADLINE_SECONDS = 60;

    private static final String KEYS = "SECURE_SESSION_KILL_CAMPAIGN_KEYS";

    private static final int HANDSHAKE = 'H';
    private static final int DELIVERED = 'D';
    private static final int ANSWERED = 'A';
    private static final int REFUSED = 'R';
    private static final int GONE = 'G';
    private static final int FAILED = 'F';
    private static final int DIED = -1;

    private final Pair pair = pair();
    private final Victim victim;
    private final int kills;
    private final long seed;
    private final boolean sessionsEnd;
    private final Random random;
    private final List<Peer> peers = new ArrayList<>();
    private final Set<String> delivered = new HashSet<>();
    private final ExecutorService killer = Executors.newSingleThreadExecutor();
    private Link link;
    private @Nullable Future<?> restarted;
    private int requests;
    private int handshakes;
    private int replays;

    private KillCampaign(Victim victim, int kills, long seed, boolean sessionsEnd) {
        this.victim = victim;
        this.kills = kills;
        this.seed = seed;
        this.sessionsEnd = sessionsEnd;
        this.random = new Random(seed);
        this.link = new Link(new ByteArrayInputStream(new byte[0]), new ByteArrayOutputStream());
    }

    /**
     * Returns a campaign with a new seed, in which sessions outlive the victim.
     *
     * @param victim is killed; not started yet
     * @param kills how often
     * @return the campaign
     */
    public static KillCampaign of(Victim victim, int kills) {
        return new KillCampaign(victim, kills, new Random().nextLong(), false);
    }

    /**
     * Returns a copy with the seed that a failure has named.
     *
     * @param other the seed
     * @return the copy
     */
    public KillCampaign withSeed(long other) {
        return new KillCampaign(victim, kills, other, sessionsEnd);
    }

    /**
     * Returns a copy in which a session may end with the victim: its peer starts a new handshake.
     *
     * @return the copy
     */
    public KillCampaign whereSessionsEnd() {
        return new KillCampaign(victim, kills, seed, true);
    }

    /**
     * Runs the campaign, once. The victim is killed at the end.
     *
     * @return what happened, with the seed
     * @throws Exception if a promise is broken ({@link AssertionError}) or the victim cannot be started
     */
    public String run() throws Exception {
        System.out.println(this);
        try {
            link = victim.start();
            for (int i = 0; i < PEERS; i++) {
                peers.add(new Peer(null));
            }
            for (int kill = 1; kill <= kills; kill++) {
                int before = 1 + random.nextInt(MAX_REQUESTS_BEFORE_A_KILL);
                for (int i = 0; i < before; i++) {
                    peers.get(random.nextInt(PEERS)).ask(null);
                }
                peers.get(random.nextInt(PEERS)).ask(killSoon());
                if (kill % 10 == 0) {
                    peers.set(random.nextInt(PEERS), new Peer(null));
                }
            }
            for (Peer peer : peers) {
                peer.ask(null);
            }
        } finally {
            victim.kill();
            killer.shutdownNow();
        }
        return this + ": " + requests + " requests answered, " + handshakes + " handshakes, " + replays
                + " messages refused as replays";
    }

    @Override
    public String toString() {
        return "campaign of " + kills + " kills, seed " + seed;
    }

    private Future<?> killSoon() {
        long nanos = random.nextInt(MAX_NANOS_BEFORE_A_KILL);
        return killer.submit(() -> {
            LockSupport.parkNanos(nanos);
            victim.kill();
            return null;
        });
    }

    /**
     * Serves peers until the input ends: what the victim runs, or what uses it.
     *
     * @param store is tested
     * @param in requests of the campaign
     * @param out what became of them
     * @throws IOException if a stream fails
     */
    public static void serve(SessionStore store, InputStream in, OutputStream out) throws IOException {
        Pair pair = pair();
        byte[] key = new byte[StateKey.LENGTH];
        Arrays.fill(key, (byte) 7);
        SessionManager manager = SessionManager.of(StoredSessions.of(
                store,
                KeyRing.of("key-1", StateKey.of(key)),
                pair.server(),
                StoreOptions.defaults().withClock(pair.clock())));
        DataInputStream requests = new DataInputStream(new BufferedInputStream(in));
        DataOutputStream replies = new DataOutputStream(new BufferedOutputStream(out));
        while (true) {
            String token;
            try {
                token = requests.readUTF();
            } catch (EOFException over) {
                return;
            }
            byte[] message = new byte[requests.readInt()];
            requests.readFully(message);
            serve(manager, token, message, replies);
        }
    }

    private static void serve(SessionManager manager, String token, byte[] message, DataOutputStream replies)
            throws IOException {
        try {
            SessionManager.Received received =
                    token.isEmpty() ? manager.begin(message) : manager.receive(token, message);
            if (received instanceof SessionManager.HandshakeReply step) {
                reply(replies, HANDSHAKE, step.token(), step.message());
                return;
            }
            SessionManager.Request request = (SessionManager.Request) received;
            reply(replies, DELIVERED, token + "/" + request.number(), new byte[0]);
            reply(replies, ANSWERED, token + "/" + request.number(), request.answer(request.payload()));
        } catch (MessageRejectedException | HandshakeException refused) {
            reply(replies, REFUSED, String.valueOf(refused), new byte[0]);
        } catch (StateRejectedException gone) {
            reply(replies, GONE, String.valueOf(gone), new byte[0]);
        } catch (IOException failed) {
            reply(replies, FAILED, String.valueOf(failed), new byte[0]);
        }
    }

    private static void reply(DataOutputStream replies, int kind, String text, byte[] message) throws IOException {
        replies.writeByte(kind);
        replies.writeUTF(text);
        replies.writeInt(message.length);
        replies.write(message);
        replies.flush();
    }

    private void require(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what + " (seed " + seed + ")");
        }
    }

    /** Returns the peers, whose keys a process gets from the campaign that has started it. */
    private static Pair pair() {
        String encoded = System.getenv(KEYS);
        if (encoded == null) {
            return Pair.create();
        }
        try {
            String[] keys = encoded.split(",", 2);
            IdentityPrivateKey client =
                    IdentityPrivateKey.decode(Base64.getDecoder().decode(keys[0]));
            IdentityPrivateKey server =
                    IdentityPrivateKey.decode(Base64.getDecoder().decode(keys[1]));
            Pair other = Pair.create();
            return other.with(config -> SessionConfig.of(
                            LocalIdentity.of(Pair.SERVER_ID, server),
                            PeerDirectory.of(Pair.CLIENT_ID, client.publicKey()))
                    .withClock(other.clock()));
        } catch (KeyRejectedException e) {
            throw new AssertionError("the keys of the campaign", e);
        }
    }

    private static String encodedKeys() {
        Base64.Encoder encoder = Base64.getEncoder();
        return encoder.encodeToString(TestKeys.pair(1).privateKey().encodeSecret()) + ","
                + encoder.encodeToString(TestKeys.pair(2).privateKey().encodeSecret());
    }

    /** What is killed. */
    public interface Victim {
        /**
         * Starts the victim, or starts it again with what it has kept.
         *
         * @return the streams of {@link KillCampaign#serve}
         * @throws Exception if that fails; the campaign fails with it
         */
        Link start() throws Exception;

        /**
         * Ends the victim without a warning, as {@code kill -9} does. Does nothing if it does not run.
         *
         * @throws Exception if that fails; the campaign fails with it
         */
        void kill() throws Exception;

        /**
         * Returns a process of this JVM's Java and class path, which calls {@link KillCampaign#serve} with its standard
         * streams.
         *
         * @param main the class to run
         * @param arguments its arguments
         * @return the process, not started yet
         */
        static Victim process(Class<?> main, String... arguments) {
            List<String> command = new ArrayList<>(Arrays.asList(
                    System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-Xshare:auto",
                    "-cp",
                    System.getProperty("java.class.path"),
                    main.getName()));
            command.addAll(Arrays.asList(arguments));
            return new ProcessVictim(command);
        }
    }

    /** The streams between the campaign and the service. */
    public static final class Link {
        private final DataInputStream replies;
        private final DataOutputStream requests;

        /**
         * Makes a link.
         *
         * @param replies what {@link KillCampaign#serve} writes
         * @param requests what it reads
         */
        public Link(InputStream replies, OutputStream requests) {
            this.replies = new DataInputStream(new BufferedInputStream(replies));
            this.requests = new DataOutputStream(new BufferedOutputStream(requests));
        }

        @Override
        public String toString() {
            return "link to a service";
        }
    }

    /** A process. */
    private static final class ProcessVictim implements Victim {
        private final List<String> command;
        private @Nullable Process process;

        ProcessVictim(List<String> command) {
            this.command = command;
        }

        @Override
        public synchronized Link start() throws IOException {
            ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
            builder.environment().put(KEYS, encodedKeys());
            Process started = builder.start();
            process = started;
            return new Link(started.getInputStream(), started.getOutputStream());
        }

        @Override
        public synchronized void kill() throws IOException, InterruptedException {
            if (process == null) {
                return;
            }
            // Not of the Process itself, which would drop what the process has written before.
            process.toHandle().destroyForcibly();
            if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("the process does not end");
            }
        }
    }

    /** The last word on a message. */
    private static final class Outcome {
        final int kind;
        final String text;
        final byte[] message;

        Outcome(int kind, String text, byte[] message) {
            this.kind = kind;
            this.text = text;
            this.message = message;
        }
    }

    /** Sends a message and reads what becomes of it. */
    private Outcome send(String token, byte[] message) throws IOException {
        try {
            link.requests.writeUTF(token);
            link.requests.writeInt(message.length);
            link.requests.write(message);
            link.requests.flush();
        } catch (IOException brokenPipe) {
            // What it has written before it died is read all the same.
        }
        try {
            while (true) {
                int kind = link.replies.readByte();
                String text = link.replies.readUTF();
                byte[] bytes = new byte[link.replies.readInt()];
                link.replies.readFully(bytes);
                if (kind != DELIVERED) {
                    return new Outcome(kind, text, bytes);
                }
                require(delivered.add(text), "the payload of message " + text + " is delivered once");
            }
        } catch (EOFException died) {
            return new Outcome(DIED, "died", new byte[0]);
        }
    }

    /** A peer that asks until it has an answer. */
    @SuppressWarnings("NullAway.Init") // Both fields are set when the constructor returns.
    private final class Peer {
        private SecureSession session;
        private String token;

        /**
         * Performs a handshake.
         *
         * @param kill is under way, or null
         */
        Peer(@Nullable Future<?> kill) throws Exception {
            Outcome refusal = connect();
            for (int attempt = 1; refusal != null; attempt++) {
                require(kill != null && attempt < MAX_ATTEMPTS, "the service answers a handshake: " + refusal.text);
                finish(kill);
                refusal = connect();
            }
            handshakes++;
        }

        /** Returns what was answered instead of a message of the handshake; null if it has succeeded. */
        private @Nullable Outcome connect() throws Exception {
            try (Handshake handshake = pair.beginAsClient()) {
                Outcome second = send("", handshake.start());
                if (second.kind != HANDSHAKE) {
                    return second;
                }
                byte[] third = handshake.receive(second.message).message().get();
                Outcome fourth = send(second.text, third);
                if (fourth.kind != HANDSHAKE) {
                    return fourth;
                }
                session = ((HandshakeStep.Established) handshake.receive(fourth.message)).session();
                token = second.text;
                return null;
            }
        }

        /**
         * Asks.
         *
         * @param kill is under way, or null
         */
        void ask(@Nullable Future<?> kill) throws Exception {
            NumberedMessage message = session.wrapNumbered(new byte[] {1, 2, 3});
            boolean sent = false;
            for (int attempt = 1; ; attempt++) {
                require(attempt < MAX_ATTEMPTS, "a request is answered in the end");
                Outcome outcome = send(token, message.message());
                if (outcome.kind == ANSWERED) {
                    require(delivered.contains(outcome.text), "what is answered was delivered");
                    require(outcome.text.equals(token + "/" + message.number()), "the answer is to this message");
                    require(session.unwrap(outcome.message).length == 3, "the answer has a number of its own");
                    requests++;
                    break;
                }
                if (outcome.kind == REFUSED) {
                    require(
                            sent && outcome.text.contains("came before"),
                            "only repetitions are refused: " + outcome.text);
                    replays++;
                    message = session.wrapNumbered(new byte[] {1, 2, 3});
                    sent = false;
                    continue;
                }
                sent = true;
                if (outcome.kind == GONE) {
                    require(sessionsEnd, "the session goes on: " + outcome.text);
                    Peer anew = new Peer(kill);
                    session = anew.session;
                    token = anew.token;
                    message = session.wrapNumbered(new byte[] {1, 2, 3});
                    sent = false;
                    continue;
                }
                require(kill != null, "nothing fails without a kill: " + outcome.text);
                finish(kill);
            }
            finish(kill);
        }
    }

    /** Waits for a kill and starts the victim again, at the first call. */
    private void finish(@Nullable Future<?> kill) throws Exception {
        if (kill != null && kill != restarted) {
            restarted = kill;
            try {
                kill.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                throw new AssertionError("the victim cannot be killed", e);
            }
            link = victim.start();
        }
    }
}
