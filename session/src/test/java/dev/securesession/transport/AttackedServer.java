package dev.securesession.transport;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Base64;
import java.util.Optional;

/** A server with default options in a virtual machine of its own, which echoes; ends with its standard input. */
final class AttackedServer {
    private AttackedServer() {}

    /** Takes the private key of the server and the public key of its clients, as containers in Base64. */
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
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (SecureServer server = SecureServer.listen(address, config, echo)) {
            System.out.println(server.address().getPort());
            while (System.in.read() >= 0) {
                System.out.println(server.counters());
            }
        }
    }
}
