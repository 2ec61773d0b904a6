package dev.securesession.cli.bench;

import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SecureSessionException;
import dev.securesession.SessionConfig;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureServer;
import dev.securesession.transport.SecureStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;

/** Sessions between two ends in this process, over loopback. */
final class DirectSubject implements Subject {
    private static final PeerId CLIENT = PeerId.ofUtf8("client");
    private static final PeerId SERVER = PeerId.ofUtf8("server");

    private final SessionConfig config;
    private final SecureServer server;

    private DirectSubject(SessionConfig config, SecureServer server) {
        this.config = config;
        this.server = server;
    }

    static DirectSubject start() throws IOException {
        IdentityKeyPair clientKeys = IdentityKeyPair.generate();
        IdentityKeyPair serverKeys = IdentityKeyPair.generate();
        SessionConfig serverConfig = SessionConfig.of(
                LocalIdentity.of(SERVER, serverKeys.privateKey()), PeerDirectory.of(CLIENT, clientKeys.publicKey()));
        SessionConfig clientConfig = SessionConfig.of(
                LocalIdentity.of(CLIENT, clientKeys.privateKey()), PeerDirectory.of(SERVER, serverKeys.publicKey()));
        InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        return new DirectSubject(clientConfig, SecureServer.listen(anyPort, serverConfig, new Echo()));
    }

    @Override
    public Link open() throws IOException, SecureSessionException {
        InetSocketAddress address = server.address();
        Socket socket = new Socket(address.getAddress(), address.getPort());
        return new StreamLink(SecureStream.over(SecureConnection.connect(socket, config, SERVER)));
    }

    @Override
    public String describe() {
        return "a direct session over loopback, both ends in this process";
    }

    @Override
    public void close() throws IOException {
        server.close();
    }

    private static final class Echo implements SecureServer.Handler {
        @Override
        public void handle(SecureConnection connection) {
            try (SecureStream stream = SecureStream.over(connection)) {
                EchoService.echo(stream.input(), stream.output());
                stream.acknowledge();
                stream.shutdownOutput();
            } catch (IOException e) {
                // Connections that have been measured are cut off; the measuring side reports any other failure.
            }
        }

        @Override
        public void failed(SocketAddress address, Exception cause) {
            // The measuring side reports it.
        }
    }

    private static final class StreamLink implements Link {
        private final SecureStream stream;

        StreamLink(SecureStream stream) {
            this.stream = stream;
        }

        @Override
        public InputStream in() {
            return stream.input();
        }

        @Override
        public OutputStream out() {
            return stream.output();
        }

        @Override
        public void endOutput() throws IOException {
            stream.shutdownOutput();
        }

        @Override
        public void close() throws IOException {
            stream.close();
        }
    }
}
