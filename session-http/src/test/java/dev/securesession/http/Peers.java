package dev.securesession.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.securesession.PeerId;
import dev.securesession.testkit.Pair;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A server of sessions over HTTP on the loopback interface, of either kind, and what its tests need around it. */
final class Peers implements AutoCloseable {
    final Pair pair = Pair.create();
    final AtomicInteger calls = new AtomicInteger();
    final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private final ExecutorService executor = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "test http server");
        thread.setDaemon(true);
        return thread;
    });
    private final ServerKind kind;
    private final RequestHandler handler;
    private final HttpServerOptions options;
    private final List<HttpServer> proxies = new ArrayList<>();
    private ServerKind.Running server;

    Peers(ServerKind kind, RequestHandler handler, HttpServerOptions options) throws Exception {
        this.kind = kind;
        this.handler = handler;
        this.options = options.withClock(pair.clock());
        start(0);
    }

    private void start(int port) throws Exception {
        server = kind.start(
                pair.server(),
                (peer, request) -> {
                    calls.incrementAndGet();
                    return handler.answer(peer, request);
                },
                options,
                executor,
                port);
    }

    /** Puts somebody hostile between the client and the server; returns the address for the client. */
    URI behind(HostileProxy.Fault fault) throws IOException {
        HttpServer proxy = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        proxies.add(proxy);
        proxy.createContext("/api", new HostileProxy(http, uri(), fault));
        proxy.setExecutor(executor);
        proxy.start();
        return address(proxy.getAddress().getPort());
    }

    /** Starts the server anew, on its port, with empty memory. */
    void restart() throws Exception {
        int port = server.port();
        server.close();
        start(port);
    }

    URI uri() {
        return address(server.port());
    }

    private static URI address(int port) {
        return URI.create("http://127.0.0.1:" + port + "/api");
    }

    ServerKind.Running sessions() {
        return server;
    }

    /** A response reaches its client a little before the server lets go of the request. */
    void awaitNoRequests() {
        long start = System.nanoTime();
        while (hasRequests(server.counters())) {
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
            Thread.onSpinWait();
        }
    }

    private static boolean hasRequests(HttpServerCounters now) {
        return now.requests() + now.waiting() > 0;
    }

    HttpSessionClient client() {
        return client(uri());
    }

    HttpSessionClient client(URI address) {
        return client(address, HttpClientOptions.defaults());
    }

    HttpSessionClient client(URI address, HttpClientOptions clientOptions) {
        return HttpSessionClient.of(address, pair.client(), serverId(), http, clientOptions.withClock(pair.clock()));
    }

    static PeerId serverId() {
        return Pair.SERVER_ID;
    }

    /** Sends bytes as anybody can. */
    HttpResponse<byte[]> post(String path, String token, byte[] body) throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(uri() + path)).POST(HttpRequest.BodyPublishers.ofByteArray(body));
        if (token != null) {
            request.header(Token.HEADER, token);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    @Override
    public void close() {
        server.close();
        proxies.forEach(proxy -> proxy.stop(0));
        executor.shutdownNow();
    }
}
