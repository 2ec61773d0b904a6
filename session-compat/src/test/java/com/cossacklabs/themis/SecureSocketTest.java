package com.cossacklabs.themis;

import static com.cossacklabs.themis.Peers.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SecureSocketTest {
    private static final int MAX_PAYLOAD_LENGTH = 65_483;

    private final Keypair clientKeys = KeypairGenerator.generateKeypair();
    private final Keypair serverKeys = KeypairGenerator.generateKeypair();
    private final OnePeer ofClient = new OnePeer(serverKeys.getPublicKey());
    private final OnePeer ofServer = new OnePeer(clientKeys.getPublicKey());
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private SecureServerSocket listening;

    @BeforeEach
    void listen() throws IOException {
        listening = new SecureServerSocket(0, bytes("server"), serverKeys.getPrivateKey(), ofServer);
    }

    @AfterEach
    void stop() throws IOException {
        listening.close();
        threads.shutdownNow();
    }

    /** A silent client would hold up everybody for 30 seconds, if handshakes ran one after the other. */
    @Test
    @Timeout(20)
    void acceptIsNotHeldUpBySilentClients() throws Exception {
        Future<Socket> accepted = threads.submit(listening::accept);
        List<Socket> silent = new ArrayList<>();
        try {
            for (int i = 0; i < 300; i++) {
                silent.add(new Socket(InetAddress.getLoopbackAddress(), listening.getLocalPort()));
            }
            try (SecureSocket client = new SecureSocket(
                            InetAddress.getLoopbackAddress(),
                            listening.getLocalPort(),
                            bytes("client"),
                            clientKeys.getPrivateKey(),
                            ofClient);
                    Socket server = accepted.get()) {
                client.getOutputStream().write(bytes("hello"));
                assertThat(server.getInputStream().readNBytes(5)).isEqualTo(bytes("hello"));
            }
            // At most 256 handshakes at a time: the oldest of those that are silent had to go.
            silent.get(0).setSoTimeout(10_000);
            assertThat(silent.get(0).getInputStream().read()).isEqualTo(-1);
        } finally {
            for (Socket socket : silent) {
                socket.close();
            }
        }
    }

    /** Established connections that nobody accepts are bounded; later clients wait in the backlog. */
    @Test
    void clientsWaitInTheBacklogWhileNobodyAccepts() throws Exception {
        connect().close();
        List<SecureSocket> clients = new ArrayList<>();
        try {
            boolean served = true;
            while (served && clients.size() < 100) {
                SecureSocket client = new SecureSocket(bytes("client"), clientKeys.getPrivateKey(), ofClient);
                clients.add(client);
                client.setSoTimeout(1000);
                try {
                    client.connect(address());
                } catch (SocketTimeoutException e) {
                    served = false;
                }
            }
            assertThat(served).as("100 clients were served without an accept").isFalse();

            int established = clients.size() - 1;
            for (int i = 0; i < established; i++) {
                listening.accept().close();
            }
            // The client that has given up meanwhile fails first.
            assertThatExceptionOfType(IOException.class).isThrownBy(listening::accept);
            connect().close();
        } finally {
            for (SecureSocket client : clients) {
                client.close();
            }
        }
    }

    @Test
    void establishedClientsAreAcceptedBeforeFailuresAreTold() throws Exception {
        connect().close();
        for (int i = 0; i < 100; i++) {
            try (Socket enemy = new Socket(InetAddress.getLoopbackAddress(), listening.getLocalPort())) {
                enemy.getOutputStream().write(bytes("GET / HTTP/1.1\r\n\r\n"));
                readUntilClosed(enemy);
            }
        }
        try (SecureSocket client = connectClient()) {
            while (listening.waiting() == 0) {
                Thread.onSpinWait();
            }
            try (Socket server = listening.accept()) {
                client.getOutputStream().write(bytes("hello"));
                assertThat(server.getInputStream().readNBytes(5)).isEqualTo(bytes("hello"));
            }
        }
        assertThatExceptionOfType(IOException.class).isThrownBy(listening::accept);
    }

    private static void readUntilClosed(Socket socket) throws IOException {
        try {
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        } catch (SocketException e) {
            // A reset is an end as well.
        }
    }

    @Test
    void acceptKeepsToTheTimeoutOfItsSocket() throws Exception {
        listening.setSoTimeout(50);

        assertThatThrownBy(listening::accept).isInstanceOf(SocketTimeoutException.class);

        listening.setSoTimeout(0);
        connect().close();
    }

    /** The thread in the background waits with the timeout of the socket as well, and goes on after it. */
    @Test
    void clientsAreServedAfterTimeouts() throws Exception {
        listening.setSoTimeout(20);
        for (int i = 0; i < 5; i++) {
            assertThatThrownBy(listening::accept).isInstanceOf(SocketTimeoutException.class);
        }
        try (SecureSocket client = connectClient()) {
            listening.setSoTimeout(10_000);
            try (Socket server = listening.accept()) {
                client.getOutputStream().write(bytes("hello"));
                assertThat(server.getInputStream().readNBytes(5)).isEqualTo(bytes("hello"));
            }
        }
    }

    @Test
    void interruptEndsAccept() throws Exception {
        listening.setSoTimeout(10_000);
        Thread.currentThread().interrupt();

        assertThatThrownBy(listening::accept)
                .isInstanceOf(SocketException.class)
                .hasMessageContaining("interrupt");
        assertThat(Thread.interrupted()).isTrue();
        connect().close();
    }

    /** What accepts connections may fail in ways that are no IOException: accept tells it, and the next one goes on. */
    @Test
    void acceptGoesOnAfterItsThreadHasFailed() throws Exception {
        AtomicBoolean failing = new AtomicBoolean(true);
        try (SecureServerSocket fragile =
                new SecureServerSocket(0, bytes("server"), serverKeys.getPrivateKey(), ofServer) {
                    @Override
                    public boolean isClosed() {
                        if (Thread.currentThread().getName().equals("themis-accept") && failing.getAndSet(false)) {
                            throw new UnsupportedOperationException("once");
                        }
                        return super.isClosed();
                    }
                }) {
            assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(fragile::accept);

            Future<Socket> accepting = threads.submit(fragile::accept);
            try (SecureSocket client = connectTo(fragile);
                    Socket server = accepting.get()) {
                client.getOutputStream().write(bytes("hello"));
                assertThat(server.getInputStream().readNBytes(5)).isEqualTo(bytes("hello"));
            }
        }
    }

    @Test
    void closingEndsAcceptAndWhatWasNotAccepted() throws Exception {
        connect().close();
        Future<Socket> waiting = threads.submit(listening::accept);
        listening.close();

        assertThatThrownBy(waiting::get).hasCauseInstanceOf(SocketException.class);
        assertThatThrownBy(listening::accept).isInstanceOf(SocketException.class);
    }

    // Streams

    @Test
    void movesBytesBothWays() throws Exception {
        try (Connected pair = connect()) {
            pair.client.getOutputStream().write(bytes("question"));
            assertThat(pair.server.getInputStream().readNBytes(8)).isEqualTo(bytes("question"));
            pair.server.getOutputStream().write(bytes("answer"));
            assertThat(pair.client.getInputStream().readNBytes(6)).isEqualTo(bytes("answer"));
        }
    }

    @Test
    void readsUnsignedBytes() throws Exception {
        try (Connected pair = connect()) {
            pair.client.getOutputStream().write(0xFF);
            pair.client.getOutputStream().write(new byte[] {(byte) 0x80, 0});

            assertThat(pair.server.getInputStream().read()).isEqualTo(0xFF);
            assertThat(pair.server.getInputStream().read()).isEqualTo(0x80);
            assertThat(pair.server.getInputStream().read()).isZero();
        }
    }

    @Test
    void streamEndsWhereThePeerCloses() throws Exception {
        try (Connected pair = connect()) {
            pair.client.getOutputStream().write(bytes("last"));
            pair.client.close();
            InputStream in = pair.server.getInputStream();

            assertThat(in.readAllBytes()).isEqualTo(bytes("last"));
            assertThat(in.read()).isEqualTo(-1);
            assertThat(in.read(new byte[4])).isEqualTo(-1);
        }
    }

    @Test
    void canBeClosedOneWay() throws Exception {
        try (Connected pair = connect()) {
            pair.client.getOutputStream().write(bytes("all I have"));
            pair.client.shutdownOutput();

            assertThat(pair.server.getInputStream().readAllBytes()).isEqualTo(bytes("all I have"));
            pair.server.getOutputStream().write(bytes("thanks"));
            assertThat(pair.client.getInputStream().readNBytes(6)).isEqualTo(bytes("thanks"));
        }
    }

    @Test
    void sendsLongArraysAsSeveralMessages() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("SecureSocketTest.sendsLongArraysAsSeveralMessages: seed " + seed);
        byte[] payload = new byte[3 * MAX_PAYLOAD_LENGTH + 1];
        new Random(seed).nextBytes(payload);
        try (Connected pair = connect()) {
            Future<byte[]> received =
                    threads.submit(() -> pair.server.getInputStream().readNBytes(payload.length));
            pair.client.getOutputStream().write(payload);

            assertThat(received.get()).isEqualTo(payload);
        }
    }

    @Test
    void framesEachArrayOfUpTo65483BytesOnItsOwn() throws Exception {
        try (ServerSocket plain = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Future<SecureSocket> connecting = threads.submit(() -> connectTo(plain));
            try (Socket raw = plain.accept()) {
                SecureSession server = negotiateByHand(raw);
                DataInputStream in = new DataInputStream(raw.getInputStream());
                OutputStream out = connecting.get().getOutputStream();
                Future<Void> writing = threads.submit(() -> {
                    out.write(new byte[MAX_PAYLOAD_LENGTH]);
                    out.write(new byte[MAX_PAYLOAD_LENGTH + 2]);
                    out.write(new byte[10], 3, 0);
                    out.write(new byte[10], 3, 5);
                    return null;
                });
                for (int length : new int[] {MAX_PAYLOAD_LENGTH, MAX_PAYLOAD_LENGTH, 2, 5}) {
                    byte[] message = readFrame(in);
                    assertThat(message).hasSize(length + 52);
                    assertThat(server.unwrap(message).getData()).hasSize(length);
                }
                writing.get();
                connecting.get().close();
            }
        }
    }

    @Test
    void readsWhatIsThereAndTellsHowMuchIsLeft() throws Exception {
        try (Connected pair = connect()) {
            InputStream in = pair.server.getInputStream();
            byte[] target = new byte[10];
            pair.client.getOutputStream().write(bytes("abcdef"));

            assertThat(in.available()).isZero();
            assertThat(in.read(target, 1, 0)).isZero();
            assertThat(in.read(target, 1, 2)).isEqualTo(2);
            assertThat(in.available()).isEqualTo(4);
            assertThat(in.read(target, 3, 7)).isEqualTo(4);
            assertThat(target).isEqualTo(new byte[] {0, 'a', 'b', 'c', 'd', 'e', 'f', 0, 0, 0});
        }
    }

    @Test
    void refusesRangesOutsideTheArray() throws Exception {
        try (Connected pair = connect()) {
            for (int[] range : new int[][] {{-1, 2}, {0, 5}, {3, 2}, {2, -1}, {Integer.MAX_VALUE, 1}}) {
                assertThatExceptionOfType(IndexOutOfBoundsException.class)
                        .isThrownBy(() -> pair.client.getOutputStream().write(new byte[4], range[0], range[1]));
                assertThatExceptionOfType(IndexOutOfBoundsException.class)
                        .isThrownBy(() -> pair.client.getInputStream().read(new byte[4], range[0], range[1]));
            }
        }
    }

    @Test
    void keepsWhatHasArrivedWhenATimeoutPasses() throws Exception {
        try (ServerSocket plain = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Future<SecureSocket> connecting = threads.submit(() -> connectTo(plain));
            try (Socket raw = plain.accept()) {
                SecureSession server = negotiateByHand(raw);
                SecureSocket client = connecting.get();
                client.setSoTimeout(20);
                byte[] frame = frame(server.wrap(bytes("slow")));
                int sent = 0;
                for (int end : new int[] {0, 2, 4, 30}) {
                    raw.getOutputStream().write(frame, sent, end - sent);
                    sent = end;
                    assertThatExceptionOfType(SocketTimeoutException.class)
                            .isThrownBy(() -> client.getInputStream().read());
                }
                raw.getOutputStream().write(frame, sent, frame.length - sent);
                client.setSoTimeout(0);

                assertThat(client.getInputStream().readNBytes(4)).isEqualTo(bytes("slow"));
                client.close();
            }
        }
    }

    @Test
    void severalThreadsWriteWithoutMixingTheirArrays() throws Exception {
        int writers = 4;
        int length = MAX_PAYLOAD_LENGTH + 1000;
        try (Connected pair = connect()) {
            OutputStream out = pair.client.getOutputStream();
            List<Future<Void>> writing = new ArrayList<>();
            for (int i = 0; i < writers; i++) {
                byte[] own = new byte[length];
                Arrays.fill(own, (byte) i);
                writing.add(threads.submit(() -> {
                    out.write(own);
                    return null;
                }));
            }
            for (int i = 0; i < writers; i++) {
                byte[] received = pair.server.getInputStream().readNBytes(length);
                assertThat(received).containsOnly(received[0]);
            }
            for (Future<Void> written : writing) {
                written.get();
            }
        }
    }

    // Refusals

    @Test
    void changedMessageEndsTheConnection() throws Exception {
        assertEnds(message -> Peers.altered(message, message.length - 1));
    }

    @Test
    void messageOutOfOrderEndsTheConnection() throws Exception {
        try (ServerSocket plain = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Future<SecureSocket> connecting = threads.submit(() -> connectTo(plain));
            try (Socket raw = plain.accept()) {
                SecureSession server = negotiateByHand(raw);
                server.wrap(bytes("left out"));
                raw.getOutputStream().write(frame(server.wrap(bytes("later"))));

                assertThatThrownBy(() -> connecting.get().getInputStream().read())
                        .isInstanceOf(IOException.class)
                        .hasCauseInstanceOf(SecureSessionException.class);
                assertThat(connecting.get().isClosed()).isTrue();
            }
        }
    }

    @Test
    void messageCutOffIsNoEndOfTheStream() throws Exception {
        for (int cut : new int[] {1, 3, 4, 40}) {
            try (ServerSocket plain = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                Future<SecureSocket> connecting = threads.submit(() -> connectTo(plain));
                try (Socket raw = plain.accept()) {
                    SecureSession server = negotiateByHand(raw);
                    raw.getOutputStream().write(frame(server.wrap(bytes("cut off"))), 0, cut);
                }
                try (SecureSocket client = connecting.get()) {
                    assertThatExceptionOfType(EOFException.class)
                            .isThrownBy(() -> client.getInputStream().read());
                }
            }
        }
    }

    @Test
    void refusesOtherFraming() throws Exception {
        Future<Socket> accepting = threads.submit(listening::accept);
        try (Socket raw = new Socket(InetAddress.getLoopbackAddress(), listening.getLocalPort())) {
            raw.getOutputStream().write(bytes("GET / HTTP/1.1\r\n\r\n"));

            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(accepting::get)
                    .withCauseInstanceOf(IOException.class);
        }
    }

    @Test
    void serverGoesOnAfterAClientThatItRefuses() throws Exception {
        PublicKey known = ofServer.key;
        ofServer.key = null;
        Future<Socket> accepting = threads.submit(listening::accept);
        assertThatExceptionOfType(IOException.class).isThrownBy(this::connectClient);
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(accepting::get)
                .havingCause()
                .isInstanceOf(IOException.class)
                .withCauseInstanceOf(SecureSessionException.class);

        ofServer.key = known;
        try (Connected pair = connect()) {
            assertThat(pair.server.isConnected()).isTrue();
        }
    }

    @Test
    void clientThatRefusesTheServerIsClosed() throws Exception {
        ofClient.key = null;
        Future<Socket> accepting = threads.submit(listening::accept);
        SecureSocket client = new SecureSocket(bytes("client"), clientKeys.getPrivateKey(), ofClient);

        assertThatThrownBy(() -> client.connect(address()))
                .isExactlyInstanceOf(IOException.class)
                .hasCauseInstanceOf(SecureSessionException.class);
        assertThat(client.isClosed()).isTrue();
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(accepting::get)
                .withCauseInstanceOf(EOFException.class);
    }

    @Test
    void whatTheCallbackThrowsComesOutOfAccept() throws Exception {
        ofServer.failure = new UnsupportedOperationException("no directory today");
        Future<Socket> accepting = threads.submit(listening::accept);
        assertThatExceptionOfType(IOException.class).isThrownBy(this::connectClient);

        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(accepting::get)
                .withCause(ofServer.failure);
    }

    @Test
    void ownTimeoutHoldsDuringTheHandshake() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                SecureSocket client = new SecureSocket(bytes("client"), clientKeys.getPrivateKey(), ofClient)) {
            client.setSoTimeout(50);

            assertThatExceptionOfType(SocketTimeoutException.class)
                    .isThrownBy(() -> client.connect(silent.getLocalSocketAddress(), 1000));
            assertThat(client.isClosed()).isTrue();
        }
    }

    @Test
    void handshakeHasADeadline() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket raw = new Socket(silent.getInetAddress(), silent.getLocalPort())) {
            SocketMessages messages = new SocketMessages(raw, raw.getInputStream());
            long begin = System.nanoTime();

            assertThatExceptionOfType(SocketTimeoutException.class)
                    .isThrownBy(() -> messages.nextOfHandshake(begin + TimeUnit.MILLISECONDS.toNanos(50)));
            assertThatExceptionOfType(SocketTimeoutException.class).isThrownBy(() -> messages.nextOfHandshake(begin));
            assertThat(raw.getSoTimeout()).isZero();
        }
    }

    /** Each repetition gets an answer, which waits in the buffers of the connection while the client reads nothing. */
    @Test
    @Timeout(20)
    void clientThatRepeatsItselfAndReadsNothingIsClosed() throws Exception {
        SecureSession repeating = new SecureSession(bytes("client"), clientKeys.getPrivateKey(), ofClient);
        byte[] first = frame(repeating.generateConnectRequest());
        Future<Socket> accepting = threads.submit(listening::accept);
        try (Socket raw = new Socket()) {
            raw.setReceiveBufferSize(1024);
            raw.connect(address());
            for (int i = 0; i < 9; i++) {
                raw.getOutputStream().write(first);
            }

            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(accepting::get)
                    .withCauseInstanceOf(IOException.class)
                    .withMessageContaining("8 messages without completing the handshake");
        }
    }

    @Test
    void timeoutOfTheCallerIsKept() throws Exception {
        Future<Socket> accepting = threads.submit(listening::accept);
        try (SecureSocket client = new SecureSocket(bytes("client"), clientKeys.getPrivateKey(), ofClient)) {
            client.setSoTimeout(12_345);
            client.connect(address(), 1000);

            assertThat(client.getSoTimeout()).isEqualTo(12_345);
            assertThat(accepting.get().getSoTimeout()).isZero();
            accepting.get().close();
        }
    }

    // Life of a socket

    @Test
    void streamsNeedAConnection() throws Exception {
        try (SecureSocket socket = new SecureSocket(bytes("client"), clientKeys.getPrivateKey(), ofClient)) {
            InputStream early = socket.getInputStream();
            assertThatExceptionOfType(SocketException.class)
                    .isThrownBy(socket::getOutputStream)
                    .withMessageContaining("not connected");
            assertThatExceptionOfType(SocketException.class).isThrownBy(early::read);

            Future<Socket> accepting = threads.submit(listening::accept);
            socket.connect(address());
            accepting.get().getOutputStream().write(7);
            assertThat(early.read()).isEqualTo(7);
            assertThat(socket.getInputStream()).isSameAs(early);
            accepting.get().close();
        }
    }

    @Test
    void closedSocketDoesNothing() throws Exception {
        try (Connected pair = connect()) {
            InputStream in = pair.client.getInputStream();
            OutputStream out = pair.client.getOutputStream();
            pair.client.close();
            pair.client.close();

            assertThatExceptionOfType(SocketException.class).isThrownBy(pair.client::getOutputStream);
            assertThatExceptionOfType(SocketException.class).isThrownBy(in::read);
            assertThatExceptionOfType(SocketException.class).isThrownBy(in::available);
            assertThatExceptionOfType(SocketException.class).isThrownBy(() -> out.write(1));
        }
    }

    @Test
    void closingAStreamClosesTheSocket() throws Exception {
        try (Connected pair = connect()) {
            pair.client.getOutputStream().close();
            pair.server.getInputStream().close();

            assertThat(pair.client.isClosed()).isTrue();
            assertThat(pair.server.isClosed()).isTrue();
        }
    }

    @Test
    void closingEndsAThreadThatReads() throws Exception {
        try (Connected pair = connect()) {
            FutureTask<Integer> reading =
                    new FutureTask<>(() -> pair.client.getInputStream().read());
            startAndAwaitRead(reading);
            pair.client.close();

            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(reading::get)
                    .withCauseInstanceOf(IOException.class);
        }
    }

    /** Messages of the handshake are no payloads: the streams work from its end on. */
    @Test
    void nothingCanBeReadOrWrittenDuringTheHandshake() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                SecureSocket client = new SecureSocket(bytes("client"), clientKeys.getPrivateKey(), ofClient)) {
            Future<Void> connecting = threads.submit(() -> {
                client.connect(silent.getLocalSocketAddress());
                return null;
            });
            try (Socket server = silent.accept()) {
                // The first message has come, so the client waits for the second.
                assertThat(server.getInputStream().read()).isEqualTo(0xFF);

                assertThat(client.isConnected()).isTrue();
                assertThatExceptionOfType(SocketException.class)
                        .isThrownBy(() -> client.getInputStream().read())
                        .withMessage("Socket is not connected");
                assertThatExceptionOfType(SocketException.class).isThrownBy(client::getOutputStream);
            }
            assertThatExceptionOfType(ExecutionException.class).isThrownBy(connecting::get);
        }
    }

    /** Programs catch {@code IOException}: a socket that another thread closes throws nothing else. */
    @Test
    void closingUnderLoadIsAnIOExceptionForReadersAndWriters() throws Exception {
        for (int i = 0; i < 40; i++) {
            try (Connected pair = connect()) {
                Future<Throwable> writer = threads.submit(() -> catchThrowable(() -> {
                    OutputStream out = pair.client.getOutputStream();
                    while (true) {
                        out.write(new byte[100]);
                    }
                }));
                Future<Throwable> reader = threads.submit(() -> catchThrowable(() -> {
                    InputStream in = pair.server.getInputStream();
                    while (in.read() >= 0) {
                        Thread.onSpinWait();
                    }
                    throw new IOException("the end");
                }));
                pair.server.getInputStream().read();
                pair.client.close();
                pair.server.close();

                assertThat(writer.get()).isInstanceOf(IOException.class);
                assertThat(reader.get()).isInstanceOf(IOException.class);
            }
        }
    }

    @Test
    void closingWipesTheKeysOfTheSession() throws Exception {
        try (Connected pair = connect()) {
            SecureSession session = ofClient.session;
            assertThat(session.wrap(new byte[1])).isNotEmpty();
            pair.client.close();

            assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> session.wrap(new byte[1]));
        }
    }

    @Test
    void availableDoesNotWaitForAThreadThatReads() throws Exception {
        try (Connected pair = connect()) {
            InputStream in = pair.client.getInputStream();
            FutureTask<Integer> reading = new FutureTask<>(in::read);
            startAndAwaitRead(reading);
            Future<Integer> available = threads.submit(in::available);
            assertThat(available.get(30, TimeUnit.SECONDS)).isZero();
            assertThat(reading.isDone()).isFalse();
            pair.server.getOutputStream().write(9);

            assertThat(reading.get()).isEqualTo(9);
        }
    }

    /** Starts a thread and waits until it reads from the network: from then on it holds the lock of the stream. */
    private static void startAndAwaitRead(FutureTask<?> reading) {
        Thread reader = new Thread(reading);
        reader.start();
        while (Arrays.stream(reader.getStackTrace())
                .noneMatch(frame -> frame.getClassName().equals(SocketMessages.class.getName()))) {
            assertThat(reading.isDone()).isFalse();
            Thread.onSpinWait();
        }
    }

    @Test
    void secondConnectLeavesTheConnectionAsItIs() throws Exception {
        try (Connected pair = connect()) {
            assertThatExceptionOfType(SocketException.class).isThrownBy(() -> pair.client.connect(address()));

            pair.client.getOutputStream().write(5);
            assertThat(pair.server.getInputStream().read()).isEqualTo(5);
        }
    }

    @Test
    void wrongArgumentsShowWhenItConnects() throws Exception {
        Future<Socket> accepting = threads.submit(listening::accept);

        assertThatThrownBy(() -> new SecureSocket(
                        InetAddress.getLoopbackAddress(),
                        listening.getLocalPort(),
                        null,
                        clientKeys.getPrivateKey(),
                        ofClient))
                .isExactlyInstanceOf(IOException.class)
                .hasCauseInstanceOf(NullArgumentException.class);
        assertThatExceptionOfType(ExecutionException.class).isThrownBy(accepting::get);
    }

    @Test
    void refusesIdsThatTheFramingCannotCarry() throws Exception {
        Future<Socket> accepting = threads.submit(listening::accept);
        try (SecureSocket client = new SecureSocket(new byte[65_536], clientKeys.getPrivateKey(), ofClient)) {
            assertThatExceptionOfType(IllegalArgumentException.class)
                    .isThrownBy(() -> client.connect(address()))
                    .withMessageContaining("65535");
            assertThat(client.isClosed()).isTrue();
        }
        assertThatExceptionOfType(ExecutionException.class).isThrownBy(accepting::get);
    }

    @Test
    void closedListenerAcceptsNobody() throws Exception {
        listening.setSoTimeout(1);
        assertThatExceptionOfType(SocketTimeoutException.class).isThrownBy(listening::accept);
        listening.close();

        assertThatExceptionOfType(SocketException.class).isThrownBy(listening::accept);
    }

    @Test
    void listenerWithoutAnIdRefusesEverybody() throws Exception {
        try (SecureServerSocket nobody = new SecureServerSocket(0, null, serverKeys.getPrivateKey(), ofServer);
                Socket raw = new Socket(InetAddress.getLoopbackAddress(), nobody.getLocalPort())) {
            assertThat(raw.isConnected()).isTrue();
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(nobody::accept)
                    .withCauseInstanceOf(NullArgumentException.class);
        }
    }

    private void assertEnds(Alteration alteration) throws Exception {
        try (ServerSocket plain = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Future<SecureSocket> connecting = threads.submit(() -> connectTo(plain));
            try (Socket raw = plain.accept()) {
                SecureSession server = negotiateByHand(raw);
                raw.getOutputStream().write(frame(alteration.of(server.wrap(bytes("payload")))));

                assertThatThrownBy(() -> connecting.get().getInputStream().read())
                        .isInstanceOf(IOException.class)
                        .hasCauseInstanceOf(SecureSessionException.class);
                assertThat(connecting.get().isClosed()).isTrue();
            }
        }
    }

    private InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), listening.getLocalPort());
    }

    private SecureSocket connectClient() throws IOException {
        return new SecureSocket(
                InetAddress.getLoopbackAddress(),
                listening.getLocalPort(),
                bytes("client"),
                clientKeys.getPrivateKey(),
                ofClient);
    }

    private SecureSocket connectTo(ServerSocket plain) throws IOException {
        return new SecureSocket(
                plain.getInetAddress(), plain.getLocalPort(), bytes("client"), clientKeys.getPrivateKey(), ofClient);
    }

    private Connected connect() throws Exception {
        Future<Socket> accepting = threads.submit(listening::accept);
        SecureSocket client = connectClient();
        return new Connected(client, accepting.get());
    }

    /** Plays the server on a plain socket. */
    private SecureSession negotiateByHand(Socket raw) throws Exception {
        SecureSession session = new SecureSession(bytes("server"), serverKeys.getPrivateKey(), ofServer);
        DataInputStream in = new DataInputStream(raw.getInputStream());
        while (!session.isEstablished()) {
            raw.getOutputStream().write(frame(session.unwrap(readFrame(in)).getData()));
        }
        return session;
    }

    private static byte[] readFrame(DataInputStream in) throws IOException {
        assertThat(in.readUnsignedShort()).isEqualTo(0xFFFF);
        byte[] message = new byte[in.readUnsignedShort()];
        in.readFully(message);
        return message;
    }

    private static byte[] frame(byte[] message) throws IOException {
        ByteArrayOutputStream framed = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(framed);
        out.writeShort(0xFFFF);
        out.writeShort(message.length);
        out.write(message);
        return framed.toByteArray();
    }

    private interface Alteration {
        byte[] of(byte[] message);
    }

    private static final class Connected implements AutoCloseable {
        final SecureSocket client;
        final Socket server;

        Connected(SecureSocket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        @Override
        public void close() throws IOException {
            client.close();
            server.close();
        }
    }

    private static final class OnePeer implements ISessionCallbacks {
        volatile PublicKey key;
        volatile RuntimeException failure;
        volatile SecureSession session;

        OnePeer(PublicKey key) {
            this.key = key;
        }

        @Override
        public PublicKey getPublicKeyForId(SecureSession asking, byte[] id) {
            session = asking;
            if (failure != null) {
                throw failure;
            }
            return key;
        }

        @Override
        public void stateChanged(SecureSession session) {}
    }
}
