package dev.securesession.http;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.SessionConfig;
import dev.securesession.netty.SecureSessionOptions;
import dev.securesession.netty.ServerLimits;
import dev.securesession.testkit.Pair;
import dev.securesession.transport.ServerOptions;
import java.util.Base64;

/** The server of {@link WebSocketServerUnderAttackTest}, which echoes, in a JVM of its own. Ends when its input does. */
final class AttackedWebSocketServer {
    private AttackedWebSocketServer() {}

    public static void main(String[] keys) throws Exception {
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(
                        Pair.SERVER_ID,
                        IdentityPrivateKey.decode(Base64.getDecoder().decode(keys[0]))),
                PeerDirectory.of(
                        Pair.CLIENT_ID,
                        IdentityPublicKey.decode(Base64.getDecoder().decode(keys[1]))));
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults());
        try (WebSocketEcho server =
                WebSocketEcho.start(config, SecureSessionOptions.defaults().withServerLimits(limits))) {
            System.out.println(server.address().getPort());
            while (System.in.read() >= 0) {
                System.out.println(limits.counters());
            }
        }
    }
}
