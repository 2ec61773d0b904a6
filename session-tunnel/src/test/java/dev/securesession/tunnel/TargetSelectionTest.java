package dev.securesession.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.LocalIdentity;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.netty.SecureSessionHandler;
import dev.securesession.netty.SecureSessionOptions;
import dev.securesession.netty.SecureStreamHandler;
import dev.securesession.testsupport.Rule;
import dev.securesession.transport.StreamLayer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What holds for a session that has named no target yet; the test moves the bytes and the clock. */
class TargetSelectionTest {
    private static final TunnelOptions OPTIONS = TunnelOptions.defaults();

    private final MockTicker clock = Ticker.newMockTicker();
    private final TestTunnel.Told told = new TestTunnel.Told();
    private final Relays relays = new Relays(1, 1, told);
    private final Endpoints endpoints = new Endpoints(OPTIONS);
    private final EmbeddedChannel server = EmbeddedChannel.builder()
            .ticker(clock)
            .handlers(
                    SecureSessionHandler.server(
                            SessionConfig.of(
                                    LocalIdentity.of(TestTunnel.SERVER, TestTunnel.SERVER_KEYS.privateKey()),
                                    TestTunnel.ONLY_THE_CLIENT),
                            SecureSessionOptions.defaults().withConnection(Endpoints.connection(OPTIONS))),
                    new SecureStreamHandler(),
                    new TargetSelection(endpoints, relays, new NoTargets(), OPTIONS))
            .build();
    private final EmbeddedChannel client = EmbeddedChannel.builder()
            .ticker(clock)
            .handlers(
                    SecureSessionHandler.client(TestTunnel.clientConfig(), TestTunnel.SERVER),
                    new SecureStreamHandler(),
                    new IgnoredFailures())
            .build();

    @AfterEach
    void close() {
        client.finishAndReleaseAll();
        server.finishAndReleaseAll();
        endpoints.close();
    }

    @Test
    void handshakeAndRequestHaveOneDeadline() {
        move(client, server);
        pass(8);
        establish();
        pass(1);
        assertThat(told.refusals).isEmpty();

        pass(2);
        assertThat(told.refusals).hasSize(1);
        assertThat(told.refusals.element().reason()).isEqualTo(TunnelRefusal.Reason.REQUEST);
        assertThat(told.refusals.element().cause()).hasMessage("the peer has named no target within 10 s");
    }

    @Test
    void sessionWithoutARequestCountsForTheLimitsUntilItsEnd() throws Exception {
        establish();
        assertThatExceptionOfType(TunnelException.class).isThrownBy(() -> relays.reserve(TestTunnel.CLIENT));

        server.close();
        assertThat(relays.reserve(TestTunnel.CLIENT)).isNotNull();
    }

    @Test
    void sessionBeyondALimitIsRefusedBeforeItsRequest() throws Exception {
        relays.reserve(TestTunnel.CLIENT);
        establish();

        assertThat(told.refusals).hasSize(1);
        assertThat(told.refusals.element().reason()).isEqualTo(TunnelRefusal.Reason.LIMIT);
    }

    @Test
    @Rule(value = "TN-8", kind = Rule.Kind.REFUSES)
    void messageWithMoreThanAChunkEndsTheConnection() {
        establish();
        ByteBuf payload = Unpooled.buffer().writeByte(StreamLayer.DATA).writeZero(StreamLayer.MAX_CHUNK_LENGTH + 1);
        client.pipeline().context(SecureStreamHandler.class).writeAndFlush(payload);
        move(client, server);

        assertThat(told.refusals).hasSize(1);
        assertThat(told.refusals.element().cause()).hasMessage("a message of 32822 bytes; the limit is 32821");
        assertThat(server.isOpen()).isFalse();
    }

    /** A chain of composite buffers of which each holds the one before costs as many calls to read a byte. */
    @Test
    void piecesThatWaitDoNotNest() {
        CompositeByteBuf all = null;
        for (int i = 0; i < 300; i++) {
            all = TargetSelection.joined(
                    UnpooledByteBufAllocator.DEFAULT, all, Unpooled.buffer(1).writeByte(i));
        }
        assertThat(all.readableBytes()).isEqualTo(300);
        assertThat(depth(all)).isEqualTo(1);
        assertThat(all.readByte()).isZero();
        all.release();
    }

    private static int depth(ByteBuf buffer) {
        ByteBuf inner = buffer;
        while (inner.unwrap() != null) {
            inner = inner.unwrap();
        }
        return inner instanceof CompositeByteBuf composite ? 1 + depth(composite.internalComponent(0)) : 0;
    }

    private void establish() {
        for (int i = 0; i < 4; i++) {
            move(client, server);
            move(server, client);
        }
        assertThat(server.pipeline().get(SecureSessionHandler.class).session()).isPresent();
    }

    private static void move(EmbeddedChannel from, EmbeddedChannel to) {
        from.runPendingTasks();
        for (Object sent = from.readOutbound(); sent != null; sent = from.readOutbound()) {
            to.pipeline().fireChannelRead(sent).fireChannelReadComplete();
        }
        to.runPendingTasks();
    }

    private void pass(int seconds) {
        clock.advance(seconds, TimeUnit.SECONDS);
        server.runScheduledPendingTasks();
    }

    private static final class NoTargets implements TargetSelection.Targets {
        @Override
        public TunnelAddress find(SecureSession session, String target) {
            throw new AssertionError("nobody asks for a target");
        }

        @Override
        public boolean mayContinue(SecureSession session) {
            throw new AssertionError("there is no spare session");
        }

        @Override
        public boolean isStillAllowed(Relay relay) {
            throw new AssertionError("there is no relay");
        }
    }
}
