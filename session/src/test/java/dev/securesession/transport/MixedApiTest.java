package dev.securesession.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.Delivery;
import dev.securesession.Handshake;
import dev.securesession.HandshakeStep;
import dev.securesession.Role;
import dev.securesession.SecureSession;
import dev.securesession.testkit.Pair;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One end mixes the two ways of moving messages, by buffer (the application moves them) and by callback (the connection does),
 * in either role and over several transports; the other end does everything by callback.
 */
@Timeout(60)
class MixedApiTest {
    private static final int ROUNDS = 5;
    private static final int MAX_LENGTH = 1 << 16;

    @TempDir
    static Path folder;

    private final Pair pair = Pair.create();

    static Stream<Arguments> kindsAndRoles() {
        return Stream.of(Kind.values()).flatMap(kind -> Stream.of(Role.values()).map(role -> Arguments.of(kind, role)));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("kindsAndRoles")
    void receivesByBufferAndAnswersByCallback(Kind kind, Role role) throws Exception {
        exchange(kind, role, this::handshakeByCallback, connection -> {
            byte[] question = byBuffer(connection);
            connection.send(answer(question));
        });
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("kindsAndRoles")
    void handshakesByCallbackAndExchangesByBuffer(Kind kind, Role role) throws Exception {
        exchange(kind, role, this::handshakeByCallback, connection -> {
            byte[] question = byBuffer(connection);
            connection.transport().send(connection.session().wrap(answer(question)));
        });
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("kindsAndRoles")
    void handshakesByBufferAndExchangesByCallback(Kind kind, Role role) throws Exception {
        exchange(kind, role, this::handshakeByBuffer, connection -> {
            byte[] question = connection.receive().orElseThrow();
            connection.send(answer(question));
        });
    }

    private static byte[] byBuffer(SecureConnection connection) throws Exception {
        byte[] message =
                connection.transport().receive(MAX_LENGTH, Duration.ZERO).orElseThrow();
        return connection.session().unwrap(message);
    }

    /** The other end asks, and the end that mixes answers. */
    private void exchange(Kind kind, Role role, Opening opening, Answering answering) throws Exception {
        try (Threads threads = new Threads();
                Ends ends = kind.open(folder)) {
            Transport mixing = role == Role.CLIENT ? ends.client : ends.server;
            Transport other = role == Role.CLIENT ? ends.server : ends.client;
            Future<Integer> asking = threads.run(() -> {
                SecureConnection connection = handshakeByCallback(other, opposite(role));
                for (int i = 0; i < ROUNDS; i++) {
                    byte[] question = ("question " + i).getBytes(UTF_8);
                    connection.send(question);
                    assertThat(connection.receive()).hasValue(answer(question));
                }
                return ROUNDS;
            });
            SecureConnection connection = opening.open(mixing, role);
            for (int i = 0; i < ROUNDS; i++) {
                answering.answer(connection);
            }
            assertThat(Threads.await(asking)).isEqualTo(ROUNDS);
        }
    }

    private SecureConnection handshakeByCallback(Transport transport, Role role) throws Exception {
        return role == Role.CLIENT
                ? SecureConnection.connect(transport, pair.client(), Pair.SERVER_ID)
                : SecureConnection.accept(transport, pair.server());
    }

    private SecureConnection handshakeByBuffer(Transport transport, Role role) throws Exception {
        // A session over datagrams takes messages in any order (PROTOCOL.md D-2).
        Delivery delivery = transport.delivery();
        try (Handshake handshake = role == Role.CLIENT
                ? Handshake.client(pair.client().withDelivery(delivery), Pair.SERVER_ID)
                : Handshake.server(pair.server().withDelivery(delivery))) {
            if (role == Role.CLIENT) {
                transport.send(handshake.start());
            }
            while (true) {
                HandshakeStep step = handshake.receive(
                        transport.receive(MAX_LENGTH, Duration.ZERO).orElseThrow());
                if (step.message().isPresent()) {
                    transport.send(step.message().get());
                }
                if (step instanceof HandshakeStep.Established established) {
                    SecureSession session = established.session();
                    return SecureConnection.over(transport, session);
                }
            }
        }
    }

    private static Role opposite(Role role) {
        return role == Role.CLIENT ? Role.SERVER : Role.CLIENT;
    }

    private static byte[] answer(byte[] question) {
        return ("answer to " + new String(question, UTF_8)).getBytes(UTF_8);
    }

    private interface Opening {
        SecureConnection open(Transport transport, Role role) throws Exception;
    }

    private interface Answering {
        void answer(SecureConnection connection) throws Exception;
    }

    /** Two transports that lead to each other. */
    private static final class Ends implements AutoCloseable {
        final Transport client;
        final Transport server;

        Ends(Transport client, Transport server) {
            this.client = client;
            this.server = server;
        }

        @Override
        public void close() throws IOException {
            client.close();
            server.close();
        }
    }

    private enum Kind {
        STREAM_SOCKETS {
            @Override
            Ends open(Path folder) throws IOException {
                Loopback sockets = Loopback.open();
                return new Ends(
                        StreamTransport.of(sockets.client, Framing.lengthPrefix()),
                        StreamTransport.of(sockets.server, Framing.lengthPrefix()));
            }
        },

        UNIX_DOMAIN_SOCKETS {
            @Override
            Ends open(Path folder) throws IOException {
                Path path = folder.resolve("socket-" + System.nanoTime());
                try (ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                    listening.bind(UnixDomainSocketAddress.of(path));
                    SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path));
                    return new Ends(
                            ChannelTransport.of(client, Framing.lengthPrefix()),
                            ChannelTransport.of(listening.accept(), Framing.lengthPrefix()));
                }
            }
        },

        PIPES {
            @Override
            Ends open(Path folder) throws IOException {
                Pipe there = Pipe.open();
                Pipe back = Pipe.open();
                return new Ends(
                        ChannelTransport.of(back.source(), there.sink(), Framing.lengthPrefix()),
                        ChannelTransport.of(there.source(), back.sink(), Framing.lengthPrefix()));
            }
        },

        DATAGRAMS {
            @Override
            Ends open(Path folder) throws IOException {
                DatagramSocket client = new DatagramSocket(0, InetAddress.getLoopbackAddress());
                DatagramSocket server = new DatagramSocket(0, InetAddress.getLoopbackAddress());
                client.connect(server.getLocalSocketAddress());
                server.connect(client.getLocalSocketAddress());
                return new Ends(new Datagrams(client), new Datagrams(server));
            }
        };

        abstract Ends open(Path folder) throws IOException;
    }

    /** A transport of an application: one message, one datagram. On the loopback interface none is lost here. */
    private static final class Datagrams implements Transport {
        private final DatagramSocket socket;

        Datagrams(DatagramSocket socket) {
            this.socket = socket;
        }

        @Override
        public void send(byte[] message) throws IOException {
            socket.send(new DatagramPacket(message, message.length));
        }

        @Override
        public Optional<byte[]> receive(int maxLength, Duration timeout) throws IOException {
            DatagramPacket packet = new DatagramPacket(new byte[MAX_LENGTH], MAX_LENGTH);
            socket.setSoTimeout((int) timeout.toMillis());
            socket.receive(packet);
            return Optional.of(Arrays.copyOf(packet.getData(), packet.getLength()));
        }

        @Override
        public Delivery delivery() {
            return Delivery.UNORDERED;
        }

        @Override
        public void close() {
            socket.close();
        }
    }
}
