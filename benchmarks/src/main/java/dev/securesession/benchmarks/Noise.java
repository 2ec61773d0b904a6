package dev.securesession.benchmarks;

import com.southernstorm.noise.protocol.CipherState;
import com.southernstorm.noise.protocol.CipherStatePair;
import com.southernstorm.noise.protocol.DHState;
import com.southernstorm.noise.protocol.HandshakeState;
import java.security.NoSuchAlgorithmException;

/** The Noise pattern XX: mutual authentication in three messages, with encrypted identity keys. Not thread-safe. */
final class Noise implements Contender {
    private static final String PROTOCOL = "Noise_XX_25519_AESGCM_SHA256";
    private static final int MAX_MESSAGE = 65_535;
    private static final int MAX_HANDSHAKE_MESSAGE = 256;

    private final DHState clientKeys;
    private final DHState serverKeys;
    private final byte[] message = new byte[MAX_HANDSHAKE_MESSAGE];
    private final byte[] payload = new byte[MAX_HANDSHAKE_MESSAGE];

    Noise() throws NoSuchAlgorithmException {
        clientKeys = com.southernstorm.noise.protocol.Noise.createDH("25519");
        clientKeys.generateKeyPair();
        serverKeys = com.southernstorm.noise.protocol.Noise.createDH("25519");
        serverKeys.generateKeyPair();
    }

    @Override
    public Connection connect() throws Exception {
        HandshakeState client = start(HandshakeState.INITIATOR, clientKeys);
        HandshakeState server = start(HandshakeState.RESPONDER, serverKeys);
        deliver(client, server);
        deliver(server, client);
        deliver(client, server);
        Ciphers ciphers = new Ciphers(client.split(), server.split());
        client.destroy();
        server.destroy();
        return ciphers;
    }

    private static HandshakeState start(int role, DHState keys) throws NoSuchAlgorithmException {
        HandshakeState state = new HandshakeState(PROTOCOL, role);
        state.getLocalKeyPair().copyFrom(keys);
        state.start();
        return state;
    }

    private void deliver(HandshakeState from, HandshakeState to) throws Exception {
        int length = from.writeMessage(message, 0, new byte[0], 0, 0);
        to.readMessage(message, 0, length, payload, 0);
    }

    /** The result of a handshake: a cipher for each direction at each end. */
    private static final class Ciphers implements Connection {
        private final CipherStatePair client;
        private final CipherStatePair server;

        Ciphers(CipherStatePair client, CipherStatePair server) {
            this.client = client;
            this.server = server;
        }

        /** Long payloads are split into messages of the maximum length. */
        @Override
        public RoundTrip roundTrip(int size) {
            CipherState sender = client.getSender();
            CipherState receiver = server.getReceiver();
            int maxPart = MAX_MESSAGE - sender.getMACLength();
            byte[] payload = new byte[size];
            byte[] message = new byte[Math.min(size, maxPart) + sender.getMACLength()];
            byte[] unwrapped = new byte[size];
            return () -> {
                int arrived = 0;
                while (arrived < size) {
                    int part = Math.min(size - arrived, maxPart);
                    int length = sender.encryptWithAd(null, payload, arrived, message, 0, part);
                    arrived += receiver.decryptWithAd(null, message, 0, unwrapped, arrived, length);
                }
                return arrived;
            };
        }

        @Override
        public void close() {
            client.destroy();
            server.destroy();
        }
    }
}
