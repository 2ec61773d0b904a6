package dev.securesession.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.netty.SecureSessionHandler;
import dev.securesession.netty.SecureStreamHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which times a relay gives to its peer and to its program; the test moves the clock. */
class RelayTest {
    private static final TunnelOptions OPTIONS =
            TunnelOptions.defaults().withKeepAlive(Duration.ofSeconds(1)).withMinPeerTimeout(Duration.ofSeconds(4));
    private static final int MORE_THAN_A_CHANNEL_HOLDS = 300_000;

    private final MockTicker clock = Ticker.newMockTicker();
    private final Network network = new Network();
    private final EmbeddedChannel session = EmbeddedChannel.builder()
            .ticker(clock)
            .handlers(
                    network,
                    SecureSessionHandler.client(TestTunnel.clientConfig(), TestTunnel.SERVER),
                    new SecureStreamHandler())
            .build();
    private final EmbeddedChannel program =
            EmbeddedChannel.builder().ticker(clock).build();
    private final List<TunnelEnd> ends = new ArrayList<>();

    @AfterEach
    void close() {
        program.finishAndReleaseAll();
        session.finishAndReleaseAll();
    }

    /** While the program takes nothing, nothing is read from the peer either, however often it sends. */
    @Test
    void peerHasItsWholeTimeFromTheMomentAtWhichItIsReadAgain() throws Exception {
        start();
        program.write(program.alloc().buffer().writeZero(MORE_THAN_A_CHANNEL_HOLDS));
        assertThat(session.config().isAutoRead()).isFalse();
        pass(10);
        assertThat(ends).isEmpty();

        program.flush();
        assertThat(session.config().isAutoRead()).isTrue();
        pass(3);
        assertThat(ends).isEmpty();
        pass(2);
        assertThat(ends).hasSize(1).first().asString().contains("nothing has arrived from the peer for 4 s");
    }

    /** Whatever waits for the network keeps the connection alive when it arrives. */
    @Test
    void keepAlivesDoNotPileUpForAPeerThatDoesNotRead() throws Exception {
        start();
        session.releaseOutbound();
        network.blocked = true;
        session.writeAndFlush(session.alloc().buffer().writeZero(MORE_THAN_A_CHANNEL_HOLDS));
        long before = session.bytesBeforeWritable();
        assertThat(before).isPositive();

        program.write(program.alloc().buffer().writeZero(MORE_THAN_A_CHANNEL_HOLDS));
        pass(20);

        assertThat(ends).isEmpty();
        assertThat(session.bytesBeforeWritable()).isEqualTo(before);
    }

    /** A target may reset its connection before it has the first bytes; nothing would end what starts after that. */
    @Test
    void doesNotStartAfterItHasFailed() throws Exception {
        Relay relay = relay();
        program.close();
        relay.fromSession(program.alloc().buffer().writeByte(1));
        assertThat(ends).hasSize(1);
        List<String> handlers = session.pipeline().names();
        relay.start();

        assertThat(session.pipeline().names()).isEqualTo(handlers);
    }

    private void start() throws TunnelException {
        relay().start();
    }

    private Relay relay() throws TunnelException {
        Relays.Place place = new Relays(1, 1, new TestTunnel.Told()).reserve(TestTunnel.SERVER);
        TunnelConnection facts = new TunnelConnection(TestTunnel.SERVER, null, "");
        Relay.Events events = new Relay.Events() {
            @Override
            public void opened(Relay opened) {}

            @Override
            public void closed(Relay closed, TunnelEnd end) {
                ends.add(end);
            }
        };
        Relay relay = Relay.fromClient(session, program, facts, place, OPTIONS, events, session::close);
        session.pipeline().addLast(relay.sessionEnd());
        program.pipeline().addLast(relay.plainEnd());
        return relay;
    }

    private void pass(int seconds) {
        for (int i = 0; i < 2 * seconds; i++) {
            clock.advance(500, TimeUnit.MILLISECONDS);
            session.runScheduledPendingTasks();
        }
    }

    /** Takes nothing while it is blocked. */
    private static final class Network extends ChannelOutboundHandlerAdapter {
        private boolean blocked;

        @Override
        public void flush(ChannelHandlerContext ctx) {
            if (!blocked) {
                ctx.flush();
            }
        }
    }
}
