package dev.securesession.http;

import dev.securesession.SessionConfig;
import dev.securesession.netty.SecureSessionOptions;
import dev.securesession.netty.ServerLimits;
import dev.securesession.testsupport.AttackedProgram;
import dev.securesession.transport.ServerOptions;

/** The server of {@link WebSocketServerUnderAttackTest}, which echoes, in a JVM of its own. Ends when its input does. */
final class AttackedWebSocketServer {
    private AttackedWebSocketServer() {}

    public static void main(String[] arguments) throws Exception {
        SessionConfig config = AttackedProgram.config(arguments);
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults());
        try (WebSocketEcho server =
                WebSocketEcho.start(config, SecureSessionOptions.defaults().withServerLimits(limits))) {
            AttackedProgram.report(server.address().getPort(), limits::counters);
        }
    }
}
