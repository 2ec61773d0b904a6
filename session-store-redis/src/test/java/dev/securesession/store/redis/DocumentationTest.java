package dev.securesession.store.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.StateKey;
import dev.securesession.store.KeyRing;
import dev.securesession.store.SessionClaim;
import dev.securesession.store.SessionRecord;
import dev.securesession.store.SessionStore;
import dev.securesession.store.StoredSessions;
import dev.securesession.testkit.Pair;
import io.lettuce.core.RedisURI;
import io.lettuce.core.StaticCredentialsProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples of docs/stored-sessions.md with Redis, which are the text between the comments here, at work. */
class DocumentationTest {
    @TempDir
    private Path directory;

    @Test
    void aStoreOpensWithItsPassword() throws Exception {
        try (RedisProcess process = RedisProcess.start(directory, "--requirepass", "open")) {
            String url = "redis://127.0.0.1:" + process.port() + "/0";
            try (SessionStore store = open(url, null, "open".toCharArray())) {
                assertThat(store.list(Pair.CLIENT_ID)).isEmpty();
            }
            assertThatThrownBy(() -> open(url, null, "other".toCharArray()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("WRONGPASS");
        }
    }

    private static SessionStore open(String url, @Nullable String user, char[] password) throws IOException {
        // example: redis
        RedisURI server = RedisURI.create(url); // rediss://redis.example:6379/0, or redis://… without TLS
        server.setCredentialsProvider(new StaticCredentialsProvider(user, password)); // null and a char[] without users
        SessionStore store = RedisSessionStore.open(server);
        // end
        return store;
    }

    /** The user of docs/stored-sessions-in-redis.md, by every method of the store. */
    @Test
    void aUserNeedsTheRightsOfThePageOnly() throws Exception {
        Matcher line = Pattern.compile("^ {4}ACL SETUSER (.*)$", Pattern.MULTILINE)
                .matcher(Files.readString(
                        Path.of("").toAbsolutePath().resolveSibling("docs/stored-sessions-in-redis.md")));
        assertThat(line.find()).isTrue();
        List<String> options = new ArrayList<>(List.of("--user"));
        options.addAll(List.of(line.group(1).split(" ")));
        Pair pair = Pair.create();
        KeyRing keys = KeyRing.of("first", StateKey.of(new byte[StateKey.LENGTH]));
        try (RedisProcess process = RedisProcess.start(directory, options.toArray(String[]::new));
                SessionStore store =
                        open("redis://127.0.0.1:" + process.port() + "/0", "app", "PASSWORD".toCharArray())) {
            StoredSessions sessions = StoredSessions.of(store, keys, pair.server());
            try (SessionClaim claim = sessions.add(pair.establish().server())) {
                claim.wrap(new byte[1]);
            }
            SessionRecord record = store.find(store.list(10).get(0)).orElseThrow();
            assertThat(store.areOwned(List.of(record))).containsExactly(true);
            sessions.useKeys(keys.withCurrent("second", StateKey.of(new byte[StateKey.LENGTH])));
            assertThat(sessions.rotate(10)).isEqualTo(1);
            assertThat(sessions.revoke(Pair.CLIENT_ID)).isEqualTo(1);
            assertThat(store.insert(record)).isTrue();
            assertThat(store.delete(record)).isTrue();
            assertThat(store.insert(record)).isTrue();
            assertThat(store.deleteExpired(record.expires().plusSeconds(1), 10)).isEqualTo(1);
        }
    }

    @Test
    void sessionsAreKeptWhereEveryWriteIsOnDisk() throws Exception {
        try (RedisProcess process = RedisProcess.start(directory, "--appendonly", "yes", "--appendfsync", "always")) {
            RedisURI server = process.uri();
            // example: redis-keeping
            SessionStore store = RedisSessionStore.open(
                    server, RedisSessionStore.DEFAULT_PREFIX, AfterRestart.KEEP_SESSIONS_IF_EVERY_WRITE_IS_ON_DISK);
            // end
            try (store) {
                assertThat(store.list(Pair.CLIENT_ID)).isEmpty();
            }
        }
    }
}
