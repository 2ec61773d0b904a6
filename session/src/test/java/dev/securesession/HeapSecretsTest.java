package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.management.HotSpotDiagnosticMXBean;
import dev.securesession.WatchedProvider.Kind;
import dev.securesession.internal.codec.ByteReader;
import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.crypto.EcKeys;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Mutations;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Searches the heap of another virtual machine for the secrets that it has used. What must be there is looked for as
 * well: a search that finds nothing proves nothing.
 */
class HeapSecretsTest {
    @TempDir
    private Path folder;

    /** The child keeps all its sessions and handshakes, so what is reachable through them is in the dump. */
    @ParameterizedTest
    @EnumSource
    @Rule(value = "M-1", kind = ACCEPTS)
    @Rule(value = "H-2", kind = ACCEPTS)
    void nothingReachableHoldsASecretThatIsOver(Backend backend) throws Exception {
        Path open = folder.resolve("open.hprof");
        Path over = folder.resolve("over.hprof");
        Path notes = folder.resolve("notes.txt");
        // The child prints why if a provider has no native library for this platform.
        backend.watchedBy(new Notes());

        run(Child.class, backend.name(), open.toString(), over.toString(), notes.toString());

        List<Note> secrets = Note.read(notes);
        Set<Note> whileOpen = found(open, secrets);
        assertThat(secrets)
                .as("noted secrets")
                .filteredOn(note -> note.phase.equals("restored"))
                .extracting(note -> note.kind)
                .contains("EPHEMERAL_KEY", "SHARED_SECRET", "HMAC_KEY", "AES_KEY", "DECRYPTED");
        // Positive controls: live secrets are found.
        assertThat(secrets)
                .filteredOn(note -> note.is("open", "AES_KEY") || note.is("control", "FORGOTTEN"))
                .hasSizeGreaterThan(4)
                .allMatch(whileOpen::contains);
        if (backend.keepsPrivateKeysInTheHeap()) {
            assertThat(secrets)
                    .filteredOn(note -> note.is("waiting", "EPHEMERAL_KEY"))
                    .as("the key of a server that waits for message 3")
                    .anyMatch(whileOpen::contains);
        } else {
            System.out.println(
                    "HeapSecretsTest: " + backend + " keeps ephemeral keys in native memory, which a heap dump"
                            + " does not show: there is no positive control for them");
        }
        assertThat(whileOpen)
                .as("secrets of what is over, while other sessions are open")
                .filteredOn(note -> !note.phase.equals("control"))
                .filteredOn(note -> !note.is("open", "AES_KEY") && !note.is("waiting", "EPHEMERAL_KEY"))
                .isEmpty();
        assertThat(found(over, secrets))
                .as("secrets after everything was closed")
                .filteredOn(note -> !note.phase.equals("control"))
                .isEmpty();
    }

    /** Nothing was collected since the child began, so its dump shows every array that it has dropped. */
    @Test
    @Rule(value = "M-1", kind = REFUSES)
    void restoringAndSavingLeavesNoCopyEvenInGarbage() throws Exception {
        Notes noted = new Notes();
        Pair pair = Pair.create()
                .with(config -> config.withCrypto(Backend.JDK.watchedBy(noted)).withTsscExport());
        byte[] key = random();
        StateKey stateKey = StateKey.of(key);
        byte[] session;
        byte[] handshake;
        try (Pair.Sessions sessions = pair.establish()) {
            sessions.toServer(new byte[] {1});
            sessions.toClient(new byte[] {1});
            noted.phase = "sealing";
            session = sessions.client().saveCopy(stateKey, Settings.BINDING);
            noted.phase = "handshake";
        }
        try (Pair.Exchange exchange = pair.begin()) {
            exchange.message3();
            exchange.client().earlyData().orElseThrow().wrap(new byte[] {1});
            noted.phase = "sealing";
            handshake = exchange.client().saveCopy(stateKey, Settings.BINDING);
        }
        Path dump = folder.resolve("garbage.hprof");
        Path input = folder.resolve("input");
        byte[] client = TestKeys.pair(1).privateKey().encodeSecret();
        byte[] server = TestKeys.pair(2).publicKey().encode();
        Files.write(input, Bytes.lengthPrefixed(key, client, server, session, handshake));

        run(GarbageChild.class, dump.toString(), input.toString());

        List<Note> secrets = new ArrayList<>();
        for (Note note : noted.list) {
            // A sealing key is derived anew for each state, and a discarded cipher of SunJCE keeps it until it is
            // collected.
            boolean isSealingKey = note.is("sealing", "AES_KEY");
            if (!isSealingKey && (note.kind.equals("AES_KEY") || note.kind.equals("HMAC_KEY"))) {
                secrets.add(note);
            }
        }
        secrets.add(new Note("control", "FORGOTTEN", mask(GarbageChild.forgotten())));
        System.out.println("HeapSecretsTest: not searched in garbage: the keys of single sealed states, which discarded"
                + " ciphers of SunJCE keep until they are collected");
        Set<Note> found = found(dump, secrets);
        assertThat(found)
                .as("a dump shows what was dropped but not wiped")
                .anyMatch(note -> note.kind.equals("FORGOTTEN"));
        assertThat(found).filteredOn(note -> !note.kind.equals("FORGOTTEN")).isEmpty();
        assertThat(secrets).hasSizeGreaterThan(10);
    }

    private void run(Class<?> program, String... arguments) throws Exception {
        Path output = folder.resolve("output.txt");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms192m",
                "-Xmx192m",
                "-Xmn128m",
                "-XX:+UseSerialGC",
                // Otherwise a collection leaves some garbage in place, which the dump of reachable objects shows.
                "-XX:MarkSweepDeadRatio=0"));
        if (Runtime.version().feature() >= 22) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(List.of(
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                program.getName()));
        command.addAll(List.of(arguments));
        Process child = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(child.waitFor(120, TimeUnit.SECONDS))
                    .as("the child ends in time")
                    .isTrue();
        } finally {
            child.destroyForcibly();
        }
        assertThat(child.exitValue()).as(Files.readString(output)).isZero();
    }

    /** Returns the secrets whose first or last 16 bytes are in a dump, in either byte order. */
    private static Set<Note> found(Path dump, List<Note> secrets) throws IOException {
        Map<Long, List<Note>> byStart = new HashMap<>();
        Map<Note, List<byte[]>> pieces = new HashMap<>();
        BitSet firstBytes = new BitSet(1 << 16);
        for (Note note : secrets) {
            byte[] secret = mask(note.masked);
            byte[] reversed = secret.clone();
            for (int i = 0; i < secret.length; i++) {
                reversed[i] = secret[secret.length - 1 - i];
            }
            for (byte[] order : List.of(secret, reversed)) {
                for (byte[] piece : pieces(order)) {
                    long start = ByteBuffer.wrap(piece).getLong();
                    byStart.computeIfAbsent(start, none -> new ArrayList<>()).add(note);
                    pieces.computeIfAbsent(note, none -> new ArrayList<>()).add(piece);
                    firstBytes.set((int) (start >>> 48));
                }
            }
        }
        byte[] heap = Files.readAllBytes(dump);
        ByteBuffer reader = ByteBuffer.wrap(heap);
        Set<Note> found = new HashSet<>();
        for (int at = 0; at + PIECE_LENGTH <= heap.length; at++) {
            if (!firstBytes.get(((heap[at] & 0xFF) << 8) | (heap[at + 1] & 0xFF))) {
                continue;
            }
            for (Note note : byStart.getOrDefault(reader.getLong(at), List.of())) {
                for (byte[] piece : pieces.getOrDefault(note, List.of())) {
                    int end = Math.min(heap.length, at + piece.length);
                    if (Arrays.equals(heap, at, end, piece, 0, piece.length)) {
                        found.add(note);
                    }
                }
            }
        }
        return found;
    }

    /** Returns what to look for: of a saved state all of it, since its ends are nothing special. */
    private static List<byte[]> pieces(byte[] secret) {
        if (secret.length > StateKey.LENGTH) {
            return List.of(secret);
        }
        return List.of(
                Arrays.copyOf(secret, PIECE_LENGTH),
                Arrays.copyOfRange(secret, secret.length - PIECE_LENGTH, secret.length));
    }

    private static byte[] mask(byte[] bytes) {
        byte[] masked = bytes.clone();
        for (int i = 0; i < masked.length; i++) {
            masked[i] ^= MASK;
        }
        return masked;
    }

    private static byte[] random() {
        byte[] bytes = new byte[StateKey.LENGTH];
        new SecureRandom().nextBytes(bytes);
        return bytes;
    }

    private static void dump(String file, boolean live) throws IOException {
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class).dumpHeap(file, live);
    }

    /** A secret that was used in a phase of the child, masked so that the note is not found itself. */
    private static final class Note {
        final String phase;
        final String kind;
        final byte[] masked;

        Note(String phase, String kind, byte[] masked) {
            this.phase = phase;
            this.kind = kind;
            this.masked = masked;
        }

        boolean is(String otherPhase, String otherKind) {
            return phase.equals(otherPhase) && kind.equals(otherKind);
        }

        @Override
        public String toString() {
            return kind + " of phase " + phase;
        }

        static void write(Path file, List<Note> notes) throws IOException {
            List<String> lines = new ArrayList<>();
            for (Note note : notes) {
                lines.add(note.phase + " " + note.kind + " " + HexFormat.of().formatHex(note.masked));
            }
            Files.write(file, lines);
        }

        static List<Note> read(Path file) throws IOException {
            List<Note> notes = new ArrayList<>();
            for (String line : Files.readAllLines(file)) {
                String[] words = line.split(" ", -1);
                notes.add(new Note(words[0], words[1], HexFormat.of().parseHex(words[2])));
            }
            return notes;
        }
    }

    /** Notes what crosses the border to a provider, and keeps nothing of it. */
    private static final class Notes implements WatchedProvider.Watcher {
        final List<Note> list = new ArrayList<>();
        String phase = "start";

        @Override
        public void generated(ECPrivateKey key) {
            byte[] scalar = EcKeys.scalarOf(Curve.P256, key).toBytes();
            note(Kind.EPHEMERAL_KEY.name(), scalar);
            Arrays.fill(scalar, (byte) 0);
        }

        @Override
        public void lent(Kind kind, Key key) {
            byte[] bytes = key.getEncoded();
            note(kind.name(), bytes);
            Arrays.fill(bytes, (byte) 0);
        }

        @Override
        public void returned(Kind kind, byte[] bytes) {
            if (kind != Kind.CODE) {
                note(kind.name(), bytes);
            }
        }

        void note(String kind, byte[] secret) {
            list.add(new Note(phase, kind, mask(secret)));
        }
    }

    /** Goes through the life of handshakes and sessions; keeps them all, and dumps its heap twice. */
    static final class Child {
        private static final List<Object> KEPT = new ArrayList<>();

        public static void main(String[] arguments) throws Exception {
            Notes notes = new Notes();
            CryptoProviders crypto = Backend.valueOf(arguments[0]).watchedBy(notes);
            Pair pair = Pair.create().with(config -> config.withCrypto(crypto));
            byte[] forgotten = random();
            notes.phase = "control";
            notes.note("FORGOTTEN", forgotten);
            KEPT.add(forgotten);
            KEPT.add(pair);

            notes.phase = "open";
            Pair.Sessions open = used(pair.establish());
            KEPT.add(open);

            notes.phase = "closed";
            Pair.Sessions closed = used(pair.establish());
            KEPT.add(closed);
            closed.close();

            notes.phase = "waiting";
            Pair.Exchange waiting = pair.begin();
            KEPT.add(waiting);
            waiting.message2();

            notes.phase = "refused";
            Pair.Exchange refused = pair.begin();
            KEPT.add(refused);
            byte[] wrong = refused.message3();
            wrong[wrong.length - 1] ^= 1;
            assertThatExceptionOfType(HandshakeException.class)
                    .isThrownBy(() -> refused.server().receive(Mutations.repaired(wrong)));
            refused.close();

            notes.phase = "abandoned";
            Pair.Exchange abandoned = pair.begin();
            KEPT.add(abandoned);
            abandoned.message3();
            abandoned.client().earlyData().orElseThrow().wrap(new byte[] {1});
            abandoned.close();

            notes.phase = "restored";
            byte[] bytes = random();
            notes.note("STATE_KEY", bytes);
            StateKey key = StateKey.of(bytes);
            Arrays.fill(bytes, (byte) 0);
            KEPT.add(key);
            restore(pair, key);
            key.destroy();

            dump(arguments[1], true);
            open.close();
            waiting.close();
            dump(arguments[2], true);
            Note.write(Path.of(arguments[3]), notes.list);
            if (KEPT.isEmpty()) {
                throw new AssertionError();
            }
        }

        private static Pair.Sessions used(Pair.Sessions sessions) throws Exception {
            sessions.toServer(new byte[] {1});
            sessions.toClient(new byte[] {1});
            return sessions;
        }

        private static void restore(Pair pair, StateKey key) throws Exception {
            Pair.Exchange exchange = pair.begin();
            KEPT.add(exchange);
            exchange.message2();
            Handshake client = Handshake.restore(
                    exchange.client().suspend(key, Settings.BINDING), key, Settings.BINDING, pair.client());
            KEPT.add(client);
            Pair.Exchange resumed = pair.resume(client, exchange.server());
            KEPT.add(resumed);
            client.close();
            Pair.Sessions sessions = used(pair.establish());
            KEPT.add(sessions);
            SecureSession restored = SecureSession.restore(
                    sessions.client().suspend(key, Settings.BINDING),
                    key,
                    Settings.BINDING,
                    pair.client(),
                    Pair.SERVER_ID);
            KEPT.add(restored);
            restored.wrap(new byte[] {1});
            restored.close();
            resumed.close();
            sessions.close();
        }
    }

    /** Restores, saves and closes what the parent has saved; no provider ever gets the keys in it. */
    static final class GarbageChild {
        public static void main(String[] arguments) throws Exception {
            byte[] forgotten = forgotten();
            byte[] input = Files.readAllBytes(Path.of(arguments[1]));
            ByteReader fields = new ByteReader(input);
            byte[] keyBytes = fields.lengthPrefixed("the state key");
            IdentityPrivateKey client = IdentityPrivateKey.decode(fields.lengthPrefixed("the key of the client"));
            IdentityPublicKey server = IdentityPublicKey.decode(fields.lengthPrefixed("the key of the server"));
            byte[] session = fields.lengthPrefixed("the session");
            byte[] handshake = fields.lengthPrefixed("the handshake");
            StateKey key = StateKey.of(keyBytes);
            Arrays.fill(keyBytes, (byte) 0);
            Arrays.fill(input, (byte) 0);
            SessionConfig config = SessionConfig.of(LocalIdentity.of(Pair.CLIENT_ID, client), peer -> List.of(server))
                    .withTsscExport();

            SecureSession restored = SecureSession.restore(session, key, Settings.BINDING, config, Pair.SERVER_ID);
            Arrays.fill(restored.saveUnsealedTsscCopy(), (byte) 0);
            byte[] again = restored.suspend(key, Settings.BINDING);
            SecureSession.restore(again, key, Settings.BINDING, config, Pair.SERVER_ID)
                    .close();

            Handshake waiting = Handshake.restore(handshake, key, Settings.BINDING, config);
            byte[] waitingAgain = waiting.suspend(key, Settings.BINDING);
            Handshake.restore(waitingAgain, key, Settings.BINDING, config).close();
            key.destroy();

            dump(arguments[0], false);
            if (forgotten.length == 0) {
                throw new AssertionError();
            }
        }

        /** Returns the bytes of the control; only a program that computes them has them in its heap. */
        static byte[] forgotten() {
            byte[] bytes = new byte[StateKey.LENGTH];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (0x9D * (i + 1) * (i + 3));
            }
            return bytes;
        }
    }

    private static final int PIECE_LENGTH = 16;
    private static final byte MASK = 0x5A;
}
