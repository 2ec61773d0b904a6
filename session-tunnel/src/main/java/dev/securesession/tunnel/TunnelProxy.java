package dev.securesession.tunnel;

import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.netty.SecureSessionHandler;
import dev.securesession.netty.SecureStreamHandler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;

/**
 * The end of a tunnel beside clients: each connection that it accepts leads to a target of a {@link TunnelServer}. A session
 * whose connection is complete carries others for some time ({@link TunnelOptions#withSessionReuse}).
 *
 * <p>Whoever can connect to the proxy uses its identity: listen on a loopback address or a Unix-domain socket. Safe for use by
 * several threads. docs/tunnel-protocol.md.
 */
public final class TunnelProxy implements Tunnel {
    private final Endpoints endpoints;
    private final Relays relays;
    private final TunnelOptions options;
    private final TunnelAddress server;
    private final PeerId peer;
    private final String target;
    private final Endpoints.Listening listening;
    private final SpareSessions spare = new SpareSessions();
    private volatile SessionConfig config;

    private TunnelProxy(
            TunnelAddress listen,
            TunnelAddress server,
            SessionConfig config,
            PeerId peer,
            String target,
            TunnelOptions options)
            throws IOException {
        OpenRequest.requireName(target);
        this.config = Endpoints.requireDirectory(config);
        this.options = options;
        this.server = server;
        this.peer = peer;
        this.target = target;
        this.relays = new Relays(options.maxConnections(), options.maxConnections(), options.listener());
        this.endpoints = new Endpoints(options);
        boolean bound = false;
        try {
            listening = endpoints.listen(listen, Endpoints.ChildReads.WHEN_TOLD, new Accept());
            bound = true;
        } finally {
            if (!bound) {
                endpoints.close();
            }
        }
    }

    /**
     * Starts a proxy, on threads of its own.
     *
     * @param listen where clients connect
     * @param server where the tunnel server listens
     * @param config who this end is, and the key of the server
     * @param peer the id of the server, the only one that is accepted
     * @param target the name of the target; empty for the one without a name
     * @param options limits, timeouts and the listener
     * @return the proxy, listening; the caller's to close
     * @throws IOException if the address cannot be listened on: the message says why
     * @throws IllegalArgumentException if the name of the target has more than 255 bytes, or the configuration asks for keys
     */
    public static TunnelProxy start(
            TunnelAddress listen,
            TunnelAddress server,
            SessionConfig config,
            PeerId peer,
            String target,
            TunnelOptions options)
            throws IOException {
        return new TunnelProxy(listen, server, config, peer, target, options);
    }

    @Override
    public SocketAddress address() {
        return listening.address();
    }

    @Override
    public List<TunnelConnection> connections() {
        return relays.connections();
    }

    /** Returns how many sessions wait for another connection. */
    int spareCount() {
        return spare.count();
    }

    /**
     * Replaces identity and keys, for new connections, which begin new sessions.
     *
     * @param other who this end is, and the key of the server
     * @throws IllegalArgumentException if the configuration asks for keys
     */
    public void replaceConfig(SessionConfig other) {
        config = Endpoints.requireDirectory(other);
        spare.clear();
    }

    @Override
    public void close(Duration patience) {
        listening.close();
        spare.close();
        relays.drain(patience);
        endpoints.close();
    }

    /**
     * Describes the proxy for people to read.
     *
     * @return a description
     */
    @Override
    public String toString() {
        return "tunnel proxy on " + TunnelAddress.describe(address()) + " to " + peer + " at " + server
                + (target.isEmpty() ? "" : ", target " + target);
    }

    private final class Accept extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel client) {
            Relay.resetUnlessComplete(client);
            client.pipeline().addLast(new Begin());
        }
    }

    /** Connects the server for a client that was accepted, and makes way for the relay. */
    private final class Begin extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            Channel client = ctx.channel();
            Relays.Place place;
            try {
                place = relays.reserve(peer);
            } catch (TunnelException e) {
                relays.refused(client.remoteAddress(), e.code().reason(), null, e);
                Relay.reset(client);
                return;
            }
            try {
                connect(client, place);
            } catch (RuntimeException | Error e) {
                place.close();
                unreachable(client, e);
            }
        }

        private void connect(Channel client, Relays.Place place) {
            TunnelConnection facts = new TunnelConnection(peer, client.remoteAddress(), target);
            ProxySession before = spare.acquire(client.eventLoop());
            if (before != null) {
                before.beginConnection();
                client.pipeline().remove(this);
                join(client, before, facts, place);
                return;
            }
            ProxySession session = new ProxySession(spare, options.sessionReuse());
            Future<Channel> connecting = endpoints.connect(client.eventLoop(), server, new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel channel) {
                    channel.pipeline()
                            .addLast(SecureSessionHandler.client(
                                    config, peer, endpoints.sessions().withEarlyData()))
                            .addLast(SecureStreamHandler.forStreamsInTurn())
                            .addLast(session);
                }
            });
            connecting.addListener(done -> {
                if (!done.isSuccess()) {
                    place.close();
                    unreachable(client, done.cause());
                    return;
                }
                if (!client.isActive()) {
                    place.close();
                    connecting.getNow().close();
                    return;
                }
                client.pipeline().remove(this);
                join(client, session, facts, place);
            });
        }
    }

    /** Begins to move bytes between a client and the server; whatever goes wrong ends both connections. */
    void join(Channel client, ProxySession session, TunnelConnection facts, Relays.Place place) {
        Channel channel = session.channel();
        Relay relay = null;
        try {
            relay = Relay.fromClient(channel, client, facts, place, options, relays, session::becomeSpare);
            begun(relay, session);
            channel.pipeline().addLast(relay.sessionEnd());
            client.pipeline().addLast(relay.plainEnd());
            // In a new session the request waits for the handshake, and is sent as early data.
            channel.writeAndFlush(OpenRequest.encode(client.alloc(), target));
            relay.start();
        } catch (RuntimeException | Error e) {
            if (relay == null) {
                place.close();
                channel.close();
                unreachable(client, e);
            } else {
                relay.failedToStart(e);
            }
        }
    }

    /** Notes a connection; that of a new session is opened only once the session is established. */
    private void begun(Relay relay, ProxySession session) {
        SecureSession established = session.established().orElse(null);
        if (established == null) {
            relays.begun(relay);
        } else {
            relay.facts().carriedBy(established, session.number());
            relays.opened(relay);
        }
    }

    private void unreachable(Channel client, Throwable cause) {
        relays.refused(
                client.remoteAddress(),
                TunnelRefusal.Reason.UNREACHABLE,
                null,
                new IOException("the server at " + server + " cannot be reached: " + Relay.sentence(cause), cause));
        Relay.reset(client);
    }
}
