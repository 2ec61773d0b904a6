package dev.securesession.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * Two channels without a network: the test moves the bytes, cut as it likes. Closing it checks that every buffer was
 * released.
 */
final class Wire implements AutoCloseable {
    final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
    final End client;
    final End server;

    Wire(ChannelHandler[] clientHandlers, ChannelHandler[] serverHandlers) {
        client = new End(allocator, clientHandlers);
        server = new End(allocator, serverHandlers);
    }

    Wire(ChannelHandler client, ChannelHandler server) {
        this(new ChannelHandler[] {client}, new ChannelHandler[] {server});
    }

    /** Connects both ends and performs the handshake. */
    Wire established() {
        connect();
        exchange();
        assertThat(client.session().handshake().isSuccess()).isTrue();
        assertThat(server.session().handshake().isSuccess()).isTrue();
        return this;
    }

    void connect() {
        server.connect();
        client.connect();
    }

    /** Moves bytes until both ends are silent. */
    void exchange() {
        exchange(length -> length);
    }

    /** Moves bytes in pieces of these lengths until both ends are silent. */
    void exchange(IntUnaryOperator pieces) {
        boolean moved;
        do {
            moved = move(client, server, pieces);
            moved |= move(server, client, pieces);
        } while (moved);
    }

    private static boolean move(End from, End to, IntUnaryOperator pieces) {
        byte[] bytes = from.sent();
        int at = 0;
        while (at < bytes.length && to.channel.isOpen()) {
            int length = Math.max(1, Math.min(pieces.applyAsInt(bytes.length - at), bytes.length - at));
            to.arrives(bytes, at, length);
            at += length;
        }
        return bytes.length > 0;
    }

    @Override
    public void close() {
        client.channel.finishAndReleaseAll();
        server.channel.finishAndReleaseAll();
        client.releaseReceived();
        server.releaseReceived();
        assertThat(allocator.metric().usedHeapMemory()).as("leaked heap bytes").isZero();
        assertThat(allocator.metric().usedDirectMemory())
                .as("leaked direct bytes")
                .isZero();
    }

    /** One channel and what its last handler saw. */
    static final class End {
        final MockTicker clock = Ticker.newMockTicker();
        final EmbeddedChannel channel;
        final List<Object> events = new ArrayList<>();
        final List<Throwable> exceptions = new ArrayList<>();
        private SecureSessionHandler session;
        private final List<ByteBuf> received = new ArrayList<>();

        End(UnpooledByteBufAllocator allocator, ChannelHandler... handlers) {
            channel = EmbeddedChannel.builder().register(false).ticker(clock).build();
            channel.config().setAllocator(allocator);
            for (ChannelHandler handler : handlers) {
                if (handler instanceof SecureSessionHandler given) {
                    session = given;
                }
            }
            channel.pipeline().addLast(handlers).addLast(new ChannelDuplexHandler() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object message) {
                    received.add((ByteBuf) message);
                }

                @Override
                public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                    events.add(event);
                }

                @Override
                public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                    exceptions.add(cause);
                }
            });
        }

        void connect() {
            try {
                channel.register();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }

        SecureSessionHandler session() {
            SecureSessionHandler found = channel.pipeline().get(SecureSessionHandler.class);
            if (found != null) {
                session = found;
            }
            return session;
        }

        /** Returns the bytes for the network since the last call. */
        byte[] sent() {
            channel.runPendingTasks();
            ByteBuf all = channel.alloc().buffer();
            try {
                for (Object message = channel.readOutbound(); message != null; message = channel.readOutbound()) {
                    ByteBuf bytes = (ByteBuf) message;
                    all.writeBytes(bytes);
                    bytes.release();
                }
                return ByteBufUtil.getBytes(all);
            } finally {
                all.release();
            }
        }

        void arrives(byte[] bytes) {
            arrives(bytes, 0, bytes.length);
        }

        void arrives(byte[] bytes, int at, int length) {
            channel.pipeline()
                    .fireChannelRead(channel.alloc().directBuffer(length).writeBytes(bytes, at, length))
                    .fireChannelReadComplete();
            channel.runPendingTasks();
        }

        ByteBuf buffer(String text) {
            return ByteBufUtil.writeUtf8(channel.alloc(), text);
        }

        void write(String text) {
            channel.writeOneOutbound(buffer(text));
            channel.flushOutbound();
        }

        /** Returns what has arrived since the last call. */
        List<String> texts() {
            List<String> texts = received.stream()
                    .map(each -> each.toString(StandardCharsets.UTF_8))
                    .toList();
            releaseReceived();
            return texts;
        }

        int receivedBytes() {
            return received.stream().mapToInt(ByteBuf::readableBytes).sum();
        }

        void releaseReceived() {
            received.forEach(ByteBuf::release);
            received.clear();
        }

        Throwable exception() {
            assertThat(exceptions).hasSize(1);
            return exceptions.get(0);
        }
    }
}
