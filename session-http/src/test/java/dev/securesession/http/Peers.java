package dev.securesession.http;

import com.sun.net.httpserver.HttpHandler;
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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A server of sessions over HTTP on the loopback interface, and what its tests need around it. */
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
    private final RequestHandler handler;
    private final HttpServerOptions options;
    private HttpServer server;
    private HttpSessionHandler sessions;

    private Peers(RequestHandler handler, HttpServerOptions options) throws IOException {
        this.handler = handler;
        this.options = options.withClock(pair.clock());
        start(0);
    }

    static Peers serving(RequestHandler handler) throws IOException {
        return serving(handler, HttpServerOptions.defaults());
    }

    static Peers serving(RequestHandler handler, HttpServerOptions options) throws IOException {
        return new Peers(handler, options);
    }

    private void start(int port) throws IOException {
        sessions = HttpSessionHandler.of(
                pair.server(),
                (peer, request) -> {
                    calls.incrementAndGet();
                    return handler.answer(peer, request);
                },
                options);
        server = serve(port, sessions);
    }

    private HttpServer serve(int port, HttpHandler at) throws IOException {
        HttpServer made = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        made.createContext("/api", at);
        made.setExecutor(executor);
        made.start();
        return made;
    }

    /** Puts somebody hostile between the client and the server; returns the address for the client. */
    URI behind(HostileProxy.Fault fault) throws IOException {
        return address(serve(0, new HostileProxy(http, uri(), fault)));
    }

    /** Starts the server anew, on its port, with empty memory. */
    void restart() throws IOException {
        int port = server.getAddress().getPort();
        sessions.close();
        server.stop(0);
        start(port);
    }

    URI uri() {
        return address(server);
    }

    private static URI address(HttpServer of) {
        return URI.create("http://127.0.0.1:" + of.getAddress().getPort() + "/api");
    }

    HttpSessionHandler sessions() {
        return sessions;
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
        sessions.close();
        server.stop(0);
        executor.shutdownNow();
    }
}
