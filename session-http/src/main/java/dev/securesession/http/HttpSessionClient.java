package dev.securesession.http;

import dev.securesession.Delivery;
import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.SessionExhaustedException;
import dev.securesession.exchange.Answer;
import dev.securesession.exchange.Exchange;
import dev.securesession.exchange.ExchangeException;
import dev.securesession.exchange.Failure;
import dev.securesession.exchange.OutgoingRequest;
import dev.securesession.exchange.Received;
import java.io.IOException;
import java.net.ProtocolException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests to an {@link HttpSessionHandler} and returns its answers, many at the same time over one session, which
 * begins with the first request and anew when it is old, used up or lost.
 *
 * <pre>{@code
 * try (HttpSessionClient client = HttpSessionClient.of(URI.create("http://host:8080/api"), config, server)) {
 *     byte[] answer = client.send(request);
 * }
 * }</pre>
 *
 * <p>Whoever carries the HTTP can lose a request or its answer, but not read, change or exchange them, nor make the peer act
 * twice. What a lost answer means only the application knows: see {@link RequestUncertainException} and {@link Repetition}.
 * Safe for use by several threads.
 *
 * <p>PROTOCOL.md, Part 5.
 */
public final class HttpSessionClient implements AutoCloseable {
    private static final int MAX_ARRAY_LENGTH = Integer.MAX_VALUE - 8;

    private final URI address;
    private final URI handshakeAddress;
    private final URI firstAddress;
    private final URI exchangeAddress;
    private final SessionConfig config;
    private final PeerId server;
    private final HttpClient http;
    private final HttpClientOptions options;

    private final Object lock = new Object();
    // Guarded by the lock.
    private @Nullable CompletableFuture<Live> current;
    private boolean closed;

    private HttpSessionClient(
            URI address, SessionConfig config, PeerId server, HttpClient http, HttpClientOptions options) {
        this.address = address;
        String root = address.toString().endsWith("/") ? address.toString() : address + "/";
        this.handshakeAddress = URI.create(root + "handshake");
        this.firstAddress = URI.create(root + "first");
        this.exchangeAddress = URI.create(root + "exchange");
        this.config = config.withDelivery(Delivery.UNORDERED);
        this.server = server;
        this.http = http;
        this.options = options;
    }

    /**
     * Returns a client with default options and an HTTP client of its own.
     *
     * @param address of the handler, http or https
     * @param config the local identity and the key of the server
     * @param server the peer that must answer
     * @return the client, the caller's to close
     * @throws IllegalArgumentException if the address is not of http or https or has a query, or the configuration has no
     *     directory
     */
    public static HttpSessionClient of(URI address, SessionConfig config, PeerId server) {
        HttpClient http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(10))
                .build();
        return of(address, config, server, http, HttpClientOptions.defaults());
    }

    /**
     * Returns a client.
     *
     * @param address of the handler, http or https
     * @param config the local identity and the key of the server; its directory is asked on a thread of the HTTP client
     * @param server the peer that must answer
     * @param http stays the caller's; it must not repeat POST requests by itself
     * @param options limits and timeouts
     * @return the client, the caller's to close
     * @throws IllegalArgumentException if the address is not of http or https or has a query, or the configuration has no
     *     directory
     */
    public static HttpSessionClient of(
            URI address, SessionConfig config, PeerId server, HttpClient http, HttpClientOptions options) {
        String scheme = String.valueOf(address.getScheme());
        if (!scheme.equals("http") && !scheme.equals("https")) {
            throw new IllegalArgumentException("the address " + address + "; it must be of http or https");
        }
        if (address.getRawQuery() != null || address.getRawFragment() != null) {
            throw new IllegalArgumentException("the address " + address + "; it must have no query and no fragment");
        }
        if (config.asksForKeys()) {
            throw new IllegalArgumentException("a configuration without a directory of peers; give it one");
        }
        return new HttpSessionClient(address, config, server, http, options);
    }

    /**
     * Sends a request that must not be repeated, and waits for the answer.
     *
     * @param request 0 bytes or more; not kept
     * @return the answer, 0 bytes or more, the caller's to keep
     * @throws RequestFailedException if the peer has failed to answer, and says so
     * @throws RequestUncertainException if no authentic answer came: the peer may have acted, or not
     * @throws HandshakeException if the server is not the expected peer; nothing was sent
     * @throws IOException if no session could be established, or no connection; nothing was sent
     * @throws InterruptedException if the thread is interrupted; the peer may have acted, or not
     * @throws IllegalStateException if the client was closed, or 65,536 requests await their answers
     */
    public byte[] send(byte[] request)
            throws RequestFailedException, HandshakeException, IOException, InterruptedException {
        return send(request, Repetition.NEVER);
    }

    /**
     * Sends a request and waits for the answer.
     *
     * @param request 0 bytes or more; not kept
     * @param repetition whether the request may be repeated once if no authentic answer comes
     * @return the answer, 0 bytes or more, the caller's to keep
     * @throws RequestFailedException if the peer has failed to answer, and says so
     * @throws RequestUncertainException if no authentic answer came: the peer may have acted, or not
     * @throws HandshakeException if the server is not the expected peer; nothing was sent
     * @throws IOException if no session could be established, or no connection; nothing was sent
     * @throws InterruptedException if the thread is interrupted; the peer may have acted, or not
     * @throws IllegalStateException if the client was closed, or 65,536 requests await their answers
     */
    public byte[] send(byte[] request, Repetition repetition)
            throws RequestFailedException, HandshakeException, IOException, InterruptedException {
        try {
            return sendAsync(request, repetition).get();
        } catch (ExecutionException e) {
            Throwable cause = causeOf(e);
            if (cause instanceof RequestFailedException failure) {
                throw failure;
            }
            if (cause instanceof HandshakeException refusal) {
                throw refusal;
            }
            if (cause instanceof IOException failure) {
                throw failure;
            }
            if (cause instanceof RuntimeException failure) {
                throw failure;
            }
            throw new IOException("the request failed: " + cause, cause);
        }
    }

    /**
     * Sends a request without waiting.
     *
     * @param request 0 bytes or more; not kept
     * @param repetition whether the request may be repeated once if no authentic answer comes
     * @return the answer; fails with the exceptions of {@link #send(byte[], Repetition)}. Cancelling it recalls nothing.
     */
    public CompletableFuture<byte[]> sendAsync(byte[] request, Repetition repetition) {
        byte[] own = request.clone();
        CompletableFuture<byte[]> answer = attempt(own);
        if (repetition == Repetition.NEVER) {
            return answer;
        }
        return answer.exceptionallyCompose(failure -> causeOf(failure) instanceof RequestUncertainException
                ? attempt(own)
                : CompletableFuture.failedFuture(failure));
    }

    private CompletableFuture<byte[]> attempt(byte[] request) {
        CompletableFuture<Live> made = new CompletableFuture<>();
        CompletableFuture<Live> session = sessionOr(made);
        if (session != made) {
            return session.thenCompose(live -> exchange(live, request));
        }
        if (options.earlyRequests()) {
            return establish(made, request);
        }
        establish(made);
        return made.thenCompose(live -> exchange(live, request));
    }

    private CompletableFuture<byte[]> exchange(Live live, byte[] request) {
        if (!live.acquire()) {
            return attempt(request);
        }
        OutgoingRequest outgoing;
        try {
            outgoing = live.exchange.request(request);
        } catch (SessionExhaustedException e) {
            live.release();
            live.retire();
            return attempt(request);
        } catch (RuntimeException e) {
            live.release();
            return CompletableFuture.failedFuture(e);
        }
        live.use(options.clock().instant());
        return post(exchangeAddress, live.token, outgoing.message(), maxAnswerMessageLength(), options.requestTimeout())
                .handle((response, failure) -> {
                    try {
                        return open(live, outgoing, bodyOf(response, failure, outgoing, live));
                    } catch (IOException | RequestFailedException e) {
                        throw new CompletionException(e);
                    } finally {
                        live.exchange.forget(outgoing.number());
                        live.release();
                    }
                });
    }

    private int maxAnswerMessageLength() {
        return (int) Math.min(MAX_ARRAY_LENGTH, (long) options.maxAnswerLength() + Exchange.ANSWER_OVERHEAD);
    }

    /** Returns what came where the answer belongs; its session, if there is one yet, ends if the server knows it no more. */
    private byte[] bodyOf(
            @Nullable HttpResponse<byte[]> response,
            @Nullable Throwable failure,
            OutgoingRequest outgoing,
            @Nullable Live live)
            throws IOException {
        if (response == null) {
            Throwable cause = failure == null ? new AssertionError("neither response nor failure") : causeOf(failure);
            if (cause instanceof IOException unreachable && Unreachable.is(cause)) {
                // The only failures that prove that nothing was sent.
                throw unreachable;
            }
            // A server that refuses a long body may end the connection before its status is read.
            retire(live);
            throw uncertain(
                    0, "no response to " + outgoing + " from " + server + " at " + address + ": " + cause, cause);
        }
        if (response.statusCode() != Status.OK) {
            if (response.statusCode() == Status.UNKNOWN_TOKEN) {
                retire(live);
            }
            throw uncertain(
                    response.statusCode(),
                    Status.explain(response.statusCode()) + " instead of an answer from " + server + " at " + address,
                    null);
        }
        return response.body();
    }

    private static void retire(@Nullable Live live) {
        if (live != null) {
            live.retire();
        }
    }

    private byte[] open(Live live, OutgoingRequest outgoing, byte[] message)
            throws RequestUncertainException, RequestFailedException {
        Received received;
        try {
            received = live.exchange.receiveAnswer(outgoing.number(), message);
        } catch (MessageRejectedException | ExchangeException | IllegalStateException e) {
            throw refused(e);
        }
        if (received instanceof Answer answer) {
            return answer.body();
        }
        throw RequestFailedException.of((Failure) received);
    }

    private RequestUncertainException refused(Exception cause) {
        return uncertain(0, "the response from " + address + " was refused: " + cause.getMessage(), cause);
    }

    private static RequestUncertainException uncertain(int status, String what, @Nullable Throwable cause) {
        return new RequestUncertainException(status, what + "; the peer may have acted on the request, or not", cause);
    }

    /** Returns the current session, or puts a new one in its place, which the caller has to establish. */
    private CompletableFuture<Live> sessionOr(CompletableFuture<Live> made) {
        Live replaced;
        synchronized (lock) {
            if (closed) {
                return CompletableFuture.failedFuture(new IllegalStateException("the client was closed"));
            }
            CompletableFuture<Live> present = current;
            replaced =
                    present != null && present.isDone() && !present.isCompletedExceptionally() ? present.join() : null;
            if (present != null && (replaced == null ? !present.isDone() : isUsable(replaced))) {
                return present;
            }
            current = made;
        }
        if (replaced != null) {
            replaced.retire();
        }
        return made;
    }

    private boolean isUsable(Live live) {
        Instant now = options.clock().instant();
        return !live.isRetired()
                && now.isBefore(live.used().plus(options.idleTimeout()))
                && now.isBefore(live.began.plus(options.lifetime()));
    }

    private void establish(CompletableFuture<Live> made) {
        Handshake handshake = Handshake.client(config, server);
        var unused = begin(handshake)
                .thenCompose(begun -> finish(handshake, begun))
                .whenComplete((live, failure) -> {
                    handshake.close();
                    if (live == null) {
                        made.completeExceptionally(causeOf(failure));
                    } else {
                        complete(made, live);
                    }
                });
    }

    /** Establishes a session and sends its first request, together with message 3 if there is room. PROTOCOL.md HT-8. */
    private CompletableFuture<byte[]> establish(CompletableFuture<Live> made, byte[] request) {
        Handshake handshake = Handshake.client(config, server);
        return begin(handshake)
                .thenCompose(begun -> {
                    long length =
                            FirstBody.length(begun.message3.length, Exchange.REQUEST_OVERHEAD) + (long) request.length;
                    if (length <= HttpFront.MAX_HANDSHAKE_BODY_LENGTH) {
                        return sendEarly(handshake, begun, made, request);
                    }
                    return finish(handshake, begun).thenCompose(live -> {
                        complete(made, live);
                        return exchange(live, request);
                    });
                })
                .whenComplete((answer, failure) -> {
                    handshake.close();
                    if (failure != null) {
                        // Changes nothing if the session is established; otherwise others wait for it.
                        Throwable cause = causeOf(failure);
                        made.completeExceptionally(
                                cause instanceof RequestUncertainException
                                        ? new IOException(
                                                "the handshake of another request failed; no request was sent: "
                                                        + cause.getMessage(),
                                                cause)
                                        : cause);
                    }
                });
    }

    private CompletableFuture<byte[]> sendEarly(
            Handshake handshake, Begun begun, CompletableFuture<Live> made, byte[] request) {
        OutgoingRequest outgoing = Exchange.requestEarly(handshake.earlyData().orElseThrow(), request);
        byte[] body = FirstBody.join(begun.message3, outgoing.message());
        int limit = (int) Math.min(
                MAX_ARRAY_LENGTH,
                FirstBody.length(HttpFront.MAX_HANDSHAKE_BODY_LENGTH, 0) + (long) maxAnswerMessageLength());
        return post(firstAddress, begun.token, body, limit, options.requestTimeout())
                .handle((response, failure) -> {
                    try {
                        byte[] both = bodyOf(response, failure, outgoing, null);
                        return answerOf(handshake, begun, made, outgoing, both);
                    } catch (IOException | RequestFailedException e) {
                        throw new CompletionException(e);
                    }
                });
    }

    private byte[] answerOf(
            Handshake handshake, Begun begun, CompletableFuture<Live> made, OutgoingRequest outgoing, byte[] both)
            throws RequestUncertainException, RequestFailedException {
        FirstBody parts;
        SecureSession session;
        try {
            parts = FirstBody.split(both);
            session = established(handshake, parts.handshakeMessage);
        } catch (ProtocolException | HandshakeException e) {
            throw refused(e);
        }
        Exchange exchange = Exchange.resume(session, List.of(outgoing.number()));
        Live live = new Live(begun.token, exchange, options.clock().instant());
        boolean unused = live.acquire();
        try {
            complete(made, live);
            return open(live, outgoing, parts.message);
        } finally {
            exchange.forget(outgoing.number());
            live.release();
        }
    }

    /** Sends message 1; what comes back has the token and makes message 3. */
    private CompletableFuture<Begun> begin(Handshake handshake) {
        byte[] message1;
        try {
            message1 = handshake.start();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
        return postHandshake(null, message1).thenApply(response -> {
            String token = response.headers().firstValue(Token.HEADER).orElse("");
            if (!Token.isToken(token)) {
                throw new CompletionException(new ProtocolException(
                        address + " answered message 1 without a token; it must be an HTTP handler for sessions"));
            }
            try {
                return new Begun(
                        token, handshake.receive(response.body()).message().orElseThrow());
            } catch (HandshakeException e) {
                throw new CompletionException(e);
            }
        });
    }

    /** Sends message 3 alone. */
    private CompletableFuture<Live> finish(Handshake handshake, Begun begun) {
        return postHandshake(begun.token, begun.message3).thenApply(response -> {
            try {
                SecureSession session = established(handshake, response.body());
                return new Live(
                        begun.token, Exchange.over(session), options.clock().instant());
            } catch (ProtocolException | HandshakeException e) {
                throw new CompletionException(e);
            }
        });
    }

    private SecureSession established(Handshake handshake, byte[] message4)
            throws HandshakeException, ProtocolException {
        if (handshake.receive(message4) instanceof HandshakeStep.Established established) {
            return established.session();
        }
        throw new ProtocolException("message 4 did not end the handshake with " + address);
    }

    private void complete(CompletableFuture<Live> made, Live live) {
        boolean late;
        synchronized (lock) {
            late = closed;
        }
        if (late) {
            live.retire();
        }
        made.complete(live);
    }

    private CompletableFuture<HttpResponse<byte[]>> postHandshake(@Nullable String token, byte[] message) {
        return post(handshakeAddress, token, message, HttpFront.MAX_HANDSHAKE_BODY_LENGTH, options.handshakeTimeout())
                .thenApply(response -> {
                    if (response.statusCode() != Status.OK) {
                        throw new CompletionException(new IOException("the handshake with " + server + " at " + address
                                + " failed with " + Status.explain(response.statusCode()) + "; no request was sent"));
                    }
                    return response;
                });
    }

    private CompletableFuture<HttpResponse<byte[]>> post(
            URI to, @Nullable String token, byte[] message, int limit, Duration timeout) {
        HttpRequest.Builder request = HttpRequest.newBuilder(to)
                .timeout(timeout)
                .header("Content-Type", "application/octet-stream")
                .POST(HttpRequest.BodyPublishers.ofByteArray(message));
        if (token != null) {
            request.header(Token.HEADER, token);
        }
        CompletableFuture<HttpResponse<byte[]>> sent = http.sendAsync(request.build(), head -> new LimitedBody(limit));
        // The timeout of the request ends with the head of the answer; the body must arrive in the same time.
        return sent.copy().orTimeout(timeout.toNanos(), TimeUnit.NANOSECONDS).exceptionally(failure -> {
            Throwable cause = causeOf(failure);
            if (cause instanceof TimeoutException) {
                sent.cancel(true);
                cause = new HttpTimeoutException("the answer of " + server + " at " + to + " was not complete after "
                        + timeout.toMillis() + " ms");
            }
            throw new CompletionException(Unreachable.explain(cause, to));
        });
    }

    private static Throwable causeOf(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    /** Ends the session when the answers of current requests have arrived; further requests fail. May be called twice. */
    @Override
    public void close() {
        CompletableFuture<Live> last;
        synchronized (lock) {
            closed = true;
            last = current;
        }
        if (last != null && last.isDone() && !last.isCompletedExceptionally()) {
            last.join().retire();
        }
    }

    /**
     * Describes the client for people to read.
     *
     * @return the peer and its address
     */
    @Override
    public String toString() {
        return "HTTP client of " + server + " at " + address;
    }

    /** A handshake that the server has answered once: the token, and the message that is next. */
    private static final class Begun {
        final String token;
        final byte[] message3;

        Begun(String token, byte[] message3) {
            this.token = token;
            this.message3 = message3;
        }
    }
}
