package dev.securesession.netty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.testsupport.NoLeaks;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureStream;
import dev.securesession.transport.StreamAbortedException;
import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.concurrent.Future;
import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.net.Socket;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The stream layer over a session in a pipeline. */
@Timeout(120)
@ExtendWith(NoLeaks.class)
class SecureStreamHandlerTest {
    private static final SecureSessionOptions DEFAULTS = SecureSessionOptions.defaults();

    private static Wire streams() {
        return new Wire(
                new ChannelHandler[] {
                    SecureSessionHandler.client(Peers.client(), Peers.SERVER), new SecureStreamHandler()
                },
                new ChannelHandler[] {SecureSessionHandler.server(Peers.server(), DEFAULTS), new SecureStreamHandler()
                });
    }

    private static SecureStreamHandler stream(Wire.End end) {
        return end.channel.pipeline().get(SecureStreamHandler.class);
    }

    @Test
    void carriesBytesAndReportsTheEndOfEachDirection() {
        try (Wire wire = streams()) {
            wire.connect();
            wire.client.write("written before the handshake, ");
            wire.exchange();
            wire.client.write("and after it");
            ChannelFuture ended = stream(wire.client).shutdownOutput();
            wire.exchange();

            assertThat(ended.isSuccess()).isTrue();
            assertThat(String.join("", wire.server.texts())).isEqualTo("written before the handshake, and after it");
            assertThat(wire.server.events).endsWith(ChannelInputShutdownEvent.INSTANCE);
            assertThat(wire.server.channel.isOpen()).isTrue();

            wire.server.write("answer");
            stream(wire.server).shutdownOutput();
            wire.exchange();
            assertThat(wire.client.texts()).containsExactly("answer");
            assertThat(wire.client.events).endsWith(ChannelInputShutdownEvent.INSTANCE);
            assertThat(wire.client.channel.isOpen()).isTrue();
            assertThat(stream(wire.client).acknowledged().isDone()).isFalse();

            stream(wire.server).acknowledge();
            wire.exchange();
            assertThat(stream(wire.client).acknowledged().isSuccess()).isTrue();
            assertThat(wire.client.channel.isOpen()).isTrue();
            Future<Void> acknowledged = stream(wire.server).acknowledged();
            stream(wire.client).acknowledge();
            wire.exchange();
            assertThat(acknowledged.isSuccess()).isTrue();
            assertThat(wire.client.channel.isOpen()).isFalse();
            assertThat(wire.server.channel.isOpen()).isFalse();
            assertThat(wire.client.exceptions).isEmpty();
            assertThat(wire.server.exceptions).isEmpty();
        }
    }

    @Test
    void streamsFollowOneAnotherInOneSession() {
        try (Wire wire = streamsInTurn().established()) {
            for (int i = 1; i <= 3; i++) {
                Future<Void> acknowledged = stream(wire.client).acknowledged();
                wire.client.write("request " + i);
                assertThatThrownBy(stream(wire.client)::beginNext).isInstanceOf(IllegalStateException.class);
                complete(wire);

                assertThat(acknowledged.isSuccess()).isTrue();
                assertThat(wire.server.texts()).containsExactly("request " + i);
                assertThat(wire.client.channel.isOpen()).isTrue();
                beginNext(wire);
                assertThat(stream(wire.client).acknowledged().isDone()).isFalse();
            }
            wire.client.channel.writeAndFlush(Unpooled.EMPTY_BUFFER); // begins nothing
            wire.client.channel.close();
            wire.exchange();
            wire.server.channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);

            assertThat(wire.server.channel.isOpen()).isFalse();
            assertThat(wire.server.exceptions).isEmpty();
            assertThat(wire.client.exceptions).isEmpty();
        }
    }

    @Test
    void streamThatHasBegunAfterAnotherIsNotCutOffUnnoticed() {
        try (Wire wire = streamsInTurn().established()) {
            complete(wire);
            beginNext(wire);
            wire.client.write("begun");
            wire.exchange();
            wire.client.channel.close();
            wire.exchange();

            assertThat(wire.server.exceptions.get(0))
                    .isInstanceOfSatisfying(
                            StreamAbortedException.class,
                            abort -> assertThat(abort.code()).isEqualTo(StreamAbortedException.CLOSED));
        }
        try (Wire wire = streamsInTurn().established()) {
            complete(wire);
            beginNext(wire);
            wire.client.write("begun");
            wire.exchange();
            wire.server.channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);

            assertThat(wire.server.exceptions.get(0)).isInstanceOf(EOFException.class);
            assertThat(wire.server.channel.isOpen()).isFalse();
        }
    }

    /** Its peer has everything and waits for nothing. */
    @Test
    void completeStreamThatNoneFollowsEndsWithTheConnection() {
        try (Wire wire = streamsInTurn().established()) {
            complete(wire);
            wire.client.channel.close();
            wire.exchange();
            wire.server.channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);

            assertThat(wire.server.channel.isOpen()).isFalse();
            assertThat(wire.server.exceptions).isEmpty();
        }
    }

    /** The end of the network is told only once, and may come before our acknowledgement. */
    @Test
    void noStreamFollowsInAConnectionThatThePeerHasEnded() {
        try (Wire wire = streamsInTurn().established()) {
            SecureStreamHandler ours = stream(wire.client);
            ours.shutdownOutput();
            stream(wire.server).shutdownOutput();
            wire.exchange();
            stream(wire.server).acknowledge();
            wire.exchange();
            wire.client.channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            assertThat(wire.client.channel.isOpen()).isTrue();
            ChannelFuture acknowledged = ours.acknowledge();
            wire.exchange();

            assertThat(acknowledged.isSuccess()).isTrue();
            assertThat(wire.client.exceptions).isEmpty();
            assertThat(wire.client.channel.isOpen()).isFalse();
            assertThatThrownBy(ours::beginNext)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("connection has ended");
        }
    }

    @Test
    void handlerForOneStreamBeginsNoOther() {
        try (Wire wire = streams().established()) {
            assertThatThrownBy(stream(wire.client)::beginNext)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("forStreamsInTurn");
        }
        assertThatThrownBy(SecureStreamHandler.forStreamsInTurn()::beginNext).isInstanceOf(IllegalStateException.class);
    }

    private static Wire streamsInTurn() {
        return new Wire(
                new ChannelHandler[] {
                    SecureSessionHandler.client(Peers.client(), Peers.SERVER), SecureStreamHandler.forStreamsInTurn()
                },
                new ChannelHandler[] {
                    SecureSessionHandler.server(Peers.server(), DEFAULTS), SecureStreamHandler.forStreamsInTurn()
                });
    }

    /** Ends and acknowledges both directions. */
    private static void complete(Wire wire) {
        stream(wire.client).shutdownOutput();
        stream(wire.server).shutdownOutput();
        wire.exchange();
        stream(wire.client).acknowledge();
        stream(wire.server).acknowledge();
        wire.exchange();
    }

    private static void beginNext(Wire wire) {
        stream(wire.client).beginNext();
        stream(wire.server).beginNext();
    }

    @Test
    void dataThatCouldNotBeWrappedAreNeverFollowedByAnEnd() {
        try (Wire wire = streams().established()) {
            SecureStreamHandler stream = stream(wire.client);
            wire.client.write("before");
            OutOfMemoryError failure = new OutOfMemoryError();
            wire.client.channel.config().setAllocator(new FailingAllocator(failure));
            ChannelFuture lost = wire.client.channel.writeAndFlush(Unpooled.copiedBuffer("lost", UTF_8));
            wire.client.channel.config().setAllocator(wire.allocator);
            ChannelFuture after = wire.client.channel.writeAndFlush(Unpooled.copiedBuffer("after", UTF_8));
            ChannelFuture ended = stream.shutdownOutput();
            wire.exchange();

            assertThat(lost.cause()).isSameAs(failure);
            assertThat(after.isSuccess()).isFalse();
            assertThat(ended.isSuccess()).isFalse();
            assertThat(wire.client.channel.isOpen()).isFalse();
            assertThat(wire.client.exceptions).contains(failure);
            assertThat(String.join("", wire.server.texts())).isEqualTo("before");
            assertThat(wire.server.events).doesNotContain(ChannelInputShutdownEvent.INSTANCE);
            wire.server.channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            assertThat(wire.server.exceptions.get(0)).isInstanceOf(EOFException.class);
        }
    }

    @Test
    void dataBeyondTheLimitBeforeTheHandshakeAreNeverFollowedByAnEnd() {
        SecureSessionOptions options = DEFAULTS.withMaxPendingBytes(20_000);
        try (Wire wire = new Wire(
                new ChannelHandler[] {
                    SecureSessionHandler.client(Peers.client(), Peers.SERVER, options), new SecureStreamHandler()
                },
                new ChannelHandler[] {SecureSessionHandler.server(Peers.server(), DEFAULTS), new SecureStreamHandler()
                })) {
            SecureStreamHandler stream = stream(wire.client);
            wire.connect();
            ChannelFuture tooMuch = wire.client.channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[30_000]));
            ChannelFuture ended = stream.shutdownOutput();
            wire.exchange();

            assertThat(tooMuch.cause()).isInstanceOf(IOException.class);
            assertThat(ended.isSuccess()).isFalse();
            assertThat(wire.server.events).doesNotContain(ChannelInputShutdownEvent.INSTANCE);
        }
    }

    /** Has no memory left. */
    private static final class FailingAllocator extends AbstractByteBufAllocator {
        private final OutOfMemoryError failure;

        FailingAllocator(OutOfMemoryError failure) {
            super(true);
            this.failure = failure;
        }

        @Override
        protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
            throw failure;
        }

        @Override
        protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
            throw failure;
        }

        @Override
        public boolean isDirectBufferPooled() {
            return false;
        }
    }

    @Test
    void anAcknowledgementDoesNotWaitForTheOtherDirection() {
        try (Wire wire = streams().established()) {
            stream(wire.client).shutdownOutput();
            wire.exchange();
            ChannelFuture acknowledgement = stream(wire.server).acknowledge();
            wire.server.write("answer");
            wire.exchange();

            assertThat(acknowledgement.isSuccess()).isTrue();
            assertThat(stream(wire.client).acknowledged().isSuccess()).isTrue();
            assertThat(wire.client.texts()).containsExactly("answer");
            assertThat(stream(wire.server).acknowledge().cause()).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void refusesToAcknowledgeBeforeTheEnd() {
        try (Wire wire = streams().established()) {
            assertThat(stream(wire.server).acknowledge().cause()).isInstanceOf(IllegalStateException.class);
            assertThat(stream(wire.server).acknowledged().isDone()).isFalse();
        }
        assertThatThrownBy(() -> new SecureStreamHandler().acknowledged()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aFailureAfterBothEndsIsNoDelivery() {
        for (int way = 0; way < 5; way++) {
            try (Wire wire = streams().established()) {
                stream(wire.client).shutdownOutput();
                stream(wire.server).shutdownOutput();
                wire.exchange();
                stream(wire.client).acknowledge();
                Future<Void> acknowledged = stream(wire.client).acknowledged();
                switch (way) {
                    case 0 -> stream(wire.server).abort(300, "disk full");
                    case 1 -> wire.server.channel.close();
                    case 2 -> wire.client.channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
                    case 3 -> wire.client.channel.close();
                    default -> wire.client.channel.pipeline().remove(SecureStreamHandler.class);
                }
                wire.exchange();

                assertThat(acknowledged.cause()).as("way %s", way).isInstanceOf(IOException.class);
                if (way < 2) {
                    assertThat(wire.client.exception()).isInstanceOf(StreamAbortedException.class);
                } else if (way == 2) {
                    assertThat(wire.client.exception()).hasMessageContaining("before the peer acknowledged");
                }
            }
        }
    }

    @Test
    void closingAfterEndAndAcknowledgementIsNoAbort() {
        try (Wire wire = streams().established()) {
            stream(wire.client).shutdownOutput();
            stream(wire.server).shutdownOutput();
            wire.exchange();
            stream(wire.client).acknowledge();
            wire.client.channel.close();
            wire.exchange();

            assertThat(stream(wire.server).acknowledged().isSuccess()).isTrue();
            assertThat(wire.server.exceptions).isEmpty();
        }
    }

    @Test
    void longBuffersTravelInChunks() {
        try (Wire wire = streams().established()) {
            String text = "0123456789".repeat(10_000);
            ChannelFuture write = wire.client.channel.writeOneOutbound(wire.client.buffer(text));
            wire.client.channel.flushOutbound();
            wire.exchange(length -> 5000);

            assertThat(write.isSuccess()).isTrue();
            assertThat(wire.server.texts())
                    .hasSize(4)
                    .satisfies(parts -> assertThat(String.join("", parts)).isEqualTo(text));
        }
    }

    @Test
    void refusesDataAfterTheEnd() {
        try (Wire wire = streams().established()) {
            stream(wire.client).shutdownOutput();
            ChannelFuture late = wire.client.channel.writeOneOutbound(wire.client.buffer("late"));

            assertThat(late.cause()).isInstanceOf(IllegalStateException.class);
            assertThat(stream(wire.client).shutdownOutput().cause()).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void anAbortReachesThePeerWithItsReason() {
        try (Wire wire = streams().established()) {
            wire.client.write("partial");
            stream(wire.client).abort(300, "disk full");
            wire.exchange();

            StreamAbortedException abort = (StreamAbortedException) wire.server.exception();
            assertThat(abort.code()).isEqualTo(300);
            assertThat(abort.reason()).isEqualTo("disk full");
            assertThat(wire.server.channel.isOpen()).isFalse();
            wire.client.channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            assertThat(wire.client.channel.isOpen()).isFalse();
            assertThat(wire.client.exceptions).isEmpty();
        }
        try (Wire wire = streams().established()) {
            assertThat(stream(wire.client).abort(2, "not ours to give").cause())
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void aPeerThatGoesOnSendingHoldsUpAnAbortForASecondAtMost() {
        try (Wire wire = streams().established()) {
            EmbeddedChannel aborting = wire.client.channel;
            stream(wire.client).abort(300, "disk full");
            wire.server.write("does not know it yet");
            wire.client.arrives(wire.server.sent());
            assertThat(wire.client.texts()).isEmpty();
            assertThat(aborting.isOpen()).isTrue();

            wire.client.clock.advance(1, TimeUnit.SECONDS);
            aborting.runScheduledPendingTasks();
            assertThat(aborting.isOpen()).isFalse();
        }
    }

    @Test
    void closingBeforeTheEndIsAnAbort() {
        try (Wire wire = streams().established()) {
            wire.client.write("partial");
            wire.client.channel.close();
            wire.exchange();

            assertThat(((StreamAbortedException) wire.server.exception()).code())
                    .isEqualTo(StreamAbortedException.CLOSED);
            assertThat(wire.server.events).doesNotContain(ChannelInputShutdownEvent.INSTANCE);
            assertThat(wire.client.channel.isOpen()).isFalse();
        }
    }

    @Test
    void aConnectionThatIsCutIsNoEnd() {
        try (Wire wire = streams().established()) {
            wire.client.write("partial");
            wire.exchange();
            wire.server.channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);

            assertThat(wire.server.exception()).isInstanceOf(EOFException.class).hasMessageContaining("incomplete");
            assertThat(wire.server.events).doesNotContain(ChannelInputShutdownEvent.INSTANCE);
            assertThat(wire.server.channel.isOpen()).isFalse();
        }
    }

    @Test
    void aPeerWithoutTheStreamLayerIsRefused() {
        try (Wire wire = new Wire(
                new ChannelHandler[] {SecureSessionHandler.client(Peers.client(), Peers.SERVER)},
                new ChannelHandler[] {SecureSessionHandler.server(Peers.server(), DEFAULTS), new SecureStreamHandler()
                })) {
            wire.established();
            wire.client.write("plain message");
            wire.exchange();

            assertThat(wire.server.exception()).isInstanceOf(ProtocolException.class);
            assertThat(wire.client.texts())
                    .singleElement()
                    .satisfies(abort -> assertThat(abort).startsWith("\u0003\u0000\u0001"));
            assertThat(wire.server.channel.isOpen()).isFalse();
        }
    }

    @Test
    void keepAlivesCarryNothing() {
        try (Wire wire = streams().established()) {
            ChannelFuture sent = stream(wire.client).sendKeepAlive();
            wire.exchange();

            assertThat(sent.isSuccess()).isTrue();
            assertThat(wire.server.texts()).isEmpty();
            assertThat(wire.server.exceptions).isEmpty();
        }
    }

    /** An application that reads by hand asks once, and waits for data. */
    @Test
    void readsOnByItselfWhenAFrameWithoutDataHasArrived() {
        AtomicInteger reads = new AtomicInteger();
        ChannelHandler counter = new ChannelDuplexHandler() {
            @Override
            public void read(ChannelHandlerContext ctx) {
                reads.incrementAndGet();
                ctx.read();
            }
        };
        try (Wire wire = new Wire(
                new ChannelHandler[] {
                    SecureSessionHandler.client(Peers.client(), Peers.SERVER), new SecureStreamHandler()
                },
                new ChannelHandler[] {
                    counter, SecureSessionHandler.server(Peers.server(), DEFAULTS), new SecureStreamHandler()
                })) {
            wire.established();
            stream(wire.server).shutdownOutput();
            wire.exchange();
            stream(wire.client).sendKeepAlive();
            byte[] keepAlive = wire.client.sent();
            wire.client.write("data");
            byte[] data = wire.client.sent();
            stream(wire.client).sendKeepAlive();
            wire.client.write("data after a frame without data");
            byte[] both = wire.client.sent();
            stream(wire.client).acknowledge();
            byte[] acknowledgement = wire.client.sent();
            stream(wire.client).shutdownOutput();
            byte[] end = wire.client.sent();

            wire.server.channel.config().setAutoRead(false);
            assertThat(readsFor(keepAlive, wire.server, reads)).isEqualTo(1);
            assertThat(readsFor(data, wire.server, reads)).isZero();
            assertThat(readsFor(both, wire.server, reads)).isZero();
            assertThat(readsFor(acknowledgement, wire.server, reads)).isEqualTo(1);
            assertThat(readsFor(end, wire.server, reads)).isEqualTo(1);
            assertThat(wire.server.texts()).containsExactly("data", "data after a frame without data");
            assertThat(stream(wire.server).acknowledged().isSuccess()).isTrue();
            assertThat(wire.server.events).endsWith(ChannelInputShutdownEvent.INSTANCE);
        }
    }

    private static int readsFor(byte[] message, Wire.End end, AtomicInteger reads) {
        reads.set(0);
        end.arrives(message);
        return reads.get();
    }

    @Test
    void needsASession() {
        EmbeddedChannel channel = new EmbeddedChannel();
        channel.pipeline().addLast(new SecureStreamHandler());
        assertThatThrownBy(channel::checkException).hasStackTraceContaining("add a SecureSessionHandler first");
        assertThatThrownBy(() -> new SecureStreamHandler().shutdownOutput()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void talksToABlockingStream() throws Exception {
        byte[] sent = new byte[1_000_000];
        new Random(7).nextBytes(sent);
        try (NettyServer server = new NettyServer(() -> new ChannelHandler[] {
                    SecureSessionHandler.server(Peers.server(), DEFAULTS), new SecureStreamHandler(), new EchoToTheEnd()
                });
                SecureStream stream = SecureStream.over(SecureConnection.connect(
                        new Socket(
                                server.address().getAddress(), server.address().getPort()),
                        Peers.client(),
                        Peers.SERVER))) {
            Thread writer = new Thread(() -> {
                try {
                    stream.output().write(sent);
                    stream.shutdownOutput();
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            writer.start();
            assertThat(stream.input().readAllBytes()).isEqualTo(sent);
            writer.join();
            stream.acknowledge();
            stream.awaitAcknowledgement();
        }
    }

    @Test
    void aBlockingStreamLearnsOfAnAbort() throws Exception {
        try (NettyServer server = new NettyServer(() -> new ChannelHandler[] {
                    SecureSessionHandler.server(Peers.server(), DEFAULTS),
                    new SecureStreamHandler(),
                    new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelRead(ChannelHandlerContext ctx, Object message) {
                            ((ByteBuf) message).release();
                            ctx.pipeline().get(SecureStreamHandler.class).abort(256, "no");
                        }
                    }
                });
                SecureStream stream = SecureStream.over(SecureConnection.connect(
                        new Socket(
                                server.address().getAddress(), server.address().getPort()),
                        Peers.client(),
                        Peers.SERVER))) {
            stream.output().write(1);
            assertThatThrownBy(() -> stream.input().read())
                    .isInstanceOf(StreamAbortedException.class)
                    .hasMessageContaining("256: no");
        }
    }

    /** Sends everything back, and the end too, and acknowledges what it has got. */
    private static final class EchoToTheEnd extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.writeAndFlush(message);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                SecureStreamHandler stream = ctx.pipeline().get(SecureStreamHandler.class);
                stream.shutdownOutput();
                stream.acknowledge();
            }
        }
    }
}
