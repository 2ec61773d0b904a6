package dev.securesession.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What the options of both ends refuse, and with which words. */
class HttpOptionsTest {
    @Test
    void refusalsOfOptionsNameTheValueAndTheLimit() {
        HttpServerOptions server = HttpServerOptions.defaults();
        Map<String, ThrowingCallable> refusals = new LinkedHashMap<>();
        refusals.put("a limit on half-open handshakes of 0", () -> server.withHalfOpenLimit(0));
        refusals.put("a limit on half-open handshakes per address of 0", () -> server.withHalfOpenLimitPerAddress(0));
        refusals.put("a limit on sessions of 0", () -> server.withSessionLimit(0));
        refusals.put("a limit on sessions per peer of 0", () -> server.withSessionLimitPerPeer(0));
        refusals.put("a limit on the length of a request of 0", () -> server.withMaxRequestLength(0));
        refusals.put("a limit on the length of an answer of -1", () -> server.withMaxAnswerLength(-1));
        refusals.put("a limit on request bytes of 0", () -> server.withRequestBytesLimit(0));
        refusals.put("a limit on request bytes per peer of 0", () -> server.withRequestBytesLimitPerPeer(0));
        refusals.put("a limit on requests of 0", () -> server.withRequestLimit(0));
        refusals.put("a limit on requests per address of 0", () -> server.withRequestLimitPerAddress(0));
        refusals.put("a limit on requests per peer of 0", () -> server.withRequestLimitPerPeer(0));
        refusals.put(
                "a limit on the length of an answer of 0",
                () -> HttpClientOptions.defaults().withMaxAnswerLength(0));

        refusals.forEach((what, call) ->
                assertThatIllegalArgumentException().isThrownBy(call).withMessage(what + "; it must be 1 or more"));
    }

    @Test
    void refusalsOfTimesNameTheValueAndTheLimit() {
        HttpServerOptions server = HttpServerOptions.defaults();
        HttpClientOptions client = HttpClientOptions.defaults();
        Map<String, ThrowingCallable> refusals = new LinkedHashMap<>();
        refusals.put("a handshake timeout of PT0S", () -> server.withHandshakeTimeout(Duration.ZERO));
        refusals.put("an idle timeout of PT0S", () -> server.withIdleTimeout(Duration.ZERO));
        refusals.put("a lifetime of PT0S", () -> server.withLifetime(Duration.ZERO));
        refusals.put("a transfer timeout of PT0S", () -> server.withTransferTimeout(Duration.ZERO));
        refusals.put(
                "a transfer timeout of handshake messages of PT0S",
                () -> server.withHandshakeTransferTimeout(Duration.ZERO));
        refusals.put("a request timeout of PT-1S", () -> client.withRequestTimeout(Duration.ofSeconds(-1)));
        refusals.put("a handshake timeout of PT-1S", () -> client.withHandshakeTimeout(Duration.ofSeconds(-1)));
        refusals.put("an idle timeout of PT-1S", () -> client.withIdleTimeout(Duration.ofSeconds(-1)));
        refusals.put("a lifetime of PT-1S", () -> client.withLifetime(Duration.ofSeconds(-1)));

        refusals.forEach((what, call) -> assertThatIllegalArgumentException()
                .isThrownBy(call)
                .withMessage(what + "; it must be more than zero"));
    }

    @Test
    void describesOptions() {
        assertThat(HttpServerOptions.defaults())
                .hasToString("options of an HTTP server: 10000 sessions of 1048576 bytes a request");
        assertThat(HttpClientOptions.defaults())
                .hasToString("options of an HTTP client: requests within PT1M, answers of 1048576 bytes");
    }
}
