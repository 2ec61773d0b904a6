package dev.securesession.http;

import dev.securesession.Delivery;
import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.SessionExhaustedException;
import dev.securesession.exchange.Answer;
import dev.securesession.exchange.Exchange;
import dev.securesession.exchange.ExchangeException;
import dev.securesession.exchange.Failure;
import dev.securesession.exchange.OutgoingRequest;
import dev.securesession.exchange.Received;
import dev.securesession.internal.base.HandshakeLimits;
import java.io.IOException;
import java.net.ConnectException;
import java.net.ProtocolException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.time.Instant;
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
    private final URI address;
    private final URI handshakeAddress;
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
        return session().thenCompose(live -> exchange(live, request));
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
        int limit = (int) Math.min(Integer.MAX_VALUE - 8, (long) options.maxAnswerLength() + Exchange.ANSWER_OVERHEAD);
        return post(exchangeAddress, live.token, outgoing.message(), limit, options.requestTimeout())
                .handle((response, failure) -> {
                    try {
                        return result(live, outgoing, response, failure);
                    } catch (IOException | RequestFailedException e) {
                        throw new CompletionException(e);
                    } finally {
                        live.exchange.forget(outgoing.number());
                        live.release();
                    }
                });
    }

    private byte[] result(
            Live live, OutgoingRequest outgoing, @Nullable HttpResponse<byte[]> response, @Nullable Throwable failure)
            throws IOException, RequestFailedException {
        if (response == null) {
            Throwable cause = failure == null ? new AssertionError("neither response nor failure") : causeOf(failure);
            if (cause instanceof ConnectException || cause instanceof HttpConnectTimeoutException) {
                // The only failures that prove that nothing was sent.
                throw (IOException) cause;
            }
            // A server that refuses a long body may end the connection before its status is read.
            live.retire();
            throw uncertain(
                    0, "no response to " + outgoing + " from " + server + " at " + address + ": " + cause, cause);
        }
        if (response.statusCode() != Status.OK) {
            if (response.statusCode() == Status.UNKNOWN_TOKEN) {
                live.retire();
            }
            throw uncertain(
                    response.statusCode(),
                    Status.explain(response.statusCode()) + " instead of an answer from " + server + " at " + address,
                    null);
        }
        Received received;
        try {
            received = live.exchange.receiveAnswer(outgoing.number(), response.body());
        } catch (MessageRejectedException | ExchangeException | IllegalStateException e) {
            throw uncertain(0, "the response from " + address + " was refused: " + e.getMessage(), e);
        }
        if (received instanceof Answer answer) {
            return answer.body();
        }
        throw RequestFailedException.of((Failure) received);
    }

    private static RequestUncertainException uncertain(int status, String what, @Nullable Throwable cause) {
        return new RequestUncertainException(status, what + "; the peer may have acted on the request, or not", cause);
    }

    /** Returns the current session, or a new one in its place. */
    private CompletableFuture<Live> session() {
        CompletableFuture<Live> made = new CompletableFuture<>();
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
        establish(made);
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
        byte[] message1;
        try {
            message1 = handshake.start();
        } catch (RuntimeException e) {
            handshake.close();
            made.completeExceptionally(e);
            return;
        }
        var unused = postHandshake(null, message1)
                .thenCompose(response -> {
                    String token = response.headers().firstValue(Token.HEADER).orElse("");
                    if (!Token.isToken(token)) {
                        throw new CompletionException(new ProtocolException(address
                                + " answered message 1 without a token; it must be an HTTP handler for sessions"));
                    }
                    HandshakeStep step = receive(handshake, response);
                    return postHandshake(token, step.message().orElseThrow())
                            .thenApply(last -> finish(handshake, token, last));
                })
                .whenComplete((live, failure) -> {
                    handshake.close();
                    if (live == null) {
                        made.completeExceptionally(causeOf(failure));
                    } else {
                        complete(made, live);
                    }
                });
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

    private Live finish(Handshake handshake, String token, HttpResponse<byte[]> response) {
        HandshakeStep step = receive(handshake, response);
        if (step instanceof HandshakeStep.Established established) {
            return new Live(token, established.session(), options.clock().instant());
        }
        throw new CompletionException(new ProtocolException("message 4 did not end the handshake with " + address));
    }

    private static HandshakeStep receive(Handshake handshake, HttpResponse<byte[]> response) {
        try {
            return handshake.receive(response.body());
        } catch (HandshakeException e) {
            throw new CompletionException(e);
        }
    }

    private CompletableFuture<HttpResponse<byte[]>> postHandshake(@Nullable String token, byte[] message) {
        return post(handshakeAddress, token, message, HandshakeLimits.MAX_MESSAGE_LENGTH, options.handshakeTimeout())
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
            throw new CompletionException(cause);
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
}
