package dev.securesession.testkit;

import dev.securesession.Curve;
import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.IdentityKeyPair;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import java.time.Instant;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Two peers that know each other, and no network between them: the test moves every message itself, or has it moved.
 *
 * <pre>{@code
 * try (Pair.Sessions sessions = Pair.create().establish()) {
 *     byte[] message = sessions.client().wrap(payload);
 *     assertThat(sessions.server().unwrap(message)).isEqualTo(payload);
 * }
 * }</pre>
 *
 * <p>Both peers read one {@link MovableClock}. Instances are immutable, the clock aside, and make as many handshakes as
 * asked for.
 */
public final class Pair {
    /** What the client of a new pair is called. */
    public static final PeerId CLIENT_ID = PeerId.ofUtf8("client");

    /** What the server of a new pair is called. */
    public static final PeerId SERVER_ID = PeerId.ofUtf8("server");

    /** What the clock of a new pair shows. */
    public static final Instant START = Instant.ofEpochSecond(1_800_000_000);

    private final SessionConfig client;
    private final SessionConfig server;
    private final MovableClock clock;
    private final @Nullable PeerId expectedByClient;
    private final @Nullable PeerId expectedByServer;

    private Pair(
            SessionConfig client,
            SessionConfig server,
            MovableClock clock,
            @Nullable PeerId expectedByClient,
            @Nullable PeerId expectedByServer) {
        this.client = client;
        this.server = server;
        this.clock = clock;
        this.expectedByClient = expectedByClient;
        this.expectedByServer = expectedByServer;
    }

    /**
     * Returns two peers with identity keys on P-256 and the default options. The client expects the server.
     *
     * @return the pair
     */
    public static Pair create() {
        return create(Curve.P256, Curve.P256);
    }

    /**
     * Returns two peers with identity keys on these curves and the default options. The client expects the server.
     *
     * @param clientCurve where the keys of the client are
     * @param serverCurve where the keys of the server are
     * @return the pair
     */
    public static Pair create(Curve clientCurve, Curve serverCurve) {
        return of(CLIENT_ID, TestKeys.pair(clientCurve, 1), SERVER_ID, TestKeys.pair(serverCurve, 2));
    }

    /**
     * Returns two peers with these names and keys and the default options. The client expects the server.
     *
     * @param clientId the name of the client
     * @param clientKeys the identity of the client
     * @param serverId the name of the server
     * @param serverKeys the identity of the server
     * @return the pair
     */
    public static Pair of(PeerId clientId, IdentityKeyPair clientKeys, PeerId serverId, IdentityKeyPair serverKeys) {
        MovableClock clock = MovableClock.at(START);
        SessionConfig client = SessionConfig.of(
                        LocalIdentity.of(clientId, clientKeys.privateKey()),
                        PeerDirectory.of(serverId, serverKeys.publicKey()))
                .withClock(clock);
        SessionConfig server = SessionConfig.of(
                        LocalIdentity.of(serverId, serverKeys.privateKey()),
                        PeerDirectory.of(clientId, clientKeys.publicKey()))
                .withClock(clock);
        return new Pair(client, server, clock, serverId, null);
    }

    /**
     * Returns a copy whose client is configured another way.
     *
     * @param change makes the new configuration from the present one
     * @return the copy, with the same clock
     */
    public Pair withClient(UnaryOperator<SessionConfig> change) {
        return new Pair(change.apply(client), server, clock, expectedByClient, expectedByServer);
    }

    /**
     * Returns a copy whose server is configured another way.
     *
     * @param change makes the new configuration from the present one
     * @return the copy, with the same clock
     */
    public Pair withServer(UnaryOperator<SessionConfig> change) {
        return new Pair(client, change.apply(server), clock, expectedByClient, expectedByServer);
    }

    /**
     * Returns a copy whose client accepts one peer only.
     *
     * @param peer the peer that it expects, instead of the server
     * @return the copy, with the same clock
     */
    public Pair withClientExpecting(PeerId peer) {
        return new Pair(client, server, clock, peer, expectedByServer);
    }

    /**
     * Returns a copy whose server accepts one peer only.
     *
     * @param peer the peer that it expects
     * @return the copy, with the same clock
     */
    public Pair withServerExpecting(PeerId peer) {
        return new Pair(client, server, clock, expectedByClient, peer);
    }

    /**
     * Returns a copy in which both peers are configured another way.
     *
     * @param change makes the new configuration of each from the present one
     * @return the copy, with the same clock
     */
    public Pair with(UnaryOperator<SessionConfig> change) {
        return withClient(change).withServer(change);
    }

    /**
     * Returns a copy in which both peers ask for the keys of the other by {@link HandshakeStep.NeedPeerKey}. An
     * {@link Exchange} answers the question.
     *
     * @return the copy, with the same clock
     */
    public Pair askingForKeys() {
        return with(SessionConfig::withoutDirectory);
    }

    /**
     * Returns how the client is configured.
     *
     * @return the configuration
     */
    public SessionConfig client() {
        return client;
    }

    /**
     * Returns how the server is configured.
     *
     * @return the configuration
     */
    public SessionConfig server() {
        return server;
    }

    /**
     * Returns the clock that both peers read, unless they were given another.
     *
     * @return the clock, for the test to move
     */
    public MovableClock clock() {
        return clock;
    }

    /**
     * Begins a handshake of the client alone.
     *
     * @return the handshake, the caller's to close
     */
    public Handshake beginAsClient() {
        return expectedByClient == null
                ? Handshake.clientAcceptingAnyKnownPeer(client)
                : Handshake.client(client, expectedByClient);
    }

    /**
     * Begins a handshake of the server alone.
     *
     * @return the handshake, the caller's to close
     */
    public Handshake beginAsServer() {
        return expectedByServer == null ? Handshake.server(server) : Handshake.server(server, expectedByServer);
    }

    /**
     * Begins a handshake, of which no message has been made yet.
     *
     * @return the handshake, the caller's to close
     */
    public Exchange begin() {
        return resume(beginAsClient(), beginAsServer());
    }

    /**
     * Takes up a handshake at its beginning with handshakes that the test has made.
     *
     * @param clientSide has not made its first message yet
     * @param serverSide has not received one yet
     * @return the handshake, the caller's to close
     */
    public Exchange resume(Handshake clientSide, Handshake serverSide) {
        return new Exchange(clientSide, serverSide, this);
    }

    /**
     * Performs a handshake, and returns the session of each peer.
     *
     * @return the two ends, the caller's to close
     * @throws HandshakeException if one peer refuses the other
     */
    public Sessions establish() throws HandshakeException {
        return begin().finish();
    }

    /**
     * A handshake between the two, which goes as far as it is asked for: {@link #message3()} lets the peers exchange
     * what comes before it. What was made once is kept, so a message can be asked for as often as it is needed. For use by
     * one thread.
     */
    public static final class Exchange implements AutoCloseable {
        private final Handshake client;
        private final Handshake server;
        private final Pair pair;
        private byte @Nullable [] message1;
        private byte @Nullable [] message2;
        private byte @Nullable [] message3;
        private byte @Nullable [] message4;
        private @Nullable SecureSession serverSession;

        private Exchange(Handshake client, Handshake server, Pair pair) {
            this.client = client;
            this.server = server;
            this.pair = pair;
        }

        /**
         * Returns the side of the client, to be given other messages than the right ones.
         *
         * @return the handshake of the client
         */
        public Handshake client() {
            return client;
        }

        /**
         * Returns the side of the server, to be given other messages than the right ones.
         *
         * @return the handshake of the server
         */
        public Handshake server() {
            return server;
        }

        /**
         * Returns message 1, which the client makes.
         *
         * @return the message, a new array
         */
        public byte[] message1() {
            if (message1 == null) {
                message1 = client.start();
            }
            return message1.clone();
        }

        /**
         * Returns message 2, which the server makes when it has received message 1.
         *
         * @return the message, a new array
         * @throws HandshakeException if the server refuses message 1
         */
        public byte[] message2() throws HandshakeException {
            if (message2 == null) {
                message2 =
                        reply(receive(server, message1(), pair.client.identity().publicKey()));
            }
            return message2.clone();
        }

        /**
         * Returns message 3, which the client makes when it has received message 2.
         *
         * @return the message, a new array
         * @throws HandshakeException if a peer refuses what comes before
         */
        public byte[] message3() throws HandshakeException {
            if (message3 == null) {
                message3 =
                        reply(receive(client, message2(), pair.server.identity().publicKey()));
            }
            return message3.clone();
        }

        /**
         * Returns message 4, which the server makes when it has received message 3; its session is established then.
         *
         * @return the message, a new array
         * @throws HandshakeException if a peer refuses what comes before
         */
        public byte[] message4() throws HandshakeException {
            if (message4 == null) {
                HandshakeStep.Established step = (HandshakeStep.Established) server.receive(message3());
                serverSession = step.session();
                message4 = reply(step);
            }
            return message4.clone();
        }

        /**
         * Returns the session of the server, which is established when it has received message 3.
         *
         * @return the session
         * @throws HandshakeException if a peer refuses what comes before
         */
        public SecureSession serverSession() throws HandshakeException {
            message4();
            if (serverSession == null) {
                throw new AssertionError("message 4 without a session");
            }
            return serverSession;
        }

        /**
         * Gives the client message 4, and returns the session of each peer. Once only.
         *
         * @return the two ends, the caller's to close
         * @throws HandshakeException if a peer refuses the other
         */
        public Sessions finish() throws HandshakeException {
            HandshakeStep.Established step = (HandshakeStep.Established) client.receive(message4());
            return new Sessions(
                    step.session(), serverSession(), List.of(message1(), message2(), message3(), message4()));
        }

        /** Gives up both sides, if they have no session yet. */
        @Override
        public void close() {
            client.close();
            server.close();
        }

        private static HandshakeStep receive(Handshake side, byte[] message, IdentityPublicKey peerKey)
                throws HandshakeException {
            HandshakeStep step = side.receive(message);
            return step instanceof HandshakeStep.NeedPeerKey question ? side.resolve(question.peer(), peerKey) : step;
        }

        private static byte[] reply(HandshakeStep step) {
            return step.message().orElseThrow();
        }
    }

    /** The two ends of an established session. */
    public static final class Sessions implements AutoCloseable {
        private final SecureSession client;
        private final SecureSession server;
        private final List<byte[]> messages;

        private Sessions(SecureSession client, SecureSession server, List<byte[]> messages) {
            this.client = client;
            this.server = server;
            this.messages = messages;
        }

        /**
         * Returns the end of the client.
         *
         * @return the session
         */
        public SecureSession client() {
            return client;
        }

        /**
         * Returns the end of the server.
         *
         * @return the session
         */
        public SecureSession server() {
            return server;
        }

        /**
         * Returns the four messages that were exchanged before.
         *
         * @return the messages, in order; not to be changed
         */
        public List<byte[]> messages() {
            return messages;
        }

        /**
         * Lets the client wrap a payload and the server unwrap it.
         *
         * @param payload 1 byte or more
         * @return what the server got
         * @throws MessageRejectedException if the server refuses the message
         */
        public byte[] toServer(byte[] payload) throws MessageRejectedException {
            return server.unwrap(client.wrap(payload));
        }

        /**
         * Lets the server wrap a payload and the client unwrap it.
         *
         * @param payload 1 byte or more
         * @return what the client got
         * @throws MessageRejectedException if the client refuses the message
         */
        public byte[] toClient(byte[] payload) throws MessageRejectedException {
            return client.unwrap(server.wrap(payload));
        }

        /** Closes both ends. */
        @Override
        public void close() {
            client.close();
            server.close();
        }
    }
}
