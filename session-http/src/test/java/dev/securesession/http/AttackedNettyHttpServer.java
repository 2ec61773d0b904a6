package dev.securesession.http;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.SessionConfig;
import dev.securesession.testkit.Pair;
import java.util.Base64;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The server of {@link NettyHttpServerUnderAttackTest}, which echoes, in a JVM of its own. Ends when its input does. */
final class AttackedNettyHttpServer {
    private AttackedNettyHttpServer() {}

    public static void main(String[] keys) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(16);
        // As behind a reverse proxy: all enemies and all honest clients have one address.
        HttpServerOptions options = HttpServerOptions.defaults()
                .withConnectionLimitPerAddress(1024)
                .withRequestLimitPerAddress(256)
                .withHalfOpenLimitPerAddress(1024);
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(
                        Pair.SERVER_ID,
                        IdentityPrivateKey.decode(Base64.getDecoder().decode(keys[0]))),
                PeerDirectory.of(
                        Pair.CLIENT_ID,
                        IdentityPublicKey.decode(Base64.getDecoder().decode(keys[1]))));
        try (ServerKind.Running server =
                ServerKind.NETTY.start(config, (peer, request) -> request, options, executor, 0)) {
            System.out.println(server.port());
            while (System.in.read() >= 0) {
                System.out.println(server.counters());
            }
        } finally {
            executor.shutdownNow();
        }
    }
}
