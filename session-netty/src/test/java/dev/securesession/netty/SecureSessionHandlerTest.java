package dev.securesession.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.securesession.HandshakeException;
import dev.securesession.IdentityPublicKey;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.transport.ConnectionOptions;
import dev.securesession.transport.Framing;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.UnsupportedMessageTypeException;
import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A session over two channels without a network. */
class SecureSessionHandlerTest {
    private static final SecureSessionOptions DEFAULTS = SecureSessionOptions.defaults();

    /** The server has the first payload one round trip after the client's first message. */
    @Test
    void earlyDataTravelsWithTheLastMessageOfTheClient() {
        try (Wire wire = Peers.wire(SecureSessionOptions.defaults().withEarlyData())) {
            wire.connect();
            wire.client.write("first");
            wire.server.arrives(wire.client.sent());
            wire.client.arrives(wire.server.sent());
            wire.client.write("second");
            wire.server.arrives(wire.client.sent());

            assertThat(wire.server.texts()).containsExactly("first", "second");
            assertThat(wire.client.session().session()).isEmpty();

            wire.exchange();
            wire.client.write("third");
            wire.server.write("answer");
            wire.exchange();
            assertThat(wire.server.texts()).containsExactly("third");
            assertThat(wire.client.texts()).containsExactly("answer");
        }
    }

    @Test
    void writesWaitForTheWholeHandshakeWithoutEarlyData() {
        try (Wire wire = Peers.wire()) {
            wire.connect();
            wire.client.write("first");
            wire.server.arrives(wire.client.sent());
            wire.client.arrives(wire.server.sent());
            wire.server.arrives(wire.client.sent());

            assertThat(wire.server.texts()).isEmpty();
            wire.exchange();
            assertThat(wire.server.texts()).containsExactly("first");
        }
    }

    @Test
    void exchangesMessagesInBothDirections() {
        try (Wire wire = Peers.wire().established()) {
            wire.client.write("question");
            wire.client.write("second question");
            wire.exchange();
            wire.server.write("answer");
            wire.exchange();

            assertThat(wire.server.texts()).containsExactly("question", "second question");
            assertThat(wire.client.texts()).containsExactly("answer");
        }
    }

    @Test
    void tellsOfTheHandshakeByFutureAndEvent() {
        try (Wire wire = Peers.wire()) {
            List<SecureSession> told = new ArrayList<>();
            wire.client.channel.pipeline().get(SecureSessionHandler.class).handshake();
            wire.connect();
            wire.server.session().handshake().addListener(done -> told.add((SecureSession) done.getNow()));
            assertThat(wire.server.session().session()).isEmpty();
            wire.exchange();

            SecureSession session = wire.server.session().session().orElseThrow();
            assertThat(session.peer()).isEqualTo(Peers.CLIENT);
            assertThat(told).containsExactly(session);
            assertThat(wire.server.events).singleElement().satisfies(event -> {
                HandshakeCompletion completion = (HandshakeCompletion) event;
                assertThat(completion.session()).hasValue(session);
                assertThat(completion.cause()).isEmpty();
            });
            assertThat(wire.client.session().session().orElseThrow().peer()).isEqualTo(Peers.SERVER);
        }
    }

    @Test
    void startsInAPipelineThatIsActiveAlready() {
        try (Wire wire = new Wire(new ChannelHandler[0], new ChannelHandler[0])) {
            wire.connect();
            wire.server.channel.pipeline().addFirst(SecureSessionHandler.server(Peers.server(), DEFAULTS));
            wire.client.channel.pipeline().addFirst(SecureSessionHandler.client(Peers.client(), Peers.SERVER));
            wire.exchange();

            assertThat(wire.client.session().handshake().isSuccess()).isTrue();
        }
    }

    @Test
    void payloadsAreHeapBuffersOfTheAllocatorOfTheChannel() {
        try (Wire wire = Peers.wire().established()) {
            wire.client.write("payload");
            wire.exchange();

            assertThat(wire.allocator.metric().usedHeapMemory()).isPositive();
        }
    }

    // ---- writes before the end of the handshake

    @Test
    void writesBeforeTheHandshakeWaitAndKeepTheirOrder() {
        try (Wire wire = Peers.wire()) {
            wire.connect();
            ChannelFuture first = wire.client.channel.writeOneOutbound(wire.client.buffer("1"));
            first.addListener(done -> wire.client.write("4, from a listener"));
            wire.client.write("2");
            wire.client.session().handshake().addListener(done -> wire.client.write("5, after the handshake"));
            wire.client.write("3");
            assertThat(first.isDone()).isFalse();
            wire.exchange();

            assertThat(first.isSuccess()).isTrue();
            assertThat(wire.server.texts())
                    .containsExactly("1", "2", "3", "4, from a listener", "5, after the handshake");
        }
    }

    @Test
    void writesThatWereNotFlushedAreNotFlushedByTheHandshake() {
        try (Wire wire = Peers.wire()) {
            wire.connect();
            ChannelFuture write = wire.client.channel.writeOneOutbound(wire.client.buffer("1"));
            wire.exchange();
            assertThat(write.isDone()).isFalse();
            assertThat(wire.server.texts()).isEmpty();

            wire.client.channel.flushOutbound();
            wire.exchange();
            assertThat(wire.server.texts()).containsExactly("1");
        }
    }

    @Test
    void aFailedHandshakeFailsTheWritesThatWait() {
        try (Wire wire = new Wire(
                SecureSessionHandler.client(Peers.stranger(), Peers.SERVER),
                SecureSessionHandler.server(Peers.server(), DEFAULTS))) {
            wire.connect();
            ChannelFuture write = wire.client.channel.writeOneOutbound(wire.client.buffer("1"));
            ChannelFuture answer = wire.server.channel.writeOneOutbound(wire.server.buffer("2"));
            wire.exchange();

            HandshakeException refusal = (HandshakeException) wire.server.exception();
            assertThat(refusal.reason()).isEqualTo(HandshakeException.Reason.UNKNOWN_PEER);
            assertThat(answer.cause()).isSameAs(refusal);
            assertThat(wire.server.session().handshake().cause()).isSameAs(refusal);
            assertThat(wire.server.events)
                    .singleElement()
                    .satisfies(event ->
                            assertThat(((HandshakeCompletion) event).cause()).hasValue(refusal));
            assertThat(wire.server.channel.isOpen()).isFalse();

            wire.client.channel.close();
            wire.client.channel.runPendingTasks();
            assertThat(write.cause()).isInstanceOf(ClosedChannelException.class);
            assertThat(wire.client.session().handshake().cause()).isInstanceOf(ClosedChannelException.class);
        }
    }

    @Test
    void writesBeforeTheHandshakeAreBoundedAndCountForWritability() {
        try (Wire wire = Peers.wire(DEFAULTS.withMaxPendingBytes(2000))) {
            wire.client.channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(100, 500));
            wire.connect();
            assertThat(wire.client.channel.isWritable()).isTrue();
            ChannelFuture taken = wire.client.channel.writeOneOutbound(wire.client.buffer("x".repeat(1000)));
            assertThat(wire.client.channel.isWritable()).isFalse();
            ChannelFuture refused = wire.client.channel.writeOneOutbound(wire.client.buffer("x".repeat(1001)));
            wire.client.channel.flushOutbound();

            assertThat(refused.cause()).isInstanceOf(IOException.class).hasMessageContaining("2000");
            wire.exchange();
            assertThat(taken.isSuccess()).isTrue();
            assertThat(wire.client.channel.isWritable()).isTrue();
        }
    }

    @Test
    void refusesWhatCannotBeAMessage() {
        SecureSessionOptions narrow =
                DEFAULTS.withConnection(ConnectionOptions.defaults().withMaxMessageLength(100));
        try (Wire wire = Peers.wire(narrow).established()) {
            int longest = wire.client.session().maxPayloadLength();
            assertThat(longest).isEqualTo(100 - SecureSession.OVERHEAD);

            assertThat(wire.client
                            .channel
                            .writeOneOutbound(Unpooled.EMPTY_BUFFER)
                            .cause())
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(wire.client
                            .channel
                            .writeOneOutbound(wire.client.buffer("x".repeat(longest + 1)))
                            .cause())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("48");
            assertThat(wire.client.channel.writeOneOutbound("text").cause())
                    .isInstanceOf(UnsupportedMessageTypeException.class);
            wire.client.write("x".repeat(longest));
            wire.exchange();
            assertThat(wire.server.texts()).containsExactly("x".repeat(longest));
        }
    }

    // ---- what arrives and is refused

    @Test
    void aChangedMessageEndsTheConnection() {
        try (Wire wire = Peers.wire().established()) {
            SecureSession session = wire.server.session().session().orElseThrow();
            wire.client.write("payload");
            byte[] message = wire.client.sent();
            message[60] ^= 1;
            wire.server.arrives(message);

            assertThat(wire.server.exception()).isInstanceOf(MessageRejectedException.class);
            assertThat(wire.server.texts()).isEmpty();
            assertThat(wire.server.channel.isOpen()).isFalse();
            assertThat(session.isClosed()).isTrue();
        }
    }

    @Test
    void aRepeatedMessageEndsTheConnectionAndWhatFollowsIsDropped() {
        try (Wire wire = Peers.wire().established()) {
            wire.client.write("payload");
            byte[] message = wire.client.sent();
            wire.client.write("next");
            byte[] next = wire.client.sent();
            wire.server.arrives(message);
            wire.server.arrives(message);
            wire.server.channel.pipeline().fireChannelRead(Unpooled.wrappedBuffer(next));

            assertThat(wire.server.exception()).isInstanceOf(MessageRejectedException.class);
            assertThat(wire.server.texts()).containsExactly("payload");
        }
    }

    @Test
    void messagesInAnotherOrderAreRefused() {
        try (Wire wire = Peers.wire().established()) {
            wire.client.write("first");
            wire.client.sent();
            wire.client.write("second");
            wire.server.arrives(wire.client.sent());

            assertThat(((MessageRejectedException) wire.server.exception()).reason())
                    .isEqualTo(MessageRejectedException.Reason.OUT_OF_ORDER);
            assertThat(wire.server.texts()).isEmpty();
        }
    }

    @Test
    void aMessageBeyondTheLimitIsRefusedBeforeItArrives() {
        SecureSessionOptions narrow =
                DEFAULTS.withConnection(ConnectionOptions.defaults().withMaxMessageLength(1000));
        try (Wire wire = Peers.wire(narrow).established()) {
            wire.server.arrives(new byte[] {0, 0, 3, (byte) 0xE9});

            assertThat(wire.server.exception())
                    .isInstanceOf(ProtocolException.class)
                    .hasMessageContaining("1001")
                    .hasMessageContaining("1000");
        }
    }

    @Test
    void aHandshakeMessageBeyondItsLimitIsRefusedBeforeItArrives() {
        try (Wire wire = Peers.wire()) {
            wire.connect();
            wire.server.arrives(new byte[] {0, 0, 0x40, 1});

            assertThat(wire.server.exception())
                    .isInstanceOf(ProtocolException.class)
                    .hasMessageContaining("16385");
            assertThat(wire.server.channel.isOpen()).isFalse();
        }
    }

    @Test
    void aMessageAsLongAsTheLimitIsAccepted() {
        SecureSessionOptions narrow =
                DEFAULTS.withConnection(ConnectionOptions.defaults().withMaxMessageLength(1000));
        try (Wire wire = Peers.wire(narrow).established()) {
            String longest = "x".repeat(wire.client.session().maxPayloadLength());
            assertThat(longest).hasSize(1000 - SecureSession.OVERHEAD);
            wire.client.write(longest);
            wire.exchange();

            assertThat(wire.server.texts()).containsExactly(longest);
        }
    }

    /** Without a framing of its own, the handler gets whole messages: their length is checked as they arrive. */
    @Test
    void theLimitHoldsForWholeMessagesToo() {
        for (int length : new int[] {16_384, 16_385}) {
            try (Wire wire = Peers.wire(DEFAULTS.withoutFraming())) {
                wire.connect();
                wire.server.arrives(new byte[length]);

                if (length == 16_384) {
                    assertThat(wire.server.exception()).isInstanceOf(HandshakeException.class);
                } else {
                    assertThat(wire.server.exception())
                            .isInstanceOf(ProtocolException.class)
                            .hasMessage("a message of 16385 bytes; the limit is 16384");
                }
            }
        }
    }

    @Test
    void anotherFramingIsRefused() {
        try (Wire wire =
                Peers.wire(DEFAULTS.withConnection(ConnectionOptions.defaults().withFraming(Framing.themisSocket())))) {
            wire.connect();
            wire.server.arrives(new byte[] {0, 0, 1, 0});

            assertThat(wire.server.exception())
                    .isInstanceOf(ProtocolException.class)
                    .hasMessageContaining("another framing");
        }
    }

    @Test
    void onlyBuffersAreAcceptedFromTheNetwork() {
        try (Wire wire = Peers.wire().established()) {
            wire.server.channel.pipeline().fireChannelRead("not authenticated");

            assertThat(wire.server.exception()).isInstanceOf(UnsupportedMessageTypeException.class);
            assertThat(wire.server.texts()).isEmpty();
            assertThat(wire.server.channel.isOpen()).isFalse();
        }
    }

    @Test
    void holdsAsMuchMemoryAsHasArrived() {
        try (Wire wire = Peers.wire().established()) {
            wire.server.arrives(new byte[] {1, 0, 0, 0});
            assertThat(wire.allocator.metric().usedHeapMemory()).isZero();
            wire.server.arrives(new byte[1]);
            assertThat(wire.allocator.metric().usedHeapMemory()).isEqualTo(4096);
            for (int i = 0; i < 10; i++) {
                wire.server.arrives(new byte[4096]);
            }
            assertThat(wire.allocator.metric().usedHeapMemory()).isLessThanOrEqualTo(2 * (4096 * 10 + 1));
        }
    }

    // ---- ends

    @Test
    void theEndOfTheNetworkDuringTheHandshakeIsReported() {
        try (Wire wire = Peers.wire()) {
            wire.connect();
            wire.client.channel.close();
            wire.server.channel.pipeline().fireChannelInactive();

            assertThat(wire.server.exception()).isInstanceOf(EOFException.class).hasMessageContaining("handshake");
            assertThat(wire.server.session().handshake().cause()).isInstanceOf(EOFException.class);
        }
    }

    @Test
    void theEndOfTheNetworkWithinAMessageIsReported() {
        try (Wire wire = Peers.wire().established()) {
            wire.client.write("payload");
            wire.server.arrives(wire.client.sent(), 0, 20);
            wire.server.channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);

            assertThat(wire.server.exception()).isInstanceOf(EOFException.class).hasMessageContaining("message");
        }
    }

    @Test
    void theEndOfTheNetworkBetweenMessagesIsNoException() {
        try (Wire wire = Peers.wire().established()) {
            SecureSession session = wire.server.session().session().orElseThrow();
            wire.server.channel.close();

            assertThat(wire.server.exceptions).isEmpty();
            assertThat(session.isClosed()).isTrue();
            assertThat(wire.server.channel.write(wire.server.buffer("late")).cause())
                    .isInstanceOf(ClosedChannelException.class);
        }
    }

    @Test
    void removingTheHandlerWipesTheKeys() {
        try (Wire wire = Peers.wire().established()) {
            SecureSession session = wire.server.session().session().orElseThrow();
            wire.server.channel.pipeline().remove(SecureSessionHandler.class);

            assertThat(session.isClosed()).isTrue();
        }
    }

    // ---- timeouts

    @Test
    void theFirstMessageHasADeadlineOfItsOwn() {
        try (Wire wire = Peers.wire()) {
            wire.connect();
            pass(wire.server, 4999);
            assertThat(wire.server.exceptions).isEmpty();
            pass(wire.server, 1);

            assertThat(wire.server.exception())
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessageContaining("5 s waiting for the first message");
            assertThat(wire.server.channel.isOpen()).isFalse();
            assertThat(wire.server.session().handshake().cause()).isInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void theWholeHandshakeHasADeadline() {
        try (Wire wire = Peers.wire()) {
            wire.connect();
            wire.server.arrives(wire.client.sent());
            pass(wire.server, 29_999);
            assertThat(wire.server.exceptions).isEmpty();
            pass(wire.server, 1);
            pass(wire.client, 30_000);

            assertThat(wire.server.exception())
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessageContaining("30 s waiting for the next message");
            assertThat(wire.client.exception()).isInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void deadlinesEndWithTheHandshake() {
        try (Wire wire = Peers.wire().established()) {
            pass(wire.server, 1_000_000);
            pass(wire.client, 1_000_000);
            wire.client.write("still here");
            wire.exchange();

            assertThat(wire.server.texts()).containsExactly("still here");
        }
    }

    @Test
    void anIdleConnectionIsClosed() {
        SecureSessionOptions options =
                DEFAULTS.withConnection(ConnectionOptions.defaults().withIdleTimeout(Duration.ofSeconds(10)));
        try (Wire wire = Peers.wire(options).established()) {
            pass(wire.server, 9_000);
            wire.client.write("received");
            wire.exchange();
            pass(wire.server, 9_000);
            wire.server.write("sent");
            pass(wire.server, 9_999);
            assertThat(wire.server.exceptions).isEmpty();
            pass(wire.server, 1);

            assertThat(wire.server.exception())
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessageContaining("10 s");
            assertThat(wire.server.channel.isOpen()).isFalse();
        }
    }

    @Test
    void aPeerThatDoesNotReadIsGivenUp() {
        List<ChannelPromise> stuck = new ArrayList<>();
        try (Wire wire = Peers.wire().established()) {
            wire.client.channel.pipeline().addFirst(new ChannelDuplexHandler() {
                @Override
                public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
                    ((ByteBuf) message).release();
                    stuck.add(promise);
                }
            });
            wire.client.write("1");
            wire.client.write("2");
            pass(wire.client, 59_000);
            stuck.get(0).setSuccess();
            pass(wire.client, 59_999);
            assertThat(wire.client.exceptions).isEmpty();
            pass(wire.client, 1);

            assertThat(wire.client.exception())
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessageContaining("60 s");
            stuck.get(1).setFailure(new ClosedChannelException());
        }
    }

    private static void pass(Wire.End end, long millis) {
        end.clock.advance(millis, TimeUnit.MILLISECONDS);
        end.channel.runScheduledPendingTasks();
        end.channel.runPendingTasks();
    }

    // ---- keys

    @Test
    void waitsForTheKeysOfAPeer() {
        CompletableFuture<List<IdentityPublicKey>> answer = new CompletableFuture<>();
        List<PeerId> asked = new ArrayList<>();
        try (Wire wire = asking(peer -> {
            asked.add(peer);
            return answer;
        })) {
            wire.connect();
            wire.client.write("payload");
            wire.exchange();
            assertThat(asked).containsExactly(Peers.CLIENT);
            assertThat(wire.server.session().handshake().isDone()).isFalse();

            answer.complete(List.of(Peers.clientKey()));
            wire.exchange();
            assertThat(wire.server.texts()).containsExactly("payload");
        }
    }

    @Test
    void anAnswerMayBeThereAtOnceOrComeFromAnotherThread() throws Exception {
        try (Wire wire = asking(peer -> CompletableFuture.completedFuture(List.of(Peers.clientKey())))) {
            wire.established();
        }
        CompletableFuture<List<IdentityPublicKey>> answer = new CompletableFuture<>();
        try (Wire wire = asking(peer -> answer)) {
            wire.connect();
            wire.exchange();
            Thread other = new Thread(() -> answer.complete(List.of(Peers.clientKey())));
            other.start();
            other.join();
            wire.exchange();
            assertThat(wire.server.session().handshake().isSuccess()).isTrue();
        }
    }

    @Test
    void aPeerWithoutKeysIsRefused() {
        try (Wire wire = asking(peer -> CompletableFuture.completedFuture(List.of()))) {
            wire.connect();
            wire.exchange();

            assertThat(((HandshakeException) wire.server.exception()).reason())
                    .isEqualTo(HandshakeException.Reason.UNKNOWN_PEER);
        }
    }

    @Test
    void aFailedLookUpFailsTheHandshake() {
        IllegalStateException failure = new IllegalStateException("the database is away");
        try (Wire wire = asking(peer -> CompletableFuture.failedFuture(failure))) {
            wire.connect();
            wire.exchange();
            assertThat(wire.server.exception()).isInstanceOf(IOException.class).hasCause(failure);
        }
        try (Wire wire = asking(peer -> {
            throw failure;
        })) {
            wire.connect();
            wire.exchange();
            assertThat(wire.server.exception()).isSameAs(failure);
        }
    }

    @Test
    void anAnswerAfterTheEndIsDropped() {
        CompletableFuture<List<IdentityPublicKey>> answer = new CompletableFuture<>();
        try (Wire wire = asking(peer -> answer)) {
            wire.connect();
            wire.exchange();
            pass(wire.server, 30_000);
            assertThat(wire.server.exception()).hasMessageContaining("waiting for keys");
            answer.complete(List.of(Peers.clientKey()));
            wire.exchange();

            assertThat(wire.server.session().session()).isEmpty();
            assertThat(wire.server.exceptions).hasSize(1);
        }
    }

    @Test
    void aConfigurationThatAsksNeedsALookUp() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SecureSessionHandler.server(Peers.serverThatAsks(), DEFAULTS))
                .withMessageContaining("look-up");
    }

    private static Wire asking(PeerKeyLookup lookup) {
        return new Wire(
                SecureSessionHandler.client(Peers.client(), Peers.SERVER),
                SecureSessionHandler.server(Peers.serverThatAsks(), DEFAULTS.withKeyLookup(lookup)));
    }

    // ---- another executor

    @Test
    void publicKeyOperationsRunOnTheExecutorAndWhatArrivesMeanwhileWaits() {
        ArrayDeque<Runnable> tasks = new ArrayDeque<>();
        try (Wire wire = new Wire(
                SecureSessionHandler.client(Peers.client(), Peers.SERVER, DEFAULTS.withExecutor(tasks::add)),
                SecureSessionHandler.server(Peers.server(), DEFAULTS))) {
            wire.connect();
            assertThat(wire.client.sent()).isEmpty();
            tasks.remove().run();
            wire.exchange();
            tasks.remove().run();
            wire.exchange();
            wire.server.write("x".repeat(70_000));
            wire.server.write("y");
            wire.exchange(length -> 1000);
            assertThat(wire.client.channel.config().isAutoRead()).isFalse();
            assertThat(wire.client.texts()).isEmpty();

            tasks.remove().run();
            wire.exchange();
            assertThat(wire.client.channel.config().isAutoRead()).isTrue();
            assertThat(wire.client.texts()).containsExactly("x".repeat(70_000), "y");
        }
    }

    @Test
    void readingThatTheApplicationHasSwitchedOffStaysOff() {
        ArrayDeque<Runnable> tasks = new ArrayDeque<>();
        try (Wire wire = new Wire(
                SecureSessionHandler.client(Peers.client(), Peers.SERVER, DEFAULTS.withExecutor(tasks::add)),
                SecureSessionHandler.server(Peers.server(), DEFAULTS))) {
            wire.client
                    .session()
                    .handshake()
                    .addListener(done -> wire.client.channel.config().setAutoRead(false));
            wire.connect();
            tasks.remove().run();
            wire.exchange();
            tasks.remove().run();
            wire.exchange();
            wire.server.write("x".repeat(70_000));
            wire.exchange(length -> 1000);
            assertThat(wire.client.channel.config().isAutoRead()).isFalse();

            tasks.remove().run();
            wire.exchange();
            assertThat(wire.client.texts()).containsExactly("x".repeat(70_000));
            assertThat(wire.client.channel.config().isAutoRead()).isFalse();
        }
    }

    /** The server may have sent everything, and closed, while the last message of the handshake is still being checked. */
    @Test
    void theEndOfTheConnectionDoesNotOvertakeWhatHasArrived() {
        for (boolean halfClose : new boolean[] {true, false}) {
            ArrayDeque<Runnable> tasks = new ArrayDeque<>();
            try (Wire wire = new Wire(
                    SecureSessionHandler.client(Peers.client(), Peers.SERVER, DEFAULTS.withExecutor(tasks::add)),
                    SecureSessionHandler.server(Peers.server(), DEFAULTS))) {
                wire.connect();
                tasks.remove().run();
                wire.exchange();
                tasks.remove().run();
                wire.exchange();
                wire.server.write("last words");
                wire.exchange();
                if (halfClose) {
                    wire.client.channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
                } else {
                    wire.client.channel.pipeline().fireChannelInactive();
                }
                assertThat(wire.client.events).isEmpty();

                tasks.remove().run();
                wire.client.channel.runPendingTasks();
                assertThat(wire.client.texts()).containsExactly("last words");
                assertThat(wire.client.exceptions).isEmpty();
                if (halfClose) {
                    assertThat(wire.client.events).endsWith(ChannelInputShutdownEvent.INSTANCE);
                }
            }
        }
    }

    @Test
    void aTaskThatEndsAfterTheConnectionLeavesNothing() {
        ArrayDeque<Runnable> tasks = new ArrayDeque<>();
        try (Wire wire = new Wire(
                SecureSessionHandler.client(Peers.client(), Peers.SERVER),
                SecureSessionHandler.server(Peers.server(), DEFAULTS.withExecutor(tasks::add)))) {
            wire.connect();
            wire.exchange();
            tasks.remove().run();
            wire.exchange();
            Runnable last = tasks.remove();
            wire.server.arrives(new byte[100]);
            wire.server.channel.close();
            last.run();
            wire.exchange();

            assertThat(wire.server.session().session()).isEmpty();
            assertThat(wire.server.channel.isOpen()).isFalse();
        }
    }

    /** With and without an executor, an Error of the program's own code ends the connection. */
    @Test
    void anErrorDuringTheHandshakeEndsTheConnection() {
        for (SecureSessionOptions options : List.of(DEFAULTS, DEFAULTS.withExecutor(Runnable::run))) {
            try (Wire wire = new Wire(
                    SecureSessionHandler.client(Peers.client(), Peers.SERVER),
                    SecureSessionHandler.server(
                            Peers.server().withDirectory(peer -> {
                                throw new AssertionError("of the directory, on purpose");
                            }),
                            options))) {
                wire.connect();
                wire.exchange();

                assertThat(wire.server.exception()).isInstanceOf(AssertionError.class);
                assertThat(wire.server.channel.isOpen()).isFalse();
            }
        }
    }

    @Test
    void anExecutorThatIsFullFailsTheHandshake() {
        RejectedExecutionException full = new RejectedExecutionException("full");
        try (Wire wire = new Wire(
                SecureSessionHandler.client(Peers.client(), Peers.SERVER),
                SecureSessionHandler.server(Peers.server(), DEFAULTS.withExecutor(task -> {
                    throw full;
                })))) {
            wire.connect();
            wire.exchange();

            assertThat(wire.server.exception()).isInstanceOf(IOException.class).hasCause(full);
        }
    }

    // ---- reads

    @Test
    void performsTheHandshakeWithoutAutoReadAndThenReadsOnlyWhatIsAskedFor() {
        List<String> reads = new ArrayList<>();
        ChannelHandler counter = new ChannelDuplexHandler() {
            @Override
            public void read(ChannelHandlerContext ctx) {
                reads.add("read");
                ctx.read();
            }
        };
        try (Wire wire = new Wire(
                new ChannelHandler[] {SecureSessionHandler.client(Peers.client(), Peers.SERVER)},
                new ChannelHandler[] {counter, SecureSessionHandler.server(Peers.server(), DEFAULTS)})) {
            wire.server.channel.config().setAutoRead(false);
            wire.connect();
            assertThat(reads).hasSize(1);
            wire.exchange();
            assertThat(wire.server.session().handshake().isSuccess()).isTrue();
            reads.clear();

            wire.client.write("payload");
            byte[] message = wire.client.sent();
            wire.server.arrives(message, 0, 30);
            assertThat(reads).as("reads on for the rest of the message").hasSize(1);
            wire.server.arrives(message, 30, message.length - 30);
            assertThat(reads).as("has delivered what was asked for").hasSize(1);
            assertThat(wire.server.texts()).containsExactly("payload");
        }
    }

    // ---- other framings

    @Test
    void worksOverACodecOfMessages() {
        SecureSessionOptions messages = DEFAULTS.withoutFraming();
        try (Wire wire = new Wire(
                new ChannelHandler[] {
                    new FramingCodec(Framing.themisSocket(), 65_535),
                    SecureSessionHandler.client(Peers.client(), Peers.SERVER, messages)
                },
                new ChannelHandler[] {
                    new FramingCodec(Framing.themisSocket(), 65_535),
                    SecureSessionHandler.server(Peers.server(), Peers.CLIENT, messages)
                })) {
            wire.connect();
            wire.exchange(length -> 7);
            wire.client.write("payload");
            wire.exchange(length -> 7);

            assertThat(wire.server.texts()).containsExactly("payload");
        }
    }

    @Test
    void describesItselfWithoutSecrets() {
        try (Wire wire = Peers.wire().established()) {
            assertThat(wire.server.session().toString()).contains("with \"client\"");
            assertThat(wire.server.events.get(0).toString()).startsWith("established session");
            assertThat(DEFAULTS.toString()).contains("1048576");
        }
    }
}
