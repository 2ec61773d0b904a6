package example;

import com.cossacklabs.themis.ISessionCallbacks;
import com.cossacklabs.themis.Keypair;
import com.cossacklabs.themis.KeypairGenerator;
import com.cossacklabs.themis.PublicKey;
import com.cossacklabs.themis.SecureServerSocket;
import com.cossacklabs.themis.SecureSession;
import com.cossacklabs.themis.SecureSocket;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A server and a client with sockets, which read and write lines. */
public class Sockets {
    private static final class OnePeer implements ISessionCallbacks {
        private final PublicKey key;

        OnePeer(PublicKey key) {
            this.key = key;
        }

        @Override
        public PublicKey getPublicKeyForId(SecureSession session, byte[] id) {
            return key;
        }

        @Override
        public void stateChanged(SecureSession session) {}
    }

    public static void main(String[] args) throws Exception {
        Keypair clientKeys = KeypairGenerator.generateKeypair();
        Keypair serverKeys = KeypairGenerator.generateKeypair();
        final ServerSocket listening = new SecureServerSocket(
                0, "server".getBytes("UTF-8"), serverKeys.getPrivateKey(), new OnePeer(clientKeys.getPublicKey()));
        Thread server = new Thread(new Runnable() {
            @Override
            public void run() {
                serve(listening);
            }
        });
        server.start();

        Socket socket = new SecureSocket(
                InetAddress.getByName("localhost"),
                listening.getLocalPort(),
                "client".getBytes("UTF-8"),
                clientKeys.getPrivateKey(),
                new OnePeer(serverKeys.getPublicKey()));
        Writer out = new OutputStreamWriter(socket.getOutputStream(), StandardCharsets.UTF_8);
        out.write("grüße\n");
        out.flush();
        BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        System.out.println(in.readLine());
        System.out.println(in.readLine());
        socket.close();
        server.join();
        listening.close();
    }

    private static void serve(ServerSocket listening) {
        try {
            Socket socket = listening.accept();
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            Writer out = new OutputStreamWriter(socket.getOutputStream(), StandardCharsets.UTF_8);
            out.write("you said: " + in.readLine() + "\n");
            out.flush();
            socket.close();
        } catch (Exception e) {
            e.printStackTrace();
        }
    }
}
