package example;

import com.cossacklabs.themis.ITransportSessionCallbacks;
import com.cossacklabs.themis.Keypair;
import com.cossacklabs.themis.KeypairGenerator;
import com.cossacklabs.themis.PublicKey;
import com.cossacklabs.themis.SecureSession;
import com.cossacklabs.themis.SecureTransportSession;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Two sessions that send and receive by callbacks, each on a thread of its own. */
public class Callbacks {
    private static final class Pipe implements ITransportSessionCallbacks {
        private final BlockingQueue<byte[]> incoming;
        private final BlockingQueue<byte[]> outgoing;
        private final PublicKey peer;

        Pipe(BlockingQueue<byte[]> incoming, BlockingQueue<byte[]> outgoing, PublicKey peer) {
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
            try {
                return incoming.take();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public PublicKey getPublicKeyForId(SecureSession session, byte[] id) {
            return peer;
        }

        @Override
        public void stateChanged(SecureSession session) {}
    }

    public static void main(String[] args) throws Exception {
        Keypair clientKeys = KeypairGenerator.generateKeypair();
        Keypair serverKeys = KeypairGenerator.generateKeypair();
        BlockingQueue<byte[]> toServer = new LinkedBlockingQueue<byte[]>();
        BlockingQueue<byte[]> toClient = new LinkedBlockingQueue<byte[]>();
        final SecureTransportSession server = new SecureTransportSession(
                "server".getBytes(StandardCharsets.UTF_8),
                serverKeys.getPrivateKey(),
                new Pipe(toServer, toClient, clientKeys.getPublicKey()));
        Thread thread = new Thread(new Runnable() {
            @Override
            public void run() {
                echo(server);
            }
        });
        thread.start();

        SecureTransportSession client = new SecureTransportSession(
                "client".getBytes(StandardCharsets.UTF_8),
                clientKeys.getPrivateKey(),
                new Pipe(toClient, toServer, serverKeys.getPublicKey()));
        client.connect();
        while (!client.isEstablished()) {
            client.read();
        }
        client.write("echo".getBytes(StandardCharsets.UTF_8));
        System.out.println(new String(client.read(), StandardCharsets.UTF_8));
        thread.join();
        client.close();
    }

    private static void echo(SecureTransportSession server) {
        try {
            byte[] payload = server.read();
            while (payload.length == 0) {
                payload = server.read();
            }
            server.write(payload);
            server.close();
        } catch (Exception e) {
            e.printStackTrace();
        }
    }
}
