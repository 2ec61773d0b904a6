package dev.securesession.benchmarks;

import dev.securesession.CryptoProviders;
import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import java.util.function.UnaryOperator;

/** Both ends of Secure Session, with new identities. */
final class SecureSessions implements Contender {
    final SessionConfig client;
    final SessionConfig server;

    private SecureSessions(SessionConfig client, SessionConfig server) {
        this.client = client;
        this.server = server;
    }

    static SecureSessions using(ProviderSet set) {
        return using(set, UnaryOperator.identity());
    }

    static SecureSessions using(ProviderSet set, UnaryOperator<SessionConfig> options) {
        return between(set, set, options);
    }

    /** Creates two ends with different cryptographic providers. */
    static SecureSessions between(ProviderSet client, ProviderSet server) {
        return between(client, server, UnaryOperator.identity());
    }

    private static SecureSessions between(
            ProviderSet client, ProviderSet server, UnaryOperator<SessionConfig> options) {
        PeerId clientId = PeerId.ofUtf8("client");
        PeerId serverId = PeerId.ofUtf8("server");
        IdentityKeyPair clientKeys = IdentityKeyPair.generate();
        IdentityKeyPair serverKeys = IdentityKeyPair.generate();
        // The ends share nothing, as in two processes.
        return new SecureSessions(
                config(clientId, clientKeys, serverId, serverKeys, options, client.providers()),
                config(serverId, serverKeys, clientId, clientKeys, options, server.providers()));
    }

    private static SessionConfig config(
            PeerId id,
            IdentityKeyPair keys,
            PeerId peer,
            IdentityKeyPair peerKeys,
            UnaryOperator<SessionConfig> options,
            CryptoProviders providers) {
        SessionConfig config = SessionConfig.of(
                        LocalIdentity.of(id, keys.privateKey()), PeerDirectory.of(peer, peerKeys.publicKey()))
                .withCrypto(providers);
        return options.apply(config);
    }

    @Override
    public Sessions connect() throws HandshakeException {
        try (Handshake clientSide = Handshake.clientAcceptingAnyKnownPeer(client);
                Handshake serverSide = Handshake.server(server)) {
            byte[] message = clientSide.start();
            message = reply(serverSide.receive(message));
            message = reply(clientSide.receive(message));
            HandshakeStep.Established serverDone = (HandshakeStep.Established) serverSide.receive(message);
            HandshakeStep.Established clientDone = (HandshakeStep.Established) clientSide.receive(reply(serverDone));
            return new Sessions(clientDone.session(), serverDone.session());
        }
    }

    static byte[] reply(HandshakeStep step) {
        return step.message().orElseThrow();
    }

    /** The two ends of an established session. */
    static final class Sessions implements Connection {
        final SecureSession client;
        final SecureSession server;

        Sessions(SecureSession client, SecureSession server) {
            this.client = client;
            this.server = server;
        }

        /** Uses the same buffers for all messages, as TLS engines do. */
        @Override
        public RoundTrip roundTrip(int size) {
            Carriage carriage = Carriage.Kind.HEAP.carriage(size);
            return () -> carriage.roundTrip(client, server);
        }

        @Override
        public void close() {
            client.close();
            server.close();
        }
    }
}
