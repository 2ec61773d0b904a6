package com.cossacklabs.themis;

import com.cossacklabs.themis.SecureSession.SessionDataType;
import com.cossacklabs.themis.SecureSession.UnwrapResult;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Two ends that know each other's keys, and what happens to them. */
final class Peers {
    final Keypair clientKeys = KeypairGenerator.generateKeypair();
    final Keypair serverKeys = KeypairGenerator.generateKeypair();
    final End client = new End("client", clientKeys, serverKeys.getPublicKey());
    final End server = new End("server", serverKeys, clientKeys.getPublicKey());

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Runs a whole handshake by buffers. */
    Peers establish() throws SecureSessionException {
        byte[] first = client.session.generateConnectRequest();
        byte[] second = server.session.unwrap(first).getData();
        byte[] third = client.session.unwrap(second).getData();
        byte[] fourth = server.session.unwrap(third).getData();
        UnwrapResult last = client.session.unwrap(fourth);
        if (last.getDataType() != SessionDataType.NO_DATA) {
            throw new AssertionError(last.getDataType());
        }
        return this;
    }

    /** A session and the callbacks that it was given. */
    static final class End implements ISessionCallbacks {
        final List<String> events = new ArrayList<>();
        final SecureSession session;
        Lookup lookup;
        Change change = changed -> {};

        End(String id, Keypair own, PublicKey peer) {
            this.lookup = (asking, asked) -> peer;
            this.session = new SecureSession(bytes(id), own.getPrivateKey(), this);
        }

        @Override
        public PublicKey getPublicKeyForId(SecureSession asking, byte[] id) {
            events.add("key of " + new String(id, StandardCharsets.UTF_8));
            return lookup.find(asking, id);
        }

        @Override
        public void stateChanged(SecureSession changed) {
            events.add(changed.getState() + " " + changed.isEstablished());
            change.to(changed);
        }
    }

    interface Lookup {
        PublicKey find(SecureSession asking, byte[] id);
    }

    interface Change {
        void to(SecureSession changed);
    }

    static byte[] altered(byte[] message, int at) {
        byte[] altered = Arrays.copyOf(message, message.length);
        altered[at] ^= 1;
        return altered;
    }
}
