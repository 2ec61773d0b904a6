package example;

import com.cossacklabs.themis.ISessionCallbacks;
import com.cossacklabs.themis.Keypair;
import com.cossacklabs.themis.KeypairGenerator;
import com.cossacklabs.themis.PublicKey;
import com.cossacklabs.themis.SecureSession;
import com.cossacklabs.themis.SecureSession.SessionDataType;
import com.cossacklabs.themis.SecureSession.UnwrapResult;
import com.cossacklabs.themis.SecureSessionException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** Two sessions that pass byte arrays to each other, as a program does that brings its own transport. */
public class Buffers {
    private final Map<String, PublicKey> directory = new HashMap<String, PublicKey>();

    public static void main(String[] args) throws Exception {
        new Buffers().run();
    }

    private void run() throws SecureSessionException {
        Keypair clientKeys = KeypairGenerator.generateKeypair();
        Keypair serverKeys = KeypairGenerator.generateKeypair();
        directory.put("alice", clientKeys.getPublicKey());
        directory.put("bob", serverKeys.getPublicKey());

        SecureSession client = new SecureSession("alice", clientKeys.getPrivateKey(), callbacks("alice"));
        SecureSession server = new SecureSession("bob", serverKeys.getPrivateKey(), callbacks("bob"));
        negotiate(client, server);
        exchange(client, server);
        client.close();
        server.close();
        try {
            client.wrap(new byte[1]);
        } catch (IllegalStateException e) {
            System.out.println(e.getMessage());
        }
    }

    private ISessionCallbacks callbacks(final String name) {
        return new ISessionCallbacks() {
            @Override
            public PublicKey getPublicKeyForId(SecureSession session, byte[] id) {
                String peer = new String(id, StandardCharsets.UTF_16);
                System.out.println(name + " asks for the key of " + peer);
                return directory.get(peer);
            }

            @Override
            public void stateChanged(SecureSession session) {
                System.out.println(name + " is " + session.getState() + " " + session.isEstablished());
            }
        };
    }

    private static void negotiate(SecureSession client, SecureSession server) throws SecureSessionException {
        byte[] message = client.generateConnectRequest();
        SecureSession receiver = server;
        while (!client.isEstablished() || !server.isEstablished()) {
            UnwrapResult result = receiver.unwrap(message);
            System.out.println(result.getDataType());
            if (result.getDataType() == SessionDataType.PROTOCOL_DATA) {
                message = result.getData();
            }
            receiver = receiver == server ? client : server;
        }
    }

    private static void exchange(SecureSession client, SecureSession server) throws SecureSessionException {
        byte[] question = "How are you?".getBytes(StandardCharsets.UTF_8);
        UnwrapResult result = server.unwrap(client.wrap(question));
        if (result.getDataType() != SessionDataType.USER_DATA || !Arrays.equals(question, result.getData())) {
            throw new IllegalStateException("another question");
        }
        byte[] answer = server.wrap("Fine.".getBytes(StandardCharsets.UTF_8));
        System.out.println(new String(client.unwrap(answer).getData(), StandardCharsets.UTF_8));
        answer[answer.length - 1] ^= 1;
        try {
            client.unwrap(answer);
        } catch (SecureSessionException e) {
            System.out.println(e.getMessage());
        }
    }
}
