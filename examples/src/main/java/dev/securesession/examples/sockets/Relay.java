package dev.securesession.examples.sockets;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.transport.SecureServerSocketFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Accepts sessions of one client and passes their bytes on to a server that knows TCP only, such as a database, until its
 * standard input ends.
 *
 * <pre>
 * Relay 5433 server.key client.key.pub 5432
 * </pre>
 */
public final class Relay {
    private Relay() {}

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        IdentityPrivateKey ownKey = IdentityPrivateKey.read(Files.readAllBytes(Path.of(arguments[1])));
        IdentityPublicKey clientKey = IdentityPublicKey.read(Files.readAllBytes(Path.of(arguments[2])));
        int target = Integer.parseInt(arguments[3]);
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("server"), ownKey),
                PeerDirectory.of(PeerId.ofUtf8("client"), clientKey));

        InetAddress here = InetAddress.getLoopbackAddress();
        try (ServerSocket server = SecureServerSocketFactory.of(config).createServerSocket(port, 50, here)) {
            System.out.println("listening on port " + server.getLocalPort());
            start(() -> {
                while (true) {
                    Socket session = server.accept();
                    Socket plain = new Socket(here, target);
                    start(() -> copy(session, plain));
                    start(() -> copy(plain, session));
                }
            });
            while (System.in.read() >= 0) {
                // Until the standard input ends.
            }
        }
    }

    /** Copies one direction. Its end is passed on as an end, anything else as an abort. */
    private static void copy(Socket from, Socket to) throws IOException {
        try {
            from.getInputStream().transferTo(to.getOutputStream());
            to.shutdownOutput();
            if (from.isOutputShutdown()) {
                from.close();
                to.close();
            }
        } catch (IOException e) {
            from.setSoLinger(true, 0);
            to.setSoLinger(true, 0);
            from.close();
            to.close();
        }
    }

    private static void start(Task task) {
        Thread thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException e) {
                System.out.println("ended: " + e.getMessage());
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private interface Task {
        void run() throws IOException;
    }
}
