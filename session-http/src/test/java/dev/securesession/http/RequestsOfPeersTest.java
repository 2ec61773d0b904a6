package dev.securesession.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.securesession.PeerId;
import dev.securesession.testsupport.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A peer whose requests take long leaves room for others, from however many addresses it sends them. */
class RequestsOfPeersTest extends ServedPeers {
    private static final PeerId SLOW = PeerId.ofUtf8("slow");
    private static final int LIMIT = 8;

    private final AtomicInteger working = new AtomicInteger();
    private final CountDownLatch free = new CountDownLatch(1);

    RequestsOfPeersTest() {
        super(HttpClientOptions.defaults());
    }

    @Test
    @Rule(value = "HT-6", kind = Rule.Kind.ACCEPTS)
    @Rule(value = "HT-6", kind = Rule.Kind.REFUSES)
    void onePeerLeavesRoomForAnother() throws Exception {
        serve();
        try (HttpSessionClient slow = client("slow")) {
            slow.send(new byte[0]);
            List<CompletableFuture<byte[]>> answers = new ArrayList<>();
            for (int i = 0; i < LIMIT; i++) {
                answers.add(slow.sendAsync(new byte[1], Repetition.NEVER));
            }
            anotherPeerIsServed(answers);
        }
    }

    /** The server learns who has sent such a request when the handshake is over, just before it acts upon it. */
    @Test
    void onePeerLeavesRoomForAnotherWithTheFirstRequestsOfItsSessions() throws Exception {
        serve();
        List<HttpSessionClient> clients = new ArrayList<>();
        List<CompletableFuture<byte[]>> answers = new ArrayList<>();
        try {
            for (int i = 0; i < LIMIT * 3 / 4; i++) {
                HttpSessionClient slow =
                        client("slow", HttpClientOptions.defaults().withEarlyRequests());
                clients.add(slow);
                answers.add(slow.sendAsync(new byte[1], Repetition.NEVER));
            }
            anotherPeerIsServed(answers);
        } finally {
            clients.forEach(HttpSessionClient::close);
        }
    }

    /** The limit of one address stands for the addresses of many machines: it is not what saves the other peer. */
    private void serve() throws Exception {
        HttpServerOptions options = HttpServerOptions.defaults()
                .withRequestLimit(LIMIT)
                .withRequestLimitPerAddress(100 * LIMIT)
                .withRequestLimitPerPeer(2);
        serve(options, (peer, request) -> {
            if (peer.equals(SLOW) && request.length > 0) {
                working.incrementAndGet();
                assertThat(free.await(60, TimeUnit.SECONDS)).isTrue();
            }
            return request;
        });
    }

    private void anotherPeerIsServed(List<CompletableFuture<byte[]>> answers) throws Exception {
        await(() -> working.get()
                        + answers.stream().filter(CompletableFuture::isDone).count()
                == answers.size());
        assertThatCode(() -> assertThat(send("quick", new byte[3])).hasSize(3)).doesNotThrowAnyException();
        assertThat(server.counters().requests()).isEqualTo(2);
        // Those that arrive at the same time make room for each other: while their bodies are awaited, and while
        // their clients read that they were refused.
        HttpServerCounters now = server.counters();
        assertThat(now.turnedAway() + now.evicted()).isGreaterThanOrEqualTo(answers.size() - 2);

        free.countDown();
        long answered = answers.stream()
                .map(answer -> answer.handle((body, failure) -> failure == null))
                .filter(succeeded -> succeeded.orTimeout(60, TimeUnit.SECONDS).join())
                .count();
        assertThat(answered).isEqualTo(2);
    }
}
