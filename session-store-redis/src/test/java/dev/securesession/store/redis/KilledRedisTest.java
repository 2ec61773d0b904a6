package dev.securesession.store.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.store.SessionStore;
import dev.securesession.testkit.KillCampaign;
import io.lettuce.core.RedisURI;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A service over Redis is killed again and again, and Redis itself: no number is used twice, no payload delivered twice.
 * {@code -Dcampaign.kills} sets how often, {@code -Dcampaign.database.kills} how often Redis.
 */
class KilledRedisTest {
    private static final int KILLS = Integer.getInteger("campaign.kills", 5);
    private static final int DATABASE_KILLS = Integer.getInteger("campaign.database.kills", 4);
    private static final int PIPE = 1 << 16;

    @TempDir
    private Path directory;

    @Test
    void sessionsOutliveTheProcessThatUsesRedis() throws Exception {
        try (RedisProcess redis = RedisProcess.start(directory)) {
            run(KillCampaign.of(KillCampaign.Victim.process(Node.class, String.valueOf(redis.port())), KILLS));
        }
    }

    @Test
    void sessionsEndWithRedis() throws Exception {
        try (RedisProcess redis = RedisProcess.start(directory, "--appendonly", "yes", "--appendfsync", "no");
                SessionStore store = RedisSessionStore.open(redis.uri())) {
            run(KillCampaign.of(new Server(redis, store), DATABASE_KILLS).whereSessionsEnd());
        }
    }

    @Test
    void sessionsOutliveARedisThatHasEveryWriteOnItsDisk() throws Exception {
        try (RedisProcess redis = RedisProcess.start(directory, "--appendonly", "yes", "--appendfsync", "always");
                SessionStore store = RedisSessionStore.open(
                        redis.uri(), "kept:", AfterRestart.KEEP_SESSIONS_IF_EVERY_WRITE_IS_ON_DISK)) {
            run(KillCampaign.of(new Server(redis, store), DATABASE_KILLS));
        }
    }

    private static void run(KillCampaign campaign) throws Exception {
        String happened = campaign.run();
        System.out.println(happened);
        assertThat(happened).contains("requests answered");
    }

    /** The service that is killed. */
    static final class Node {
        private Node() {}

        public static void main(String[] arguments) throws Exception {
            try (SessionStore store =
                    RedisSessionStore.open(RedisURI.create("127.0.0.1", Integer.parseInt(arguments[0])))) {
                KillCampaign.serve(store, System.in, System.out);
            }
        }
    }

    /** Redis under a service that goes on. */
    private static final class Server implements KillCampaign.Victim {
        private final RedisProcess redis;
        private final SessionStore store;
        private final KillCampaign.Link link;
        private boolean killed;

        Server(RedisProcess redis, SessionStore store) throws IOException {
            this.redis = redis;
            this.store = store;
            PipedOutputStream requests = new PipedOutputStream();
            PipedOutputStream replies = new PipedOutputStream();
            PipedInputStream in = new PipedInputStream(requests, PIPE);
            link = new KillCampaign.Link(new PipedInputStream(replies, PIPE), requests);
            Thread service = new Thread(() -> serve(store, in, replies), "service");
            service.setDaemon(true);
            service.start();
        }

        private static void serve(SessionStore store, PipedInputStream in, PipedOutputStream out) {
            try {
                KillCampaign.serve(store, in, out);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public synchronized KillCampaign.Link start() throws Exception {
            if (killed) {
                redis.start();
                killed = false;
                LostWritesTest.untilConnected(store);
            }
            return link;
        }

        @Override
        public synchronized void kill() {
            killed = true;
            redis.kill();
        }
    }
}
