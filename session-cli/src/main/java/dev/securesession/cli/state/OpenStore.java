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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.postgresql.ds.PGSimpleDataSource;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

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

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

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
            Path file = path(name);
            return withDriver("org.xerial:sqlite-jdbc", () -> JdbcSessionStore.sqlite(file));
        }
        if (name.startsWith(POSTGRESQL)) {
            return withDriver("org.postgresql:postgresql", () -> postgresql(name));
        }
        if (name.startsWith("redis://") || name.startsWith("rediss://")) {
            return withDriver("io.lettuce:lettuce-core", () -> redis(name));
        }
        Matcher scheme = SCHEME.matcher(name);
        throw noStore(scheme.lookingAt() ? scheme.group() + " begins no store" : "this is no store");
    }

    /** Opens a store whose driver may be missing where somebody has put the class path together. */
    private static SessionStore withDriver(String artifact, Opening opening) throws IOException, Failure {
        try {
            return opening.open();
        } catch (NoClassDefFoundError e) {
            throw new Failure(
                    artifact + " is missing on the class path, which this kind of store needs (class " + e.getMessage()
                            + ")",
                    e);
        }
    }

    private SessionStore postgresql(String name) throws IOException {
        PGSimpleDataSource source = new PGSimpleDataSource();
        try {
            source.setUrl("jdbc:" + name);
        } catch (IllegalArgumentException e) {
            throw noStore("not an address of PostgreSQL");
        }
        return JdbcSessionStore.postgresql(source);
    }

    private SessionStore redis(String name) throws IOException {
        try {
            return Redis.open(name, redisPrefix, redisKeepsSessions);
        } catch (IllegalArgumentException e) {
            throw noStore("not an address of Redis");
        }
    }

    private Path path(String name) {
        String path = name.substring(name.indexOf(':') + 1);
        try {
            if (!path.isEmpty()) {
                return Path.of(path);
            }
        } catch (InvalidPathException e) {
            throw noStore("not a file name: " + Errors.oneLine(path));
        }
        throw noStore(name + " without a name");
    }

    /** Returns the refusal of a text that names no store. It does not repeat the text, which may have a password. */
    private ParameterException noStore(String found) {
        return new ParameterException(
                command.commandLine(),
                found + "; a STORE is file:FOLDER, sqlite:FILE, postgresql://HOST[:PORT]/DATABASE?user=USER,"
                        + " redis://HOST[:PORT]/NUMBER or rediss://HOST[:PORT]/NUMBER");
    }

    /** What needs Lettuce, apart: this class is loaded where Lettuce is missing, too. */
    private static final class Redis {
        private Redis() {}

        static SessionStore open(String name, String prefix, boolean keepsSessions) throws IOException {
            RedisURI uri = RedisURI.create(name);
            String password = System.getenv(REDIS_PASSWORD);
            if (password != null && !password.isEmpty()) {
                uri.setCredentialsProvider(new StaticCredentialsProvider(null, password.toCharArray()));
            }
            return RedisSessionStore.open(
                    uri,
                    prefix,
                    keepsSessions ? AfterRestart.KEEP_SESSIONS_IF_EVERY_WRITE_IS_ON_DISK : AfterRestart.END_SESSIONS);
        }
    }

    /** Opens a store. */
    private interface Opening {
        SessionStore open() throws IOException, Failure;
    }

    private static final Pattern SCHEME = Pattern.compile("[a-z]{1,20}:");
    private static final String FILE = "file:";
    private static final String SQLITE = "sqlite:";
    private static final String POSTGRESQL = "postgresql://";
    private static final String REDIS_PASSWORD = "REDISCLI_AUTH";
}
