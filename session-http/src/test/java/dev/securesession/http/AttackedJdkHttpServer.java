package dev.securesession.http;

import dev.securesession.SessionConfig;
import dev.securesession.testsupport.AttackedProgram;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The server of {@link ThreadsOfJdkHttpServerTest} as docs/http.md sets it up, in a JVM of its own. Ends when its input does. */
final class AttackedJdkHttpServer {
    private static final int THREADS = 200;

    private AttackedJdkHttpServer() {}

    public static void main(String[] arguments) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(THREADS);
        SessionConfig config = AttackedProgram.config(arguments);
        try (ServerKind.Running server =
                ServerKind.JDK.start(config, (peer, request) -> request, HttpServerOptions.defaults(), executor, 0)) {
            AttackedProgram.report(server.port(), server::counters);
        } finally {
            executor.shutdownNow();
        }
    }
}
