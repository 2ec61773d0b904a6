package dev.securesession.interop;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A peer in another process, driven over its standard input and output by the line protocol of
 * {@code secure-session peer}: a foreign implementation, or ours again. The process is given as a command line.
 *
 * <p>One request a line, {@code command arg arg ...}; one answer a line, {@code ok value value ...} or
 * {@code err REASON text}. Arguments and values are base64, {@code -} for none; names and numbers are plain words.
 *
 * <p>A refusal is a {@link ForeignPeerException}. A process that ends, keeps silent for {@link #PATIENCE} or speaks
 * something else is an {@link IllegalStateException} that says so. For one thread at a time.
 */
public final class ForeignPeer implements AutoCloseable {
    /** How long an answer may take; large enough for a loaded machine. */
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private final List<String> command;
    private final Duration patience;
    private final Process process;
    private final OutputStream requests;
    private final BufferedReader answers;
    private final ExecutorService conversation;
    private long sessions;
    private long requestsSent;

    ForeignPeer(List<String> command) throws IOException {
        this(command, PATIENCE);
    }

    ForeignPeer(List<String> command, Duration patience) throws IOException {
        this.command = List.copyOf(command);
        this.patience = patience;
        this.process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        this.requests = process.getOutputStream();
        this.answers = new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.ISO_8859_1), 1 << 16);
        this.conversation = Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task, "conversation with a foreign peer");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Returns a new key pair of the peer's making, on P-256. */
    public Keys generate() {
        return keys(ask("keygen"));
    }

    /** Returns a new key pair on P-256 ("2"), P-384 ("3") or P-521 ("5"). */
    Keys generate(String curve) {
        return keys(ask("keygen", curve));
    }

    /** From now on the peer knows this public key for that id. */
    public void know(byte[] id, byte[] publicKey) {
        ask("key", encode(id), encode(publicKey));
    }

    /** Returns a new end at the peer, which may take either role. */
    public Session open(byte[] id, byte[] privateKey) {
        String name = nextName();
        ask("new", name, encode(id), encode(privateKey));
        return new Session(name);
    }

    /** Returns an end at the peer that goes on from a saved state. */
    public Session load(byte[] state) {
        String name = nextName();
        ask("load", name, encode(state));
        return new Session(name);
    }

    /** Stops the clock of the peer at a time. */
    void setClock(long unixSeconds) {
        ask("clock", Long.toString(unixSeconds));
    }

    void releaseClock() {
        ask("clock", "now");
    }

    public byte[] seal(byte[] key, byte[] plaintext, byte[]... context) {
        return one("seal", encoded(context, key, plaintext));
    }

    public byte[] unseal(byte[] key, byte[] sealed, byte[]... context) {
        return one("unseal", encoded(context, key, sealed));
    }

    public byte[] sealWithPassphrase(byte[] passphrase, byte[] plaintext, byte[]... context) {
        return one("sealp", encoded(context, passphrase, plaintext));
    }

    public byte[] unsealWithPassphrase(byte[] passphrase, byte[] sealed, byte[]... context) {
        return one("unsealp", encoded(context, passphrase, sealed));
    }

    /** Sends one request, words as they are, and returns the values of the answer. */
    public List<byte[]> ask(String request, String... words) {
        String line = words.length == 0 ? request : request + " " + String.join(" ", words);
        requestsSent++;
        String answer = exchange(request, line);
        String[] parts = answer.split(" ", 3);
        if (parts[0].equals("err") && parts.length > 1) {
            throw new ForeignPeerException(parts[1], request + ": " + (parts.length > 2 ? parts[2] : "no text"));
        }
        if (!parts[0].equals("ok")) {
            throw broken(request, "answered neither ok nor err: " + abbreviated(answer));
        }
        return values(request, answer);
    }

    /** Returns how many requests were sent so far. */
    long requestCount() {
        return requestsSent;
    }

    /** Ends the input of the process, which has to end it with status 0. */
    @Override
    public void close() throws IOException {
        conversation.shutdownNow();
        try {
            requests.close();
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw broken("end of input", "did not end the process within " + patience);
            }
            if (process.exitValue() != 0) {
                throw broken("end of input", "ended the process with status " + process.exitValue());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw broken("end of input", "was interrupted");
        } finally {
            process.destroyForcibly();
        }
    }

    /** Writes a request and waits for the answer, both within the same bound. */
    private String exchange(String request, String line) {
        Future<String> answer = conversation.submit(() -> {
            requests.write((line + "\n").getBytes(StandardCharsets.ISO_8859_1));
            requests.flush();
            return answers.readLine();
        });
        try {
            String said = answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
            if (said == null) {
                throw broken(request, "got no answer: the process ended" + status());
            }
            return said;
        } catch (TimeoutException e) {
            process.destroyForcibly();
            throw broken(request, "got no answer within " + patience);
        } catch (ExecutionException e) {
            throw new IllegalStateException(
                    description(request) + " could not be sent: " + e.getCause() + status(), e.getCause());
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw broken(request, "was interrupted");
        }
    }

    private List<byte[]> values(String request, String answer) {
        List<byte[]> values = new ArrayList<>();
        String[] words = answer.split(" ", -1);
        for (int i = 1; i < words.length; i++) {
            values.add(decode(request, words[i]));
        }
        return values;
    }

    private byte[] decode(String request, String word) {
        if (word.equals("-")) {
            return new byte[0];
        }
        try {
            byte[] bytes = Base64.getDecoder().decode(word);
            if (bytes.length > 0) {
                return bytes;
            }
        } catch (IllegalArgumentException e) {
            // Told below.
        }
        throw broken(request, "was answered with a value that is not base64: " + abbreviated(word));
    }

    private byte[] one(String request, String... words) {
        List<byte[]> values = ask(request, words);
        if (values.size() != 1) {
            throw broken(request, "was answered with " + values.size() + " values instead of 1");
        }
        return values.get(0);
    }

    private Keys keys(List<byte[]> values) {
        if (values.size() != 2) {
            throw broken("keygen", "was answered with " + values.size() + " values instead of 2");
        }
        return new Keys(values.get(0), values.get(1));
    }

    private String nextName() {
        sessions++;
        return "s" + sessions;
    }

    private String status() {
        return process.isAlive() ? "" : " with status " + process.exitValue();
    }

    private IllegalStateException broken(String request, String what) {
        return new IllegalStateException(description(request) + " " + what);
    }

    private String description(String request) {
        return "'" + request + "' to the peer '" + String.join(" ", command) + "'";
    }

    private static String abbreviated(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "... (" + text.length() + " characters)";
    }

    private static String encode(byte[] bytes) {
        return bytes.length == 0 ? "-" : Base64.getEncoder().encodeToString(bytes);
    }

    private static String[] encoded(byte[][] context, byte[]... arguments) {
        List<String> words = new ArrayList<>();
        for (byte[] argument : arguments) {
            words.add(encode(argument));
        }
        for (byte[] argument : context) {
            words.add(encode(argument));
        }
        return words.toArray(String[]::new);
    }

    /** A key pair as containers. */
    public static final class Keys {
        public final byte[] privateKey;
        public final byte[] publicKey;

        Keys(byte[] privateKey, byte[] publicKey) {
            this.privateKey = privateKey;
            this.publicKey = publicKey;
        }
    }

    /** An end that lives in the other process. */
    public final class Session implements End {
        private final String name;

        private Session(String name) {
            this.name = name;
        }

        @Override
        public byte[] request() {
            return one("request", name);
        }

        @Override
        public byte[] reply(byte[] message) {
            return one("reply", name, encode(message));
        }

        @Override
        public byte[] wrap(byte[] payload) {
            return one("wrap", name, encode(payload));
        }

        @Override
        public byte[] unwrap(byte[] message) {
            return one("unwrap", name, encode(message));
        }

        @Override
        public byte[] save() {
            return one("save", name);
        }

        @Override
        public byte[] remote() {
            return one("remote", name);
        }

        /** Returns the session or handshake in the other implementation's own saved form. */
        byte[] export() {
            return one("export", name);
        }

        /** Goes on from what {@link #export} has returned. */
        void restore(byte[] exported) {
            ask("import", name, encode(exported));
        }

        byte[] transcriptHash() {
            return one("hash", name);
        }

        /** Returns {@code idle}, {@code negotiating}, {@code established} or {@code closed}. */
        String state() {
            return new String(one("state", name), StandardCharsets.US_ASCII);
        }

        @Override
        public boolean isEstablished() {
            return state().equals("established");
        }

        @Override
        public void close() {
            ask("drop", name);
        }
    }
}
