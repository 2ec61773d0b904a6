package dev.securesession.cli.peer;

import dev.securesession.Curve;
import dev.securesession.IdentityKeyPair;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.KeyRejectedException;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.Sealer;
import dev.securesession.SecureSessionException;
import dev.securesession.SessionConfig;
import dev.securesession.cli.command.Errors;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringTokenizer;
import org.jspecify.annotations.Nullable;

/**
 * Answers requests line by line, for as many sessions as are asked for. No request ends it, only the end of its input.
 */
final class ConformancePeer {
    private final MovableClock clock;
    private final Map<PeerId, IdentityPublicKey> keys = new HashMap<>();
    private final Map<String, PeerSession> sessions = new HashMap<>();
    private @Nullable SessionConfig nobody;

    ConformancePeer(MovableClock clock) {
        this.clock = clock;
    }

    /** Answers each line until there are no more. */
    void serve(InputStream in, OutputStream out) throws IOException {
        InputStream buffered = new BufferedInputStream(in);
        for (String line = readLine(buffered); line != null; line = readLine(buffered)) {
            out.write((answer(line) + "\n").getBytes(StandardCharsets.US_ASCII));
            out.flush();
        }
    }

    /** Answers one line with one line. */
    String answer(String line) {
        try {
            return String.join(" ", serve(new Request(line)));
        } catch (SecureSessionException e) {
            return "err " + e.reason().name() + " " + ascii(e);
        } catch (Exception | Error e) {
            // A request must not end the process, even if it exhausts the memory.
            return "err " + e.getClass().getSimpleName() + " " + ascii(e);
        }
    }

    private List<String> serve(Request request) throws SecureSessionException {
        return switch (request.verb()) {
            case "keygen" -> keygen(request);
            case "key" -> key(request);
            case "new" -> create(request);
            case "request" -> ok(only(request).request());
            case "reply" -> ok(session(request).reply(request.last()));
            case "state" -> ok(only(request).state().getBytes(StandardCharsets.US_ASCII));
            case "remote" -> ok(only(request).remote());
            case "wrap" -> ok(session(request).wrap(request.last()));
            case "unwrap" -> ok(session(request).unwrap(request.last()));
            case "save" -> ok(only(request).save());
            case "load" -> load(request);
            case "export" -> ok(only(request).export());
            case "import" -> importState(request);
            case "hash" -> ok(only(request).hash());
            case "clock" -> clock(request);
            case "drop" -> drop(request);
            case "seal", "unseal", "sealp", "unsealp" -> sealed(request);
            default -> throw new IllegalArgumentException("no such request");
        };
    }

    private static List<String> keygen(Request request) {
        Curve curve = switch (request.hasMore() ? request.word() : "2") {
            case "2" -> Curve.P256;
            case "3" -> Curve.P384;
            case "5" -> Curve.P521;
            default -> throw new IllegalArgumentException("a curve that is not 2, 3 or 5");
        };
        request.requireEnd();
        IdentityKeyPair pair = IdentityKeyPair.generate(curve);
        List<String> answer =
                ok(pair.privateKey().encodeSecret(), pair.publicKey().encode());
        pair.privateKey().destroy();
        return answer;
    }

    private List<String> key(Request request) throws KeyRejectedException {
        PeerId id = PeerId.of(request.bytes());
        keys.put(id, IdentityPublicKey.decode(request.last()));
        return ok();
    }

    private List<String> create(Request request) throws KeyRejectedException {
        String name = request.word();
        PeerId id = PeerId.of(request.bytes());
        IdentityPrivateKey key = IdentityPrivateKey.decode(request.last());
        replace(name, new PeerSession(config(LocalIdentity.of(id, key))));
        key.destroy();
        return ok();
    }

    /** Restores a session under a name that may be new: the 60-byte form does not contain the local identity. */
    private List<String> load(Request request) throws SecureSessionException {
        String name = request.word();
        byte[] state = request.last();
        PeerSession known = sessions.get(name);
        if (known != null) {
            known.load(state);
            return ok();
        }
        PeerSession loaded = new PeerSession(nobody());
        loaded.load(state);
        replace(name, loaded);
        return ok();
    }

    private List<String> importState(Request request) throws SecureSessionException {
        PeerSession session = session(request);
        session.load(new PeerSession.Exported(request.last()));
        return ok();
    }

    private List<String> clock(Request request) {
        String time = request.word();
        request.requireEnd();
        if (time.equals("now")) {
            clock.restart();
        } else {
            clock.stopAt(Instant.ofEpochSecond(Long.parseLong(time)));
        }
        return ok();
    }

    private List<String> drop(Request request) {
        only(request).drop();
        return ok();
    }

    private static List<String> sealed(Request request) throws SecureSessionException {
        String what = request.verb();
        byte[] secret = request.bytes();
        byte[] content = request.bytes();
        byte[] context = request.hasMore() ? request.bytes() : new byte[0];
        request.requireEnd();
        Sealer sealer = what.endsWith("p") ? Sealer.withPassphraseBytes(secret) : Sealer.withKey(secret);
        try {
            return ok(what.startsWith("un") ? sealer.unseal(content, context) : sealer.seal(content, context));
        } finally {
            sealer.destroy();
        }
    }

    /** Finds the session that is all that a request names. */
    private PeerSession only(Request request) {
        PeerSession session = session(request);
        request.requireEnd();
        return session;
    }

    /** Finds the session that a request names. */
    private PeerSession session(Request request) {
        PeerSession session = sessions.get(request.word());
        if (session == null) {
            throw new IllegalArgumentException("no session of this name");
        }
        return session;
    }

    private void replace(String name, PeerSession session) {
        PeerSession before = sessions.put(name, session);
        if (before != null) {
            before.drop();
        }
    }

    private SessionConfig config(LocalIdentity identity) {
        PeerDirectory directory = peer -> keys.containsKey(peer) ? List.of(keys.get(peer)) : List.of();
        return SessionConfig.of(identity, directory).withTsscExport().withClock(clock);
    }

    private SessionConfig nobody() {
        if (nobody == null) {
            nobody = config(LocalIdentity.of(
                    PeerId.ofUtf8("nobody"), IdentityKeyPair.generate().privateKey()));
        }
        return nobody;
    }

    private static List<String> ok(byte[]... values) {
        List<String> answer = new ArrayList<>();
        answer.add("ok");
        for (byte[] value : values) {
            answer.add(value.length == 0 ? NOTHING : Base64.getEncoder().encodeToString(value));
        }
        return answer;
    }

    private static String ascii(Throwable error) {
        String message = error.getMessage() == null ? "" : error.getMessage();
        return Errors.oneLine(message.replaceAll("[^\\x20-\\x7E]", " "));
    }

    /** Reads a line of any length but keeps a bounded part of it, one byte more than a line may have. */
    private static @Nullable String readLine(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int next = in.read();
        if (next < 0) {
            return null;
        }
        for (; next >= 0 && next != '\n'; next = in.read()) {
            if (line.size() <= MAX_LINE_LENGTH) {
                line.write(next);
            }
        }
        return line.toString(StandardCharsets.ISO_8859_1);
    }

    /** A line, word by word. */
    private static final class Request {
        private final StringTokenizer words;
        private final String verb;

        Request(String line) {
            if (line.length() > MAX_LINE_LENGTH) {
                throw new IllegalArgumentException("a line of more than " + MAX_LINE_LENGTH + " bytes");
            }
            this.words = new StringTokenizer(line, " \t\r");
            if (!words.hasMoreTokens()) {
                throw new IllegalArgumentException("a line without a request");
            }
            this.verb = words.nextToken();
        }

        String verb() {
            return verb;
        }

        boolean hasMore() {
            return words.hasMoreTokens();
        }

        String word() {
            if (!words.hasMoreTokens()) {
                throw new IllegalArgumentException("too few arguments");
            }
            return words.nextToken();
        }

        byte[] bytes() {
            String word = word();
            if (word.equals(NOTHING)) {
                return new byte[0];
            }
            if (word.length() % 4 != 0) {
                throw new IllegalArgumentException("an argument that is not padded base64");
            }
            return Base64.getDecoder().decode(word);
        }

        /** Returns the bytes with which the request must end. */
        byte[] last() {
            byte[] bytes = bytes();
            requireEnd();
            return bytes;
        }

        void requireEnd() {
            if (words.hasMoreTokens()) {
                throw new IllegalArgumentException("too many arguments");
            }
        }
    }

    private static final String NOTHING = "-";

    /** Room for a wrapped message of 16 MiB in base64. */
    private static final int MAX_LINE_LENGTH = 32 << 20;
}
