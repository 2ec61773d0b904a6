package dev.securesession.cli.state;

import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import dev.securesession.store.FileSessionStore;
import dev.securesession.store.SessionStore;
import dev.securesession.store.jdbc.JdbcSessionStore;
import dev.securesession.store.redis.AfterRestart;
import dev.securesession.store.redis.RedisSessionStore;
import io.lettuce.core.RedisURI;
import io.lettuce.core.StaticCredentialsProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.postgresql.ds.PGSimpleDataSource;
import picocli.CommandLine.Option;

/** Opens stores by their names on the command line. */
final class OpenStore {
    @Option(
            names = "--redis-prefix",
            paramLabel = "TEXT",
            order = 30,
            defaultValue = RedisSessionStore.DEFAULT_PREFIX,
            description = "What all keys of a store in Redis begin with. Default: ${DEFAULT-VALUE}")
    @SuppressWarnings("NullAway.Init")
    private String redisPrefix;

    @Option(
            names = "--redis-keeps-sessions",
            order = 31,
            description = "The services open the store in Redis as one that keeps its sessions over a restart.")
    private boolean redisKeepsSessions;

    /** Opens a store that exists, the caller's to close. */
    SessionStore existing(String name) throws IOException, Failure {
        if (name.startsWith(FILE) || name.startsWith(SQLITE)) {
            if (!Files.exists(path(name))) {
                throw new Failure("there is no store " + name);
            }
        }
        return openOrMake(name);
    }

    /** Opens a store, the caller's to close; it is made if its folder, file or table does not exist. */
    SessionStore openOrMake(String name) throws IOException, Failure {
        if (name.startsWith(FILE)) {
            return FileSessionStore.open(path(name));
        }
        if (name.startsWith(SQLITE)) {
            return JdbcSessionStore.sqlite(path(name));
        }
        if (name.startsWith(POSTGRESQL)) {
            return postgresql(name);
        }
        if (name.startsWith("redis://") || name.startsWith("rediss://")) {
            return redis(name);
        }
        throw new Failure("not a store: it must begin with file:, sqlite:, postgresql://, redis:// or rediss://");
    }

    private static SessionStore postgresql(String name) throws IOException, Failure {
        PGSimpleDataSource source = new PGSimpleDataSource();
        try {
            source.setUrl("jdbc:" + name);
        } catch (IllegalArgumentException e) {
            // Not the text itself: it may have a password.
            throw new Failure("not an address of PostgreSQL; it is postgresql://HOST[:PORT]/DATABASE?user=USER", e);
        }
        return JdbcSessionStore.postgresql(source);
    }

    private SessionStore redis(String name) throws IOException, Failure {
        RedisURI uri;
        try {
            uri = RedisURI.create(name);
        } catch (IllegalArgumentException e) {
            throw new Failure("not an address of Redis; it is redis://HOST[:PORT]/NUMBER", e);
        }
        String password = System.getenv(REDIS_PASSWORD);
        if (password != null && !password.isEmpty()) {
            uri.setCredentialsProvider(new StaticCredentialsProvider(null, password.toCharArray()));
        }
        return RedisSessionStore.open(
                uri,
                redisPrefix,
                redisKeepsSessions ? AfterRestart.KEEP_SESSIONS_IF_EVERY_WRITE_IS_ON_DISK : AfterRestart.END_SESSIONS);
    }

    private static Path path(String name) throws Failure {
        String path = name.substring(name.indexOf(':') + 1);
        try {
            if (!path.isEmpty()) {
                return Path.of(path);
            }
        } catch (InvalidPathException e) {
            throw new Failure("not a file name: " + Errors.oneLine(path), e);
        }
        throw new Failure(name + " without a name; it is file:FOLDER or sqlite:FILE");
    }

    private static final String FILE = "file:";
    private static final String SQLITE = "sqlite:";
    private static final String POSTGRESQL = "postgresql://";
    private static final String REDIS_PASSWORD = "REDISCLI_AUTH";
}
