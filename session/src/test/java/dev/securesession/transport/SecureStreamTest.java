package dev.securesession.transport;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Delivery;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.MemoryTransport;
import dev.securesession.testkit.Pair;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ProtocolException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.security.ProviderException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams between two peers, and what a peer may not do to one. */
class SecureStreamTest {
    private static final int SEEDS = 500;

    @Test
    @Rule(value = "ST-1", kind = ACCEPTS)
    void framesAreThoseOfTheDocument() throws Exception {
        ByteBuffer data = ByteBuffer.allocate(6);
        data.put(StreamFrame.DATA).put("hello".getBytes(UTF_8));

        assertThat(data.array()).isEqualTo(hex("0168656c6c6f"));
        assertThat(StreamFrame.end()).isEqualTo(hex("02"));
        assertThat(StreamFrame.abort(256, "disk full")).isEqualTo(hex("0301006469736b2066756c6c"));
        assertThat(StreamFrame.abort(2, "")).isEqualTo(hex("030002"));
        assertThat(StreamFrame.keepAlive()).isEqualTo(hex("04"));
        assertThat(StreamFrame.acknowledgement()).isEqualTo(hex("05"));
        for (String frame : new String[] {"0168", "02", "030002", "03010061", "03" + "00".repeat(257), "04", "05"}) {
            assertThat(StreamFrame.readType(ByteBuffer.wrap(hex(frame)))).isEqualTo(hex(frame)[0]);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"00", "0068", "01", "0200", "03", "0300", "0400", "0500", "06", "ff", "68656c6c6f"})
    @Rule(value = "ST-1", kind = REFUSES)
    void abortsAStreamAfterAFrameThatIsNone(String frame) throws Exception {
        try (Connected peers = connected()) {
            SecureStream stream = SecureStream.over(peers.server);
            peers.client.send(hex(frame));

            assertThatThrownBy(() -> stream.input().read()).isInstanceOfSatisfying(StreamAbortedException.class, e -> {
                assertThat(e.code()).isEqualTo(StreamAbortedException.PROTOCOL_ERROR);
                assertThat(e.isByPeer()).isFalse();
            });
            assertThat(peers.client.receive().orElseThrow()).startsWith(hex("030001"));
            assertThatThrownBy(() -> stream.input().read()).isInstanceOf(StreamAbortedException.class);
        }
    }

    @Test
    @Rule(value = "ST-1", kind = REFUSES)
    void refusesAReasonOfMoreThan255Bytes() {
        assertThatThrownBy(() -> StreamFrame.readType(ByteBuffer.wrap(hex("03" + "00".repeat(258)))))
                .isInstanceOf(ProtocolException.class);
    }

    @Test
    @Rule(value = "ST-2", kind = ACCEPTS)
    void largeWritesArriveInOrder() throws Exception {
        byte[] written = new byte[300_000];
        new Random(1).nextBytes(written);
        try (Connected peers = connected()) {
            SecureStream client = SecureStream.over(peers.client);
            SecureStream server = SecureStream.over(peers.server);
            client.output().write(written);
            client.shutdownOutput();

            assertThat(server.input().readAllBytes()).isEqualTo(written);
        }
    }

    @Test
    @Rule(value = "ST-2", kind = REFUSES)
    void datagramsCarryNoStream() throws Exception {
        MemoryTransport client = MemoryTransport.create(Delivery.UNORDERED);
        try (Connected peers = Connected.over(Pair.create(), client, client.peer())) {
            assertThatThrownBy(() -> SecureStream.over(peers.client)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    @Rule(value = "ST-3", kind = ACCEPTS)
    void oneDirectionGoesOnAfterTheEndOfTheOther() throws Exception {
        try (Connected peers = connected()) {
            SecureStream client = SecureStream.over(peers.client);
            SecureStream server = SecureStream.over(peers.server);
            client.output().write(7);
            client.shutdownOutput();
            client.shutdownOutput();
            assertThat(server.input().readAllBytes()).containsExactly(7);
            server.output().write(new byte[] {8, 9});
            server.output().close();

            assertThat(client.input().readAllBytes()).containsExactly(8, 9);
        }
    }

    @Test
    @Rule(value = "ST-8", kind = ACCEPTS)
    void bothWaitForEachOtherInAnyOrder() throws Exception {
        try (Threads threads = new Threads();
                Connected peers = connected()) {
            SecureStream client = SecureStream.over(peers.client);
            SecureStream server = SecureStream.over(peers.server);
            client.output().write(1);
            client.shutdownOutput();
            assertThat(server.input().readAllBytes()).containsExactly(1);
            server.acknowledge();
            server.acknowledge();
            server.output().write(2);
            server.shutdownOutput();
            Future<?> waiting = threads.run(() -> {
                server.awaitAcknowledgement();
                server.close();
                return null;
            });
            assertThat(client.input().readAllBytes()).containsExactly(2);
            client.acknowledge();
            client.awaitAcknowledgement();
            client.close();

            Threads.await(waiting);
            assertThat(peers.server.session().isClosed()).isTrue();
        }
    }

    @Test
    @Rule(value = "ST-8", kind = ACCEPTS)
    void anAcknowledgementArrivesWhileTheOtherDirectionGoesOn() throws Exception {
        try (Connected peers = connected()) {
            SecureStream client = SecureStream.over(peers.client);
            SecureStream server = SecureStream.over(peers.server);
            client.shutdownOutput();
            assertThat(server.input().read()).isEqualTo(-1);
            server.acknowledge();
            server.output().write(new byte[] {1, 2});
            server.shutdownOutput();

            assertThat(client.input().readAllBytes()).containsExactly(1, 2);
            client.acknowledge();
            client.awaitAcknowledgement();
        }
    }

    @Test
    @Rule(value = "ST-8", kind = REFUSES)
    void refusesAnAcknowledgementOfNothingAndASecondOne() throws Exception {
        ByteBuffer acknowledgement = ByteBuffer.wrap(StreamFrame.acknowledgement());
        StreamState state = new StreamState();
        assertThatThrownBy(() -> state.receive(acknowledgement)).isInstanceOf(ProtocolException.class);
        state.sentEnd();
        state.receive(acknowledgement);
        assertThatThrownBy(() -> state.receive(acknowledgement)).isInstanceOf(ProtocolException.class);

        try (Connected peers = connected()) {
            SecureStream stream = SecureStream.over(peers.server);
            peers.client.send(hex("05"));
            assertThatThrownBy(() -> stream.input().read()).isInstanceOf(StreamAbortedException.class);
            assertThat(peers.client.receive().orElseThrow()).startsWith(hex("030001"));
        }
    }

    @Test
    @Rule(value = "ST-8", kind = REFUSES)
    void acknowledgesNothingBeforeTheEndAndWaitsForNothingBeforeItHas() throws Exception {
        try (Connected peers = connected()) {
            SecureStream client = SecureStream.over(peers.client);
            SecureStream server = SecureStream.over(peers.server);
            server.shutdownOutput();

            assertThatThrownBy(client::acknowledge).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(client::awaitAcknowledgement).isInstanceOf(IllegalStateException.class);
            assertThat(client.input().read()).isEqualTo(-1);
            assertThatThrownBy(client::awaitAcknowledgement)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("acknowledge the end of the peer");
            client.acknowledge();
        }
    }

    @Test
    @Rule(value = "ST-9", kind = ACCEPTS)
    void whatIsAcknowledgedIsDeliveredWhateverComesLater() throws Exception {
        try (Connected peers = connected()) {
            SecureStream stream = SecureStream.over(peers.server);
            stream.output().write(1);
            stream.shutdownOutput();
            peers.client.send(hex("02"));
            peers.client.send(hex("05"));
            peers.client.close();

            assertThat(stream.input().read()).isEqualTo(-1);
            // The peer is gone: it does not wait for this.
            stream.acknowledge();
            stream.awaitAcknowledgement();
            stream.awaitAcknowledgement();
        }
    }

    @Test
    @Rule(value = "ST-9", kind = REFUSES)
    void anEndThatIsNotAcknowledgedIsNoDelivery() throws Exception {
        try (Connected peers = connected()) {
            SecureStream stream = SecureStream.over(peers.server);
            stream.shutdownOutput();
            peers.client.send(hex("02"));
            peers.client.send(hex("04"));
            peers.client.close();

            assertThat(stream.input().read()).isEqualTo(-1);
            stream.acknowledge();
            assertThatThrownBy(stream::awaitAcknowledgement)
                    .isInstanceOf(EOFException.class)
                    .hasMessageContaining("before the peer acknowledged");
            assertThatThrownBy(stream::awaitAcknowledgement).isInstanceOf(IOException.class);
        }
    }

    @Test
    @Rule(value = "ST-9", kind = REFUSES)
    void aFailureOfThePeerAfterBothEndsArrivesWithItsReason() throws Exception {
        try (Connected peers = connected()) {
            SecureStream client = SecureStream.over(peers.client);
            SecureStream server = SecureStream.over(peers.server);
            client.output().write(1);
            client.shutdownOutput();
            server.shutdownOutput();
            assertThat(client.input().read()).isEqualTo(-1);
            client.acknowledge();
            assertThat(server.input().readAllBytes()).containsExactly(1);
            server.abort(300, "disk full");

            assertThatThrownBy(client::awaitAcknowledgement)
                    .isInstanceOfSatisfying(StreamAbortedException.class, abort -> {
                        assertThat(abort.code()).isEqualTo(300);
                        assertThat(abort.isByPeer()).isTrue();
                    });
        }
    }

    @Test
    @Rule(value = "ST-8", kind = REFUSES)
    void closingIsNoAcknowledgement() throws Exception {
        try (Connected peers = connected()) {
            SecureStream client = SecureStream.over(peers.client);
            client.shutdownOutput();
            try (SecureStream server = SecureStream.over(peers.server)) {
                server.shutdownOutput();
                assertThat(server.input().read()).isEqualTo(-1);
            }

            assertThat(client.input().read()).isEqualTo(-1);
            client.acknowledge();
            assertThatThrownBy(client::awaitAcknowledgement)
                    .isInstanceOfSatisfying(
                            StreamAbortedException.class,
                            abort -> assertThat(abort.code()).isEqualTo(StreamAbortedException.CLOSED));
        }
    }

    @Test
    @Rule(value = "ST-6", kind = REFUSES)
    void aKeepAliveDoesNotProlongTheWaitForAnAcknowledgement() throws Exception {
        try (Connected peers = connected()) {
            SecureStream client = SecureStream.over(peers.client);
            SecureStream server = SecureStream.over(peers.server);
            client.shutdownOutput();
            server.shutdownOutput();
            assertThat(client.input().read()).isEqualTo(-1);
            client.acknowledge();
            client.setReadTimeout(Duration.ofMillis(20));
            server.sendKeepAlive();

            assertThatThrownBy(client::awaitAcknowledgement).isInstanceOf(SocketTimeoutException.class);
            assertThat(server.input().read()).isEqualTo(-1);
            server.acknowledge();
            client.awaitAcknowledgement();
        }
    }

    @Test
    void aWaitForAnAcknowledgementEndsWhenAnotherThreadClosesTheStream() throws Exception {
        try (Threads threads = new Threads();
                Connected peers = connected()) {
            SecureStream client = SecureStream.over(peers.client);
            client.shutdownOutput();
            peers.server.send(hex("02"));
            assertThat(client.input().read()).isEqualTo(-1);
            client.acknowledge();
            Future<?> waiting = threads.run(() -> {
                client.awaitAcknowledgement();
                return null;
            });
            client.close();

            assertThat(Threads.awaitFailure(waiting)).isInstanceOf(IOException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0168", "02"})
    @Rule(value = "ST-3", kind = REFUSES)
    void refusesDataAndEndsAfterAnEnd(String frame) throws Exception {
        StreamState state = new StreamState();
        state.receive(ByteBuffer.wrap(StreamFrame.end()));

        assertThatThrownBy(() -> state.receive(ByteBuffer.wrap(hex(frame)))).isInstanceOf(ProtocolException.class);
    }

    @Test
    @Rule(value = "ST-3", kind = REFUSES)
    void nothingIsWrittenAfterShutdown() throws Exception {
        try (Connected peers = connected()) {
            SecureStream stream = SecureStream.over(peers.client);
            stream.shutdownOutput();

            assertThatThrownBy(() -> stream.output().write(1)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    @Rule(value = "ST-4", kind = ACCEPTS)
    void anEndIsAnEndWhateverBecomesOfTheConnection() throws Exception {
        try (Connected peers = connected()) {
            SecureStream server = SecureStream.over(peers.server);
            peers.client.send(hex("0168"));
            peers.client.send(hex("02"));
            peers.client.close();

            assertThat(server.input().readAllBytes()).containsExactly(0x68);
            assertThat(server.input().read()).isEqualTo(-1);
        }
    }

    @Test
    @Rule(value = "ST-4", kind = REFUSES)
    void truncationAtEveryByteIsNoEnd() throws Exception {
        Pair pair = Pair.create();
        int length = recorded(pair.establish()).length;
        for (int cut = 0; cut <= length; cut++) {
            Pair.Sessions sessions = pair.establish();
            byte[] bytes = Arrays.copyOf(recorded(sessions), cut);
            StreamTransport transport = StreamTransport.of(
                    new ByteArrayInputStream(bytes), OutputStream.nullOutputStream(), Framing.lengthPrefix());
            try (SecureStream stream = SecureStream.over(SecureConnection.over(transport, sessions.server()))) {
                InputStream input = stream.input();
                if (cut == length) {
                    assertThat(input.readAllBytes()).isEqualTo("hello".getBytes(UTF_8));
                } else {
                    assertThatThrownBy(input::readAllBytes)
                            .as("cut after %s bytes", cut)
                            .isInstanceOf(EOFException.class);
                    assertThatThrownBy(input::read).isInstanceOf(IOException.class);
                }
            }
        }
    }

    @Test
    @Rule(value = "ST-5", kind = ACCEPTS)
    void anAbortArrivesWithItsReason() throws Exception {
        try (Connected peers = connected()) {
            SecureStream client = SecureStream.over(peers.client);
            SecureStream server = SecureStream.over(peers.server);
            client.output().write(1);
            client.abort(300, "disk full\n\u009b2J\u2028\u202e");

            assertThat(server.input().read()).isEqualTo(1);
            assertThatThrownBy(() -> server.input().read()).isInstanceOfSatisfying(StreamAbortedException.class, e -> {
                assertThat(e.code()).isEqualTo(300);
                assertThat(e.reason()).isEqualTo("disk full??2J??");
                assertThat(e.isByPeer()).isTrue();
            });
            assertThatThrownBy(() -> server.output().write(1)).isInstanceOf(StreamAbortedException.class);
            assertThat(peers.server.session().isClosed()).isTrue();
        }
    }

    @Test
    @Rule(value = "ST-5", kind = ACCEPTS)
    void closingBeforeTheEndIsAnAbort() throws Exception {
        try (Connected peers = connected()) {
            SecureStream server = SecureStream.over(peers.server);
            try (SecureStream client = SecureStream.over(peers.client)) {
                client.output().write(1);
            }

            assertThat(server.input().read()).isEqualTo(1);
            assertThatThrownBy(() -> server.input().read())
                    .isInstanceOfSatisfying(
                            StreamAbortedException.class,
                            e -> assertThat(e.code()).isEqualTo(StreamAbortedException.CLOSED));
        }
    }

    @Test
    @Rule(value = "ST-5", kind = REFUSES)
    void codesOfTheLayerAreNotForApplications() throws Exception {
        try (Connected peers = connected()) {
            SecureStream stream = SecureStream.over(peers.client);

            assertThatThrownBy(() -> stream.abort(255, "")).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> stream.abort(0x1_0000, "")).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    @Rule(value = "ST-5", kind = REFUSES)
    void nothingIsReadAfterAnAbort() throws Exception {
        StreamState state = new StreamState();

        assertThatThrownBy(() -> state.receive(ByteBuffer.wrap(StreamFrame.abort(300, "x"))))
                .isInstanceOf(StreamAbortedException.class);
        assertThatThrownBy(() -> state.receive(ByteBuffer.wrap(hex("0168"))))
                .isInstanceOf(StreamAbortedException.class);
    }

    @Test
    @Rule(value = "ST-6", kind = ACCEPTS)
    void keepAlivesAreNoDataAndComeAfterAnEndAsWell() throws Exception {
        try (Connected peers = connected()) {
            SecureStream client = SecureStream.over(peers.client);
            SecureStream server = SecureStream.over(peers.server);
            client.sendKeepAlive();
            client.output().write(5);
            client.shutdownOutput();
            client.sendKeepAlive();

            assertThat(server.input().readAllBytes()).containsExactly(5);
        }
    }

    @Test
    @Rule(value = "ST-6", kind = REFUSES)
    void aKeepAliveDoesNotProlongAReadTimeout() throws Exception {
        try (Connected peers = connected()) {
            SecureStream client = SecureStream.over(peers.client);
            SecureStream server = SecureStream.over(peers.server);
            server.setReadTimeout(Duration.ofMillis(20));
            client.sendKeepAlive();

            assertThatThrownBy(() -> server.input().read()).isInstanceOf(SocketTimeoutException.class);
            client.output().write(5);
            assertThat(server.input().read()).isEqualTo(5);
        }
    }

    @Test
    void aLongReasonIsCutBetweenCharacters() {
        byte[] frame = StreamFrame.abort(300, "a" + "é".repeat(200));

        assertThat(frame).hasSize(3 + 255);
        assertThat(StreamFrame.readAbort(ByteBuffer.wrap(frame)).reason()).isEqualTo("a" + "é".repeat(127));
        assertThat(StreamFrame.abort(300, "é".repeat(200))).hasSize(3 + 254);
    }

    @Test
    void closingEndsAReadOfAnotherThread() throws Exception {
        try (Threads threads = new Threads();
                Loopback sockets = Loopback.open();
                Connected peers = overSockets(threads, sockets)) {
            SecureStream stream = SecureStream.over(peers.client);
            Future<Integer> reading = threads.run(() -> stream.input().read());
            stream.close();

            assertThat(Threads.awaitFailure(reading))
                    .isInstanceOfAny(StreamAbortedException.class, ClosedChannelException.class);
        }
    }

    @Test
    @Rule(value = "ST-5", kind = ACCEPTS)
    void closingWaitsForAnAbortThatIsBeingSent() throws Exception {
        MemoryTransport memory = MemoryTransport.create(Delivery.ORDERED);
        CountDownLatch sending = new CountDownLatch(1);
        CountDownLatch mayBeSent = new CountDownLatch(1);
        Transport slow = new ForwardingTransport(memory) {
            @Override
            public void send(byte[] message) throws IOException {
                sending.countDown();
                try {
                    mayBeSent.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                super.send(message);
            }
        };
        try (Threads threads = new Threads();
                Connected peers = Connected.over(Pair.create(), slow, memory.peer())) {
            SecureStream client = SecureStream.over(peers.client);
            SecureStream server = SecureStream.over(peers.server);
            Future<?> aborting = threads.run(() -> {
                client.abort(300, "the input cannot be read");
                return null;
            });
            sending.await();
            Thread closing = new Thread(() -> {
                try {
                    client.close();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            closing.start();
            while (closing.getState() != Thread.State.TERMINATED && closing.getState() != Thread.State.TIMED_WAITING) {
                Thread.onSpinWait();
            }
            mayBeSent.countDown();
            Threads.await(aborting);
            closing.join();

            assertThatThrownBy(() -> server.input().read())
                    .isInstanceOfSatisfying(
                            StreamAbortedException.class,
                            abort -> assertThat(abort.code()).isEqualTo(300));
        }
    }

    /** With unread bytes in its buffer, a socket that is closed resets the connection and takes the abort back. */
    @Test
    @Rule(value = "ST-5", kind = ACCEPTS)
    void anAbortArrivesWhateverTheAborterHasNotRead() throws Exception {
        for (int i = 0; i < 40; i++) {
            try (Threads threads = new Threads();
                    Loopback sockets = Loopback.open();
                    Connected peers = overSockets(threads, sockets)) {
                SecureStream client = SecureStream.over(peers.client);
                SecureStream server = SecureStream.over(peers.server);
                Future<?> writing = writeOn(threads, client);
                Future<?> reading = threads.run(() -> client.input().read());
                server.input().readNBytes(300_000);

                server.abort(300, "the disk is full");

                requireAbort(reading, 300);
                assertThat(Threads.awaitFailure(writing)).isInstanceOf(StreamAbortedException.class);
            }
        }
    }

    @Test
    @Rule(value = "ST-5", kind = ACCEPTS)
    void theAbortOfClosingArrivesWhateverWasNotRead() throws Exception {
        for (int i = 0; i < 20; i++) {
            try (Threads threads = new Threads();
                    Loopback sockets = Loopback.open();
                    Connected peers = overSockets(threads, sockets)) {
                SecureStream client = SecureStream.over(peers.client);
                SecureStream server = SecureStream.over(peers.server);
                Future<?> writing = writeOn(threads, client);
                Future<?> reading = threads.run(() -> client.input().read());
                server.input().readNBytes(300_000);

                server.close();

                requireAbort(reading, StreamAbortedException.CLOSED);
                requireAbort(writing, StreamAbortedException.CLOSED);
            }
        }
    }

    @Test
    @Rule(value = "ST-5", kind = ACCEPTS)
    void anAbortArrivesThoughAnotherThreadOfTheAborterReads() throws Exception {
        for (int i = 0; i < 20; i++) {
            try (Threads threads = new Threads();
                    Loopback sockets = Loopback.open();
                    Connected peers = overSockets(threads, sockets)) {
                SecureStream client = SecureStream.over(peers.client);
                SecureStream server = SecureStream.over(peers.server);
                Future<?> writing = writeOn(threads, client);
                Future<?> reading = threads.run(() -> client.input().read());
                server.input().readNBytes(300_000);
                CountDownLatch readsOn = new CountDownLatch(1);
                Future<?> ourReading = threads.run(() -> {
                    while (server.input().readNBytes(10_000).length > 0) {
                        readsOn.countDown();
                    }
                    return null;
                });
                readsOn.await();

                server.abort(300, "the disk is full");

                requireAbort(reading, 300);
                requireAbort(writing, 300);
                requireAbort(ourReading, 300);
            }
        }
    }

    /** A program that sends a file reads nothing before it has sent everything: only its writes can tell it. */
    @Test
    @Rule(value = "ST-5", kind = ACCEPTS)
    void aWriterLearnsOfTheAbortThatCameBeforeTheReset() throws Exception {
        for (int i = 0; i < 20; i++) {
            try (Threads threads = new Threads();
                    Loopback sockets = Loopback.open();
                    Connected peers = overSockets(threads, sockets)) {
                SecureStream client = SecureStream.over(peers.client);
                SecureStream server = SecureStream.over(peers.server);
                Future<?> writing = writeOn(threads, client);
                server.input().readNBytes(300_000);
                peers.server.send(ByteBuffer.wrap(StreamFrame.abort(300, "the disk is full")));

                sockets.server.close();

                requireAbort(writing, 300);
                assertThatThrownBy(() -> client.input().read()).isInstanceOf(StreamAbortedException.class);
            }
        }
    }

    /** What was looked through for an abort is lost, and so is the end that follows it. */
    @Test
    @Rule(value = "ST-4", kind = REFUSES)
    void nothingLooksCompleteAfterAWriteThatFailed() throws Exception {
        MemoryTransport memory = MemoryTransport.create(Delivery.ORDERED);
        AtomicBoolean broken = new AtomicBoolean();
        Transport breaking = new ForwardingTransport(memory) {
            @Override
            public void send(byte[] message) throws IOException {
                if (broken.get()) {
                    throw new SocketException("Broken pipe");
                }
                super.send(message);
            }
        };
        try (Connected peers = Connected.over(Pair.create(), breaking, memory.peer())) {
            SecureStream client = SecureStream.over(peers.client);
            SecureStream server = SecureStream.over(peers.server);
            server.output().write(new byte[1000]);
            server.shutdownOutput();
            memory.peer().close();
            broken.set(true);

            assertThatThrownBy(() -> client.output().write(1)).isInstanceOf(SocketException.class);
            assertThatThrownBy(() -> client.input().readAllBytes()).isInstanceOf(IOException.class);
        }
    }

    private static Future<?> writeOn(Threads threads, SecureStream stream) {
        return threads.run(() -> {
            byte[] chunk = new byte[100_000];
            while (true) {
                stream.output().write(chunk);
            }
        });
    }

    private static void requireAbort(Future<?> failing, int code) throws Exception {
        assertThat(Threads.awaitFailure(failing))
                .isInstanceOfSatisfying(
                        StreamAbortedException.class,
                        abort -> assertThat(abort.code()).isEqualTo(code));
    }

    @Test
    void channelsMoveBytesBothWays() throws Exception {
        try (Threads threads = new Threads();
                Loopback sockets = Loopback.open();
                Connected peers = overSockets(threads, sockets)) {
            SecureStream client = SecureStream.over(peers.client);
            SecureStream server = SecureStream.over(peers.server);
            Future<byte[]> echo = threads.run(() -> {
                byte[] all = server.input().readAllBytes();
                server.output().write(all);
                server.shutdownOutput();
                return all;
            });
            ByteBuffer sent = ByteBuffer.allocateDirect(100_000);
            assertThat(client.channel().write(sent)).isEqualTo(100_000);
            client.shutdownOutput();

            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            ByteBuffer piece = ByteBuffer.allocate(999);
            while (client.channel().read(piece) >= 0) {
                answer.write(piece.array(), 0, piece.position());
                piece.clear();
            }
            assertThat(answer.toByteArray()).isEqualTo(Threads.await(echo)).hasSize(100_000);
            client.channel().close();
            assertThat(client.channel().isOpen()).isFalse();
        }
    }

    @Test
    void randomOperationsDeliverExactlyWhatWasWritten() throws Exception {
        Pair pair = Pair.create();
        for (long seed = 0; seed < SEEDS; seed++) {
            runOperations(pair, seed);
        }
    }

    private static void runOperations(Pair pair, long seed) throws Exception {
        Random random = new Random(seed);
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED);
        try (Connected peers = Connected.over(pair, transport, transport.peer())) {
            SecureStream client = SecureStream.over(peers.client);
            SecureStream server = SecureStream.over(peers.server);
            ByteArrayOutputStream written = new ByteArrayOutputStream();
            ByteArrayOutputStream read = new ByteArrayOutputStream();
            for (int step = 0; step < 20; step++) {
                switch (random.nextInt(3)) {
                    case 0 -> {
                        byte[] data = new byte[random.nextInt(random.nextInt(20) == 0 ? 100_000 : 50)];
                        random.nextBytes(data);
                        client.output().write(data);
                        written.write(data);
                    }
                    case 1 -> client.sendKeepAlive();
                    default -> {
                        if (read.size() < written.size()) {
                            byte[] part = new byte[1 + random.nextInt(5000)];
                            int count = server.input().read(part);
                            assertThat(count).as("seed %s", seed).isPositive();
                            read.write(part, 0, count);
                        }
                    }
                }
            }
            boolean complete = random.nextBoolean();
            if (complete) {
                client.shutdownOutput();
                read.write(server.input().readAllBytes());
                assertThat(read.toByteArray()).as("seed %s", seed).isEqualTo(written.toByteArray());
                acknowledge(client, server, random, seed);
            } else {
                client.close(Duration.ZERO);
                assertThatThrownBy(() -> server.input().readAllBytes())
                        .as("seed %s", seed)
                        .isInstanceOf(StreamAbortedException.class);
            }
        }
    }

    /** Ends the other direction as well; the receiver acknowledges or fails before or after its own end. */
    private static void acknowledge(SecureStream client, SecureStream server, Random random, long seed)
            throws IOException {
        boolean acknowledges = random.nextBoolean();
        boolean endsFirst = random.nextBoolean();
        if (acknowledges && !endsFirst) {
            server.acknowledge();
        }
        server.shutdownOutput();
        assertThat(client.input().read()).as("seed %s", seed).isEqualTo(-1);
        client.acknowledge();
        if (acknowledges) {
            server.acknowledge();
            client.awaitAcknowledgement();
            server.awaitAcknowledgement();
        } else {
            server.close(Duration.ZERO);
            assertThatThrownBy(client::awaitAcknowledgement)
                    .as("seed %s", seed)
                    .isInstanceOf(StreamAbortedException.class);
        }
    }

    @Test
    @Rule(value = "D-2", kind = REFUSES)
    void aRefusedMessageIsAnsweredByAnAbort() throws Exception {
        Pair pair = Pair.create();
        Pair.Sessions sessions = pair.establish();
        byte[] altered = sessions.client().wrap(hex("0168"));
        altered[altered.length - 1] ^= 1;
        MemoryTransport client = MemoryTransport.create(Delivery.ORDERED);
        SecureStream stream = SecureStream.over(SecureConnection.over(client.peer(), sessions.server()));
        client.send(altered);

        assertThatThrownBy(() -> stream.input().read()).isInstanceOf(StreamAbortedException.class);
        byte[] answer = client.receive(1000, Duration.ZERO).orElseThrow();
        assertThat(sessions.client().unwrap(answer)).startsWith(hex("030001"));
    }

    @Test
    void plainReceivingGoesOnWithAMessageThatAStreamHasBegunToRead() throws Exception {
        Pair pair = Pair.create();
        Pair.Sessions sessions = pair.establish();
        byte[] payload = new byte[20_000];
        new Random(2).nextBytes(payload);
        byte[] message = sessions.client().wrap(payload);
        try (Loopback sockets = Loopback.open();
                SecureConnection connection = SecureConnection.over(
                        StreamTransport.of(sockets.server, Framing.lengthPrefix()), sessions.server())) {
            OutputStream network = sockets.client.getOutputStream();
            network.write(ByteBuffer.allocate(4).putInt(message.length).array());
            network.write(message, 0, 9000);
            assertThatThrownBy(() -> connection.receiveInPlace(Deadline.after(Duration.ofMillis(50))))
                    .isInstanceOf(SocketTimeoutException.class);
            network.write(message, 9000, message.length - 9000);

            assertThat(connection.receive()).hasValue(payload);
        }
    }

    @Test
    void recyclingAPayloadLeavesTheNextOneAlone() throws Exception {
        Pair.Sessions sessions = Pair.create().establish();
        try (Loopback sockets = Loopback.open();
                SecureConnection client = SecureConnection.over(
                        StreamTransport.of(sockets.client, Framing.lengthPrefix()), sessions.client());
                SecureConnection server = SecureConnection.over(
                        StreamTransport.of(sockets.server, Framing.lengthPrefix()), sessions.server())) {
            client.send("first".getBytes(UTF_8));
            client.send("second".getBytes(UTF_8));
            ByteBuffer first = server.receiveInPlace(Deadline.NEVER);
            ByteBuffer second = server.receiveInPlace(Deadline.NEVER);

            BufferPool.recycle(first);
            for (int i = 0; i < 3; i++) {
                Arrays.fill(BufferPool.acquire(1), (byte) 'x');
            }

            assertThat(UTF_8.decode(second).toString()).isEqualTo("second");
        }
    }

    @Test
    void dataThatCouldNotBeWrappedAreNeverFollowedByAnEnd() throws Exception {
        for (Throwable failure : List.of(new ProviderException("the token was pulled out"), new OutOfMemoryError())) {
            FailingAead provider = new FailingAead();
            Pair pair = Pair.create()
                    .withClient(config -> config.withCrypto(config.crypto().withAead(provider)));
            Pair.Sessions sessions = pair.establish();
            try (Loopback sockets = Loopback.open();
                    SecureStream client = SecureStream.over(SecureConnection.over(
                            StreamTransport.of(sockets.client, Framing.lengthPrefix()), sessions.client()));
                    SecureStream server = SecureStream.over(SecureConnection.over(
                            StreamTransport.of(sockets.server, Framing.lengthPrefix()), sessions.server()))) {
                client.output().write("before, ".getBytes(UTF_8));
                provider.failOnce(failure);
                assertThatThrownBy(() -> client.output().write("lost".getBytes(UTF_8)))
                        .isSameAs(failure);

                assertThatThrownBy(() -> client.output().write("after".getBytes(UTF_8)))
                        .isInstanceOf(IOException.class);
                assertThatThrownBy(client::shutdownOutput).isInstanceOf(IOException.class);
                assertThat(server.input().readNBytes(8)).asString(UTF_8).isEqualTo("before, ");
                assertThatThrownBy(() -> server.input().read()).isInstanceOf(IOException.class);
            }
        }
    }

    @Test
    @Rule(value = "M-1", kind = ACCEPTS)
    void theArrayOfAPayloadIsWipedWhenItIsRead() throws Exception {
        Pair.Sessions sessions = Pair.create().establish();
        try (Loopback sockets = Loopback.open();
                SecureConnection client = SecureConnection.over(
                        StreamTransport.of(sockets.client, Framing.lengthPrefix()), sessions.client());
                SecureConnection server = SecureConnection.over(
                        StreamTransport.of(sockets.server, Framing.lengthPrefix()), sessions.server())) {
            client.send("secret".getBytes(UTF_8));
            ByteBuffer payload = server.receiveInPlace(Deadline.NEVER);
            assertThat(UTF_8.decode(payload.duplicate()).toString()).isEqualTo("secret");
            BufferPool.recycle(payload);

            byte[] left = new byte[payload.remaining()];
            payload.get(left);
            assertThat(left).containsOnly(0);
        }
    }

    private static byte[] recorded(Pair.Sessions sessions) {
        ByteBuffer bytes = ByteBuffer.allocate(1000);
        for (String frame : new String[] {"0168656c", "016c6f", "02"}) {
            byte[] message = sessions.client().wrap(hex(frame));
            bytes.putInt(message.length).put(message);
        }
        return Arrays.copyOf(bytes.array(), bytes.position());
    }

    private static Connected connected() throws Exception {
        MemoryTransport client = MemoryTransport.create(Delivery.ORDERED);
        return Connected.over(Pair.create(), client, client.peer());
    }

    private static Connected overSockets(Threads threads, Loopback sockets) throws Exception {
        return Connected.establish(
                threads,
                Pair.create(),
                StreamTransport.of(sockets.client, Framing.lengthPrefix()),
                StreamTransport.of(sockets.server, Framing.lengthPrefix()));
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }
}
