package dev.securesession.transport;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.Base64;
import java.util.Optional;

/** A server with default options in a virtual machine of its own, which echoes; ends with its standard input. */
final class AttackedServer {
    private static final int BACKLOG = 1024;

    private AttackedServer() {}

    /**
     * Takes the private key of the server and the public key of its clients, as containers in Base64, and the path of a
     * Unix-domain socket if it is to be one.
     */
    public static void main(String[] arguments) throws Exception {
        LocalIdentity me = LocalIdentity.of(
                PeerId.ofUtf8("server"),
                IdentityPrivateKey.decode(Base64.getDecoder().decode(arguments[0])));
        IdentityPublicKey client = IdentityPublicKey.decode(Base64.getDecoder().decode(arguments[1]));
        SessionConfig config = SessionConfig.of(me, PeerDirectory.of(PeerId.ofUtf8("client"), client));
        SecureServer.Handler echo = new SecureServer.Handler() {
            @Override
            public void handle(SecureConnection connection) throws Exception {
                for (Optional<byte[]> next = connection.receive(); next.isPresent(); next = connection.receive()) {
                    connection.send(next.get());
                }
            }

            @Override
            public void handlerFailed(SecureConnection connection, Exception cause) {
                // Connections that hold incomplete messages are evicted: the test looks at the counters.
            }
        };
        try (SecureServer server = arguments.length > 2 ? unix(arguments[2], config, echo) : tcp(config, echo)) {
            System.out.println(arguments.length > 2 ? 0 : server.address().getPort());
            while (System.in.read() >= 0) {
                System.out.println(server.counters());
            }
        }
    }

    private static SecureServer tcp(SessionConfig config, SecureServer.Handler handler) throws IOException {
        return SecureServer.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), config, handler);
    }

    private static SecureServer unix(String path, SessionConfig config, SecureServer.Handler handler)
            throws IOException {
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        channel.bind(UnixDomainSocketAddress.of(path), BACKLOG);
        return SecureServer.listen(channel, config, handler, ServerOptions.defaults());
    }
}
