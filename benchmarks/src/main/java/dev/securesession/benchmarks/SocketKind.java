package dev.securesession.benchmarks;

import dev.securesession.PeerId;
import dev.securesession.transport.SecureServerSocketFactory;
import dev.securesession.transport.SecureSocketFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;

/** The sockets that {@link StreamBenchmark} compares. */
public enum SocketKind {
    /** Bytes in the clear. */
    PLAIN,
    /** Mutual TLS 1.3 by the JDK, each end with a P-256 certificate. */
    SSL_SOCKET,
    /** The stream layer over a session. */
    SECURE_SOCKET;

    /** Returns both ends, with new identities. */
    Ends make() throws Exception {
        return switch (this) {
            case PLAIN -> new Ends(SocketFactory.getDefault(), ServerSocketFactory.getDefault());
            case SSL_SOCKET -> tls();
            case SECURE_SOCKET -> sessions();
        };
    }

    private static Ends tls() throws Exception {
        Certificates client = Certificates.generate("client");
        Certificates server = Certificates.generate("server");
        SSLContext clients = SSLContext.getInstance("TLSv1.3");
        clients.init(client.keyManagers(), server.trustManagers(), null);
        SSLContext servers = SSLContext.getInstance("TLSv1.3");
        servers.init(server.keyManagers(), client.trustManagers(), null);
        return new Ends(clients.getSocketFactory(), servers.getServerSocketFactory());
    }

    private static Ends sessions() throws IOException {
        SecureSessions sessions = SecureSessions.using(ProviderSet.JDK);
        return new Ends(
                SecureSocketFactory.of(sessions.client, PeerId.ofUtf8("server")),
                SecureServerSocketFactory.of(sessions.server));
    }

    /** Connects and accepts over the loopback interface. */
    static final class Ends {
        private final SocketFactory clients;
        private final ServerSocket listening;

        Ends(SocketFactory clients, ServerSocketFactory servers) throws IOException {
            this.clients = clients;
            listening = servers.createServerSocket(0, 50, InetAddress.getLoopbackAddress());
            if (listening instanceof SSLServerSocket tls) {
                tls.setNeedClientAuth(true);
                tls.setEnabledProtocols(new String[] {"TLSv1.3"});
            }
        }

        Socket connect() throws IOException {
            Socket socket = clients.createSocket(InetAddress.getLoopbackAddress(), listening.getLocalPort());
            socket.setTcpNoDelay(true);
            return socket;
        }

        Socket accept() throws IOException {
            Socket socket = listening.accept();
            socket.setTcpNoDelay(true);
            return socket;
        }
    }
}
