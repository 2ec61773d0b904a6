package dev.securesession.tunnel;

import dev.securesession.CryptoProviders;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.netty.SecureSessionHandler;
import dev.securesession.netty.SecureSessionOptions;
import dev.securesession.netty.SecureStreamHandler;
import dev.securesession.netty.ServerLimits;
import dev.securesession.transport.ServerCounters;
import dev.securesession.transport.ServerOptions;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The end of a tunnel in front of services: peers whose keys are known reach its targets, and nobody else does.
 *
 * <pre>{@code
 * TunnelServer server = TunnelServer.start(
 *         TunnelAddress.parse("0.0.0.0:7000"),
 *         LocalIdentity.of(PeerId.ofUtf8("server"), privateKey),
 *         CryptoProviders.fastest(),
 *         peers,
 *         Map.of("", TunnelAddress.parse("127.0.0.1:6379")),
 *         TunnelOptions.defaults());
 * }</pre>
 *
 * <p>Safe for use by several threads. docs/tunnel-protocol.md.
 */
public final class TunnelServer implements Tunnel {
    private final Endpoints endpoints;
    private final Relays relays;
    private final TunnelOptions options;
    private final ServerLimits limits;
    private final SourceRates rates;
    private final Endpoints.Listening listening;
    private volatile TunnelPeers peers;
    private volatile Map<String, TunnelAddress> targets;
    private volatile SessionConfig config;

    private TunnelServer(
            TunnelAddress listen,
            LocalIdentity identity,
            CryptoProviders crypto,
            TunnelPeers peers,
            Map<String, TunnelAddress> targets,
            TunnelOptions options)
            throws IOException {
        this.options = options;
        this.peers = peers;
        this.targets = requireTargets(targets);
        this.config = config(identity, crypto);
        this.limits = limits(options);
        this.rates = new SourceRates(options.handshakesPerSecond(), System::nanoTime);
        this.relays = new Relays(options.maxConnections(), options.maxConnectionsPerPeer(), options.listener());
        this.endpoints = new Endpoints(options);
        boolean bound = false;
        try {
            listening = endpoints.listen(listen, Endpoints.ChildReads.AT_ONCE, new Accept());
            bound = true;
        } finally {
            if (!bound) {
                endpoints.close();
            }
        }
    }

    /**
     * Starts a server, on threads of its own.
     *
     * @param listen where peers connect
     * @param identity who this end is
     * @param crypto the providers; {@link CryptoProviders#fastest()} where nothing speaks against it
     * @param peers the peers to serve
     * @param targets the addresses of the services by name; the empty name is the target of peers that name none
     * @param options limits, timeouts and the listener
     * @return the server, listening; the caller's to close
     * @throws IOException if the address cannot be listened on: the message says why
     * @throws IllegalArgumentException if there is no target, or a name has more than 255 bytes
     */
    public static TunnelServer start(
            TunnelAddress listen,
            LocalIdentity identity,
            CryptoProviders crypto,
            TunnelPeers peers,
            Map<String, TunnelAddress> targets,
            TunnelOptions options)
            throws IOException {
        return new TunnelServer(listen, identity, crypto, peers, targets, options);
    }

    /**
     * Returns the limits on half-open connections; those on established ones are of the relays. One address may have as many
     * half open as it may begin in a second.
     */
    static ServerLimits limits(TunnelOptions options) {
        ServerOptions defaults = ServerOptions.defaults();
        int perSecond = options.handshakesPerSecond();
        return ServerLimits.of(defaults.withHalfOpenLimitPerAddress(
                        perSecond == 0 ? Integer.MAX_VALUE : Math.max(perSecond, defaults.halfOpenLimitPerAddress()))
                .withConnectionLimit(Integer.MAX_VALUE)
                .withConnectionLimitPerPeer(Integer.MAX_VALUE));
    }

    @Override
    public SocketAddress address() {
        return listening.address();
    }

    @Override
    public List<TunnelConnection> connections() {
        return relays.connections();
    }

    /** Returns how many connections wait for their target. */
    int connecting() {
        return relays.connectingCount();
    }

    /** Returns how many sessions wait for another connection. */
    int spareCount() {
        return relays.spareCount();
    }

    /**
     * Returns what the handshakes have done until now, for metrics.
     *
     * @return the counters of this moment
     */
    public ServerCounters counters() {
        return limits.counters();
    }

    /**
     * Replaces the peers. Connections of peers that are gone, whose key is gone, or that may no longer reach their target, end
     * at once and learn why, and so do sessions that wait for another connection when the key of their peer is gone; all others
     * go on.
     *
     * @param others the peers to serve from now on
     */
    public void replacePeers(TunnelPeers others) {
        peers = others;
        relays.abort(relay -> !relay.isStillAllowed(others), TunnelException.Code.REVOKED, REVOKED_REASON);
        relays.revokeSpare(session -> !isKnown(others, session), REVOKED_REASON);
    }

    /**
     * Replaces the targets, for new connections.
     *
     * @param others the addresses of the services by name
     * @throws IllegalArgumentException if there is no target, or a name has more than 255 bytes
     */
    public void replaceTargets(Map<String, TunnelAddress> others) {
        targets = requireTargets(others);
    }

    /**
     * Replaces the identity of this end, for new connections, which begin new sessions; those that are open go on.
     *
     * @param identity who this end is from now on
     */
    public void replaceIdentity(LocalIdentity identity) {
        config = config(identity, config.crypto());
        relays.closeSpare();
    }

    /** Its directory reads the peers at each handshake, since they can be replaced. */
    private SessionConfig config(LocalIdentity identity, CryptoProviders crypto) {
        return SessionConfig.of(identity, id -> peers.find(id)).withCrypto(crypto);
    }

    /**
     * Ends all connections of a peer, and its sessions that wait for another one; it learns why. It can connect again unless the peers are replaced too.
     *
     * @param peer the id of the peer
     */
    public void closePeer(PeerId peer) {
        relays.closePeer(peer, "the connections of this peer were closed");
    }

    @Override
    public void close(Duration patience) {
        listening.close();
        relays.drain(patience);
        endpoints.close();
    }

    /**
     * Describes the server for people to read.
     *
     * @return a description
     */
    @Override
    public String toString() {
        return "tunnel server on " + TunnelAddress.describe(address()) + " to " + targets;
    }

    private static Map<String, TunnelAddress> requireTargets(Map<String, TunnelAddress> targets) {
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("no targets; give at least one");
        }
        targets.keySet().forEach(OpenRequest::requireName);
        return Map.copyOf(targets);
    }

    /** Finds a target; a peer cannot tell one that does not exist from one that it may not reach. */
    private TunnelAddress find(SecureSession session, String target) throws TunnelException {
        TunnelPeers current = peers;
        if (!isKnown(current, session)) {
            throw new TunnelException(TunnelException.Code.REVOKED, "the key of " + session.peer() + " was revoked");
        }
        TunnelAddress found = targets.get(target);
        if (found == null || !current.mayReach(session.peer(), target)) {
            throw new TunnelException(
                    TunnelException.Code.NO_TARGET,
                    session.peer() + " may reach no target"
                            + (target.isEmpty() ? " without a name" : " named " + target));
        }
        return found;
    }

    /** Tells whether the key that a peer has proved to hold is one of its keys still. */
    static boolean isKnown(TunnelPeers peers, SecureSession session) {
        for (IdentityPublicKey key : peers.find(session.peer())) {
            if (Arrays.equals(key.fingerprintBytes(), session.peerFingerprint())) {
                return true;
            }
        }
        return false;
    }

    private final class CurrentTargets implements TargetSelection.Targets {
        private final SessionConfig begun;

        /**
         * @param begun what the session was begun with
         */
        CurrentTargets(SessionConfig begun) {
            this.begun = begun;
        }

        @Override
        public TunnelAddress find(SecureSession session, String target) throws TunnelException {
            return TunnelServer.this.find(session, target);
        }

        @Override
        public boolean mayContinue(SecureSession session) {
            return begun == config && isKnown(peers, session);
        }

        @Override
        public boolean isStillAllowed(Relay relay) {
            return relay.isStillAllowed(peers);
        }
    }

    private final class Accept extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            SocketAddress remote = channel.remoteAddress();
            if (!rates.admits(channel)) {
                relays.refused(
                        remote,
                        TunnelRefusal.Reason.RATE,
                        null,
                        new IOException(
                                "more than " + options.handshakesPerSecond() + " handshakes a second from one source"));
                channel.close();
                return;
            }
            SessionConfig current = config;
            SecureSessionOptions sessions = endpoints.sessions().withServerLimits(limits);
            channel.pipeline()
                    .addLast(SecureSessionHandler.server(current, sessions))
                    .addLast(SecureStreamHandler.forStreamsInTurn())
                    .addLast(new TargetSelection(endpoints, relays, new CurrentTargets(current), options));
        }
    }

    static final String REVOKED_REASON = "the peer may no longer use this connection";
}
