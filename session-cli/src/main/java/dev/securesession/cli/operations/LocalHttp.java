package dev.securesession.cli.operations;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import dev.securesession.tunnel.TunnelAddress;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Serves {@code /metrics} and {@code /health} over HTTP. */
final class LocalHttp implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads;

    private LocalHttp(HttpServer server, ExecutorService threads) {
        this.server = server;
        this.threads = threads;
    }

    /**
     * @param scrape gives the metrics
     * @param healthy tells whether connections are accepted
     */
    static LocalHttp start(InetSocketAddress address, Supplier<String> scrape, BooleanSupplier healthy) throws Failure {
        // For the clients that stay silent or send slowly; read when the first server of the process is made.
        limit("sun.net.httpserver.maxReqTime", 10);
        limit("sun.net.httpserver.maxRspTime", 30);
        limit("jdk.httpserver.maxConnections", 64);
        HttpServer server;
        try {
            server = HttpServer.create(address, 16);
        } catch (IOException e) {
            throw new Failure(
                    "--metrics: cannot listen on " + TunnelAddress.describe(address) + ": " + Errors.sentence(e), e);
        }
        ExecutorService threads = Executors.newFixedThreadPool(2, task -> {
            Thread thread = new Thread(task, "metrics");
            thread.setDaemon(true);
            return thread;
        });
        server.setExecutor(threads);
        server.createContext("/metrics", exchange -> answer(exchange, "/metrics", 200, TEXT_FORMAT, scrape));
        server.createContext("/health", exchange -> {
            boolean up = healthy.getAsBoolean();
            answer(
                    exchange,
                    "/health",
                    up ? 200 : 503,
                    "application/json",
                    () -> up ? "{\"status\":\"up\"}\n" : "{\"status\":\"stopping\"}\n");
        });
        server.start();
        return new LocalHttp(server, threads);
    }

    InetSocketAddress address() {
        return server.getAddress();
    }

    private static void answer(HttpExchange exchange, String path, int status, String type, Supplier<String> content)
            throws IOException {
        try (exchange) {
            String method = exchange.getRequestMethod();
            if (!exchange.getRequestURI().getPath().equals(path)) {
                exchange.sendResponseHeaders(404, -1);
            } else if (method.equals("GET")) {
                byte[] body = content.get().getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders().set("Content-Type", type);
                exchange.sendResponseHeaders(status, body.length);
                try (OutputStream out = exchange.getResponseBody()) {
                    out.write(body);
                }
            } else {
                exchange.getResponseHeaders().set("Allow", "GET");
                exchange.sendResponseHeaders(405, -1);
            }
        }
    }

    private static void limit(String property, int value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, Integer.toString(value));
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    private static final String TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8";
}
