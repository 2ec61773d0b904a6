package com.cossacklabs.themis;

import static com.cossacklabs.themis.Peers.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;

class SecureTransportSessionTest {
    private final Keypair clientKeys = KeypairGenerator.generateKeypair();
    private final Keypair serverKeys = KeypairGenerator.generateKeypair();
    private final Deque<byte[]> toServer = new ArrayDeque<>();
    private final Deque<byte[]> toClient = new ArrayDeque<>();
    private final SecureTransportSession client = new SecureTransportSession(
            bytes("client"), clientKeys.getPrivateKey(), new Queues(toClient, toServer, serverKeys.getPublicKey()));
    private final SecureTransportSession server = new SecureTransportSession(
            "server", serverKeys.getPrivateKey(), new Queues(toServer, toClient, clientKeys.getPublicKey()));

    @Test
    void negotiatesToTheEndByItself() throws Exception {
        negotiate();

        assertThat(client.isEstablished()).isTrue();
        assertThat(server.isEstablished()).isTrue();
        assertThat(toServer).isEmpty();
        assertThat(toClient).isEmpty();
    }

    @Test
    void readsPayloadsAndNothingElse() throws Exception {
        client.connect();
        assertThat(server.read()).isEmpty();
        assertThat(client.read()).isEmpty();
        assertThat(server.read()).isEmpty();
        assertThat(client.read()).isEmpty();

        client.write(bytes("hello"));
        assertThat(server.read()).isEqualTo(bytes("hello"));
        server.write(bytes("world"));
        assertThat(client.read()).isEqualTo(bytes("world"));
    }

    @Test
    void writesNothingThatIsRefused() {
        assertThatExceptionOfType(SecureSessionException.class).isThrownBy(() -> client.write(bytes("early")));
        assertThat(toServer).isEmpty();
    }

    @Test
    void answersNothingThatIsRefused() throws Exception {
        client.connect();
        toServer.add(Peers.altered(toServer.remove(), 30));

        assertThatExceptionOfType(SecureSessionException.class).isThrownBy(server::read);
        assertThat(toClient).isEmpty();
    }

    @Test
    void takesNoEndForAMessage() {
        assertThatExceptionOfType(NullArgumentException.class).isThrownBy(client::read);
    }

    @Test
    void needsCallbacksToSend() {
        SecureTransportSession alone = new SecureTransportSession(bytes("alone"), clientKeys.getPrivateKey(), null);

        assertThatExceptionOfType(NullArgumentException.class).isThrownBy(alone::connect);
    }

    private void negotiate() throws SecureSessionException {
        client.connect();
        server.read();
        client.read();
        server.read();
        client.read();
    }

    private static final class Queues implements ITransportSessionCallbacks {
        private final Deque<byte[]> incoming;
        private final Deque<byte[]> outgoing;
        private final PublicKey peer;

        Queues(Deque<byte[]> incoming, Deque<byte[]> outgoing, PublicKey peer) {
            this.incoming = incoming;
            this.outgoing = outgoing;
            this.peer = peer;
        }

        @Override
        public void write(byte[] wrappedData) {
            outgoing.add(wrappedData);
        }

        @Override
        public byte[] read() {
            return incoming.poll();
        }

        @Override
        public PublicKey getPublicKeyForId(SecureSession session, byte[] id) {
            return peer;
        }

        @Override
        public void stateChanged(SecureSession session) {}
    }
}
