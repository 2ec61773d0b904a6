package dev.securesession.http;

import dev.securesession.SessionConfig;
import dev.securesession.testsupport.AttackedProgram;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The server of {@link NettyHttpServerUnderAttackTest}, which echoes, in a JVM of its own. Ends when its input does. */
final class AttackedNettyHttpServer {
    private AttackedNettyHttpServer() {}

    public static void main(String[] arguments) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(16);
        // As behind a reverse proxy: all enemies and all honest clients have one address.
        HttpServerOptions options = HttpServerOptions.defaults()
                .withConnectionLimitPerAddress(1024)
                .withRequestLimitPerAddress(256)
                .withHalfOpenLimitPerAddress(1024);
        SessionConfig config = AttackedProgram.config(arguments);
        try (ServerKind.Running server =
                ServerKind.NETTY.start(config, (peer, request) -> request, options, executor, 0)) {
            AttackedProgram.report(server.port(), server::counters);
        } finally {
            executor.shutdownNow();
        }
    }
}
