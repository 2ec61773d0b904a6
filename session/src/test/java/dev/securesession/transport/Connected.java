package dev.securesession.transport;

import dev.securesession.SecureSession;
import dev.securesession.testkit.Pair;
import java.io.IOException;
import java.util.concurrent.Future;

/** Two peers with a connection between them. */
final class Connected implements AutoCloseable {
    final SecureConnection client;
    final SecureConnection server;

    private Connected(SecureConnection client, SecureConnection server) {
        this.client = client;
        this.server = server;
    }

    /** Performs the handshake between the two. */
    static Connected establish(Threads threads, Pair pair, Transport client, Transport server) throws Exception {
        ConnectionOptions options = ConnectionOptions.defaults();
        Future<SecureConnection> accepted = threads.run(() -> SecureConnection.accept(server, pair.server(), options));
        SecureConnection connected = SecureConnection.connect(client, pair.client(), Pair.SERVER_ID, options);
        return new Connected(connected, Threads.await(accepted));
    }

    /** Puts sessions that were established before over transports. */
    static Connected over(Pair pair, Transport client, Transport server) throws Exception {
        Pair.Sessions sessions = pair.establish();
        SecureSession clientSession = sessions.client();
        SecureSession serverSession = sessions.server();
        return new Connected(
                SecureConnection.over(client, clientSession), SecureConnection.over(server, serverSession));
    }

    @Override
    public void close() throws IOException {
        try {
            client.close();
        } finally {
            server.close();
        }
    }
}
