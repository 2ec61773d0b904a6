package dev.securesession.benchmarks;

import com.cossacklabs.themis.ISessionCallbacks;
import com.cossacklabs.themis.Keypair;
import com.cossacklabs.themis.KeypairGenerator;
import com.cossacklabs.themis.PublicKey;
import com.cossacklabs.themis.SecureSession;
import com.cossacklabs.themis.SecureSessionException;
import java.nio.charset.StandardCharsets;

/** Both ends of the drop-in, with new identities. */
final class DropIn implements Contender {
    private final Keypair clientKeys = KeypairGenerator.generateKeypair();
    private final Keypair serverKeys = KeypairGenerator.generateKeypair();

    @Override
    public Connection connect() throws SecureSessionException {
        SecureSession client = session("client", clientKeys, serverKeys.getPublicKey());
        SecureSession server = session("server", serverKeys, clientKeys.getPublicKey());
        byte[] message = client.generateConnectRequest();
        message = server.unwrap(message).getData();
        message = client.unwrap(message).getData();
        message = server.unwrap(message).getData();
        client.unwrap(message);
        return new Ends(client, server);
    }

    private static SecureSession session(String id, Keypair own, PublicKey peer) {
        return new SecureSession(id.getBytes(StandardCharsets.UTF_8), own.getPrivateKey(), new Knowing(peer));
    }

    /** The two ends of an established session. */
    private record Ends(SecureSession client, SecureSession server) implements Connection {
        @Override
        public RoundTrip roundTrip(int size) {
            byte[] payload = new byte[size];
            return () -> server.unwrap(client.wrap(payload)).getData().length;
        }

        @Override
        public void close() {
            client.close();
            server.close();
        }
    }

    /** A directory with one key. */
    private record Knowing(PublicKey peer) implements ISessionCallbacks {
        @Override
        public PublicKey getPublicKeyForId(SecureSession asking, byte[] id) {
            return peer;
        }

        @Override
        public void stateChanged(SecureSession changed) {}
    }
}
