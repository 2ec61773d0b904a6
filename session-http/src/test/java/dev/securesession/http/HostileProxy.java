package dev.securesession.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Carries HTTP between a client and a server, and does with it what its fault wants. */
final class HostileProxy implements HttpHandler {
    private final HttpClient http;
    private final URI upstream;
    private final Fault fault;

    HostileProxy(HttpClient http, URI upstream, Fault fault) {
        this.http = http;
        this.upstream = upstream;
        this.fault = fault;
    }

    /** Makes the response for the client. */
    interface Fault {
        Reply carry(Call call) throws Exception;
    }

    /** A request on its way. */
    interface Call {
        String path();

        byte[] body();

        /** Passes the request to the server, as often as it is called. */
        Reply forward() throws IOException, InterruptedException;
    }

    /** A response on its way. */
    static final class Reply {
        final int status;
        final String token;
        final byte[] body;

        Reply(int status, String token, byte[] body) {
            this.status = status;
            this.token = token;
            this.body = body;
        }
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath().substring("/api".length());
            byte[] body = exchange.getRequestBody().readAllBytes();
            String token = exchange.getRequestHeaders().getFirst(Token.HEADER);
            Reply reply = fault.carry(new Call() {
                @Override
                public String path() {
                    return path;
                }

                @Override
                public byte[] body() {
                    return body;
                }

                @Override
                public Reply forward() throws IOException, InterruptedException {
                    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(upstream + path))
                            .POST(HttpRequest.BodyPublishers.ofByteArray(body));
                    if (token != null) {
                        request.header(Token.HEADER, token);
                    }
                    HttpResponse<byte[]> response = http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
                    return new Reply(
                            response.statusCode(),
                            response.headers().firstValue(Token.HEADER).orElse(null),
                            response.body());
                }
            });
            if (reply.token != null) {
                exchange.getResponseHeaders().set(Token.HEADER, reply.token);
            }
            exchange.sendResponseHeaders(reply.status, reply.body.length == 0 ? -1 : reply.body.length);
            if (reply.body.length > 0) {
                exchange.getResponseBody().write(reply.body);
            }
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        }
    }
}
