package dev.securesession.store.redis;

import dev.securesession.PeerId;
import dev.securesession.store.SessionRecord;
import dev.securesession.store.SessionStore;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandInterruptedException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Keeps records in Redis 5 or later, or Valkey, for many machines: faster than a database, and less durable. A write that the
 * server loses does not make a session go back to an earlier state. Each record names the history of the server that has written
 * it, and once that server has restarted or was replaced by a replica, the records end: their peers are refused and start a new
 * handshake ({@link AfterRestart#END_SESSIONS}).
 *
 * <p>Required of the server: a primary or a Sentinel setup, not Redis Cluster; a {@code maxmemory-policy} that evicts nothing of this
 * store ({@code noeviction} or a {@code volatile} one, which is checked); the right to run scripts and {@code INFO}. Nobody else
 * writes below the prefix. Not noticed, except by a {@link dev.securesession.store.RollbackGuard}: a dump of records that is copied back
 * into a running server.
 *
 * <p>Safe for use by several threads, which share one connection. A command whose connection breaks is not sent again: it fails, and
 * may have been executed. While there is no connection, calls fail at once; it comes back by itself.
 */
public final class RedisSessionStore implements SessionStore {
    /** The prefix of all keys, unless another one is chosen. */
    public static final String DEFAULT_PREFIX = "secure-session:";

    private static final int CHANGES_IN_ONE_SCRIPT = 500;
    private static final Duration RECONNECT_DELAY = Duration.ofMillis(200);

    private final ClientResources resources;
    private final RedisClient client;
    private final StatefulRedisConnection<byte[], byte[]> connection;
    private final RedisCommands<byte[], byte[]> commands;
    private final byte[][] prefix;
    private final AfterRestart afterRestart;
    private final Map<Script, String> digests = new EnumMap<>(Script.class);
    private final AtomicBoolean closed = new AtomicBoolean();

    private RedisSessionStore(
            ClientResources resources,
            RedisClient client,
            StatefulRedisConnection<byte[], byte[]> connection,
            String prefix,
            AfterRestart afterRestart) {
        this.resources = resources;
        this.client = client;
        this.connection = connection;
        this.commands = connection.sync();
        this.prefix = new byte[][] {bytes(prefix)};
        this.afterRestart = afterRestart;
        for (Script script : Script.values()) {
            digests.put(script, commands.digest(script.text()));
        }
    }

    /**
     * Opens the store whose sessions end when the server restarts or is replaced by a replica, under the default prefix.
     *
     * @param uri the server, with credentials, TLS and the timeout of a call; or the Sentinels that know it
     * @return the store, the caller's to close
     * @throws IOException if the server cannot be reached, is no primary, evicts records, or holds a store of another layout or
     *     opened in another way
     */
    public static RedisSessionStore open(RedisURI uri) throws IOException {
        return open(uri, DEFAULT_PREFIX, AfterRestart.END_SESSIONS);
    }

    /**
     * Opens a store.
     *
     * @param uri the server, with credentials, TLS and the timeout of a call; or the Sentinels that know it
     * @param prefix of all keys of this store
     * @param afterRestart whether sessions end when the server restarts or is replaced
     * @return the store, the caller's to close
     * @throws IOException if the server cannot be reached, is no primary, evicts records, holds a store of another layout or
     *     opened in another way, or does not have every write on its disk where that is required
     */
    public static RedisSessionStore open(RedisURI uri, String prefix, AfterRestart afterRestart) throws IOException {
        ClientResources resources = ClientResources.builder()
                .reconnectDelay(Delay.constant(RECONNECT_DELAY))
                .build();
        RedisClient client = RedisClient.create(resources, uri);
        client.setOptions(ClientOptions.builder()
                .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                // All of them are dropped: a change that is made twice would be refused the second time.
                .replayFilter(command -> true)
                .build());
        boolean opened = false;
        try {
            RedisSessionStore store = new RedisSessionStore(
                    resources, client, client.connect(ByteArrayCodec.INSTANCE), prefix, afterRestart);
            store.requireFit();
            opened = true;
            return store;
        } catch (RedisException e) {
            throw failed(e);
        } finally {
            if (!opened) {
                shutDown(client, resources);
            }
        }
    }

    private void requireFit() throws IOException {
        if (commands.info("memory").contains("maxmemory_policy:allkeys")) {
            throw new IOException("the Redis server of the session store evicts records when its memory is full;"
                    + " set maxmemory-policy to noeviction");
        }
        if (afterRestart == AfterRestart.KEEP_SESSIONS_IF_EVERY_WRITE_IS_ON_DISK
                && !(commands.info("persistence").contains("aof_enabled:1")
                        && "always".equals(commands.configGet("appendfsync").get("appendfsync")))) {
            throw new IOException("the Redis server of the session store does not have every write on its disk;"
                    + " set appendonly to yes and appendfsync to always, or let sessions end with a restart");
        }
        String objection = text(
                askValues(Script.OPEN, List.of(bytes(Script.LAYOUT_VERSION))).get(0));
        if (!objection.isEmpty()) {
            throw new IOException("the session store in Redis cannot be opened: " + objection);
        }
    }

    @Override
    public boolean insert(SessionRecord record) throws IOException {
        List<byte[]> arguments = new ArrayList<>();
        arguments.add(bytes(record.id()));
        addFields(arguments, record);
        return askNumber(Script.INSERT, arguments) == 1;
    }

    @Override
    public Optional<SessionRecord> find(String id) throws IOException {
        List<byte[]> fields = askValues(Script.FIND, List.of(bytes(id)));
        return fields.isEmpty() ? Optional.empty() : Optional.of(read(id, fields));
    }

    @Override
    public List<Boolean> replaceAll(List<Change> changes) throws IOException {
        List<Boolean> made = new ArrayList<>(changes.size());
        for (int from = 0; from < changes.size(); from += CHANGES_IN_ONE_SCRIPT) {
            List<byte[]> arguments = new ArrayList<>();
            for (Change change : changes.subList(from, Math.min(changes.size(), from + CHANGES_IN_ONE_SCRIPT))) {
                arguments.add(bytes(change.id()));
                arguments.add(bytes(change.epoch()));
                arguments.add(bytes(change.version()));
                addFields(arguments, change.next());
            }
            addAnswers(made, (List<?>) run(Script.REPLACE, ScriptOutputType.MULTI, arguments));
        }
        return made;
    }

    @Override
    public List<Boolean> areOwned(List<SessionRecord> records) throws IOException {
        List<Boolean> owned = new ArrayList<>(records.size());
        for (int from = 0; from < records.size(); from += CHANGES_IN_ONE_SCRIPT) {
            List<byte[]> arguments = new ArrayList<>();
            for (SessionRecord record : records.subList(from, Math.min(records.size(), from + CHANGES_IN_ONE_SCRIPT))) {
                arguments.add(bytes(record.id()));
                arguments.add(bytes(record.epoch()));
            }
            addAnswers(owned, (List<?>) run(Script.OWNED, ScriptOutputType.MULTI, arguments));
        }
        return owned;
    }

    @Override
    public boolean delete(SessionRecord record) throws IOException {
        List<byte[]> arguments = List.of(bytes(record.id()), bytes(record.epoch()), bytes(record.version()));
        return askNumber(Script.DELETE, arguments) == 1;
    }

    @Override
    public List<String> list(int limit) throws IOException {
        return listed(Script.LIST_ALL, List.of(bytes(limit)), limit);
    }

    @Override
    public List<String> list(PeerId peer) throws IOException {
        return texts(askValues(Script.LIST, List.of(peer.toBytes())));
    }

    @Override
    public List<String> deleteAll(PeerId peer) throws IOException {
        return texts(askValues(Script.DELETE_ALL, List.of(peer.toBytes())));
    }

    @Override
    public int deleteExpired(Instant now, int limit) throws IOException {
        List<byte[]> arguments = List.of(bytes(now.toEpochMilli()), bytes(limit));
        return Math.toIntExact(askNumber(Script.DELETE_EXPIRED, arguments));
    }

    @Override
    public List<String> listNotSealedBy(String keyName, int limit) throws IOException {
        return listed(Script.SEALED_BY_OTHERS, List.of(bytes(keyName), bytes(limit)), limit);
    }

    /** Returns the ids of a script that lists them after the number of records that it has dropped. */
    private List<String> listed(Script script, List<byte[]> arguments, int limit) throws IOException {
        while (true) {
            List<String> found = texts(askValues(script, arguments));
            List<String> ids = found.subList(1, found.size());
            // Those that it met and that were of an earlier history are gone now: there may be others.
            if (ids.size() >= limit || "0".equals(found.get(0))) {
                return ids;
            }
        }
    }

    @Override
    public void close() throws IOException {
        if (closed.compareAndSet(false, true)) {
            try {
                connection.close();
                shutDown(client, resources);
            } catch (RedisException e) {
                throw failed(e);
            }
        }
    }

    @Override
    public String toString() {
        return "store in Redis, " + text(prefix[0]) + ", " + afterRestart;
    }

    private static void shutDown(RedisClient client, ClientResources resources) {
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        resources.shutdown(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private long askNumber(Script script, List<byte[]> arguments) throws IOException {
        return (Long) run(script, ScriptOutputType.INTEGER, arguments);
    }

    private List<byte[]> askValues(Script script, List<byte[]> arguments) throws IOException {
        List<byte[]> values = new ArrayList<>();
        for (Object value : (List<?>) run(script, ScriptOutputType.MULTI, arguments)) {
            values.add((byte[]) value);
        }
        return values;
    }

    private Object run(Script script, ScriptOutputType type, List<byte[]> arguments) throws IOException {
        if (closed.get()) {
            throw new IOException("the session store in Redis is closed");
        }
        byte[][] all = new byte[arguments.size() + 1][];
        all[0] = bytes(afterRestart == AfterRestart.END_SESSIONS ? Script.ENDS_WITH_RESTART : Script.OUTLIVES_RESTART);
        for (int i = 0; i < arguments.size(); i++) {
            all[i + 1] = arguments.get(i);
        }
        try {
            try {
                return commands.evalsha(digests.get(script), type, prefix, all);
            } catch (RedisNoScriptException unknown) {
                // A new server, or one whose scripts were flushed: it has done nothing.
                return commands.eval(script.text(), type, prefix, all);
            }
        } catch (RedisException e) {
            throw failed(e);
        }
    }

    private static IOException failed(RedisException e) {
        String message = "the Redis server of the session store failed: " + e.getMessage();
        Throwable cause = e.getCause();
        if (cause != null && cause.getMessage() != null) {
            // A refused password is told by the cause only.
            message += ": " + cause.getMessage();
        }
        if (e instanceof RedisCommandInterruptedException) {
            InterruptedIOException interrupted = new InterruptedIOException(message);
            interrupted.initCause(e);
            return interrupted;
        }
        return new IOException(message, e);
    }

    private static void addFields(List<byte[]> arguments, SessionRecord record) {
        arguments.add(bytes(record.format()));
        arguments.add(record.peer().map(PeerId::toBytes).orElseGet(() -> new byte[0]));
        arguments.add(bytes(record.epoch()));
        arguments.add(bytes(record.version()));
        arguments.add(bytes(record.keyName()));
        arguments.add(bytes(record.expires().toEpochMilli()));
        arguments.add(record.state());
    }

    private static SessionRecord read(String id, List<byte[]> fields) throws IOException {
        try {
            SessionRecord record = SessionRecord.of(
                            id,
                            Integer.parseInt(text(fields.get(0))),
                            text(fields.get(4)),
                            Instant.ofEpochMilli(number(fields.get(5))),
                            fields.get(6))
                    .at(number(fields.get(2)), number(fields.get(3)));
            return fields.get(1).length == 0 ? record : record.withPeer(PeerId.of(fields.get(1)));
        } catch (IllegalArgumentException e) {
            throw new IOException("the record " + id + " in Redis is damaged: delete it; its peer starts anew", e);
        }
    }

    private static void addAnswers(List<Boolean> answers, List<?> numbers) {
        for (Object number : numbers) {
            answers.add((Long) number == 1);
        }
    }

    private static List<String> texts(List<byte[]> values) {
        List<String> texts = new ArrayList<>(values.size());
        for (byte[] value : values) {
            texts.add(text(value));
        }
        return texts;
    }

    private static long number(byte[] value) {
        return Long.parseLong(text(value));
    }

    private static String text(byte[] value) {
        return new String(value, StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String value) {
        return value.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] bytes(long value) {
        return bytes(Long.toString(value));
    }
}
