package dev.securesession.http;

import dev.securesession.Handshake;
import dev.securesession.HandshakeStep;
import dev.securesession.exchange.Exchange;
import dev.securesession.testkit.Pair;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A server of the kind that the argument names, in a JVM with little memory, attacked from inside; prints what it held and what became of an honest client. */
final class HttpServerUnderAttack {
    private static final int FLOODED_HANDSHAKES = 500;
    private static final int WITHHELD = 48;
    private static final int UNREAD = 60;
    private static final int UNREAD_LENGTH = 1024 * 1024;

    private HttpServerUnderAttack() {}

    public static void main(String[] arguments) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Pair pair = Pair.create();
        ExecutorService executor = Executors.newFixedThreadPool(64);
        List<Socket> withheld = new ArrayList<>();
        try (ServerKind.Running sessions = ServerKind.valueOf(arguments[0])
                .start(
                        pair.server(),
                        (peer, request) -> request.length == 1 ? new byte[UNREAD_LENGTH] : request,
                        HttpServerOptions.defaults(),
                        executor,
                        0)) {
            URI address = URI.create("http://127.0.0.1:" + sessions.port() + "/api");
            HttpClient http =
                    HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
            Map.Entry<String, Exchange> session = establish(http, address, pair);
            String seenToken = session.getKey();
            for (int i = 0; i < WITHHELD; i++) {
                withheld.add(withhold(address, i % 2 == 0 ? seenToken : "A".repeat(32)));
            }
            for (int i = 0; i < UNREAD; i++) {
                withheld.add(ask(address, seenToken, session.getValue()));
                // While answers are made, each takes more memory; what counts here is what stays of them.
                awaitAnswers(sessions, i + 1);
            }
            byte[] message1;
            try (Handshake handshake = pair.beginAsClient()) {
                message1 = handshake.start();
            }
            int begun = 0;
            for (int i = 0; i < FLOODED_HANDSHAKES; i++) {
                begun += post(http, address, message1) == Status.OK ? 1 : 0;
            }
            System.out.println("begun " + begun);
            System.out.println("half-open " + sessions.counters().halfOpen());
            System.out.println("bytes bounded " + (sessions.counters().requestBytes() <= 8L * 1024 * 1024));
            System.out.println("answer bytes bounded " + (sessions.counters().answerBytes() <= 4L * 1024 * 1024));
            System.out.println("made room " + (sessions.counters().evicted() > 0));
            try (HttpSessionClient client = HttpSessionClient.of(address, pair.client(), Pair.SERVER_ID)) {
                byte[] request = new byte[200_000];
                Arrays.fill(request, (byte) 7);
                System.out.println("honest client " + Arrays.equals(client.send(request), request));
            }
        } finally {
            for (Socket socket : withheld) {
                socket.close();
            }
            executor.shutdownNow();
        }
    }

    /** Sends all but the last byte of a long request. */
    private static Socket withhold(URI address, String token) throws IOException {
        Socket socket = new Socket(address.getHost(), address.getPort());
        byte[] head = ("POST /api/exchange HTTP/1.1\r\nHost: a\r\nSecure-Session: " + token
                        + "\r\nContent-Length: 1000000\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        try {
            socket.getOutputStream().write(head);
            socket.getOutputStream().write(new byte[999_999]);
        } catch (IOException e) {
            // The server has no room for so much and has closed the connection.
        }
        return socket;
    }

    private static void awaitAnswers(ServerKind.Running sessions, int count) {
        while (sessions.counters().answered() < count || sessions.counters().requests() > 0) {
            Thread.onSpinWait();
        }
    }

    /** Asks for a long answer, of which nothing is read. */
    private static Socket ask(URI address, String token, Exchange exchange) throws IOException {
        byte[] message = exchange.request(new byte[1]).message();
        Socket socket = new Socket();
        // So that the answer has no room on the way.
        socket.setReceiveBufferSize(4096);
        socket.connect(new InetSocketAddress(address.getHost(), address.getPort()));
        byte[] head = ("POST /api/exchange HTTP/1.1\r\nHost: a\r\nSecure-Session: " + token + "\r\nContent-Length: "
                        + message.length + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        socket.getOutputStream().write(head);
        socket.getOutputStream().write(message);
        return socket;
    }

    /** Establishes a session and returns it with its token, which anybody on the way can see. */
    private static Map.Entry<String, Exchange> establish(HttpClient http, URI address, Pair pair) throws Exception {
        try (Handshake handshake = pair.beginAsClient()) {
            URI path = URI.create(address + "/handshake");
            HttpResponse<byte[]> second = http.send(
                    HttpRequest.newBuilder(path)
                            .POST(HttpRequest.BodyPublishers.ofByteArray(handshake.start()))
                            .build(),
                    HttpResponse.BodyHandlers.ofByteArray());
            String token = second.headers().firstValue(Token.HEADER).orElseThrow();
            byte[] message3 = handshake.receive(second.body()).message().orElseThrow();
            HttpResponse<byte[]> fourth = http.send(
                    HttpRequest.newBuilder(path)
                            .header(Token.HEADER, token)
                            .POST(HttpRequest.BodyPublishers.ofByteArray(message3))
                            .build(),
                    HttpResponse.BodyHandlers.ofByteArray());
            if (fourth.statusCode() != Status.OK) {
                throw new IOException("status " + fourth.statusCode());
            }
            HandshakeStep step = handshake.receive(fourth.body());
            return Map.entry(token, Exchange.over(((HandshakeStep.Established) step).session()));
        }
    }

    private static int post(HttpClient http, URI address, byte[] message) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(address + "/handshake"))
                .POST(HttpRequest.BodyPublishers.ofByteArray(message))
                .build();
        return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }
}
