package dev.securesession.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpConnectTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import org.junit.jupiter.api.Test;

class UnreachableTest {
    private static final URI ADDRESS = URI.create("http://db.example:8080/api");

    @Test
    void saysThatAConnectionWasRefusedIfTheCauseHasNoText() {
        ConnectException cause = new ConnectException();

        assertThat(Unreachable.explain(cause, ADDRESS))
                .isInstanceOf(ConnectException.class)
                .hasMessage("no connection to " + ADDRESS + ": connection refused, or no route to the host")
                .hasCause(cause);
    }

    @Test
    void saysThatTheNameIsUnknown() {
        ConnectException cause = new ConnectException();
        cause.initCause(new ConnectException().initCause(new UnresolvedAddressException()));

        assertThat(Unreachable.explain(cause, ADDRESS))
                .hasMessage("no connection to " + ADDRESS + ": the host name cannot be resolved");
    }

    @Test
    void keepsTheTextOfTheCause() {
        assertThat(Unreachable.explain(new ConnectException("Network is down"), ADDRESS))
                .hasMessage("no connection to " + ADDRESS + ": Network is down");
    }

    @Test
    void tellsOfATimeoutByTheSameType() {
        assertThat(Unreachable.explain(new HttpConnectTimeoutException("HTTP connect timed out"), ADDRESS))
                .isInstanceOf(HttpConnectTimeoutException.class)
                .hasMessageContainingAll("no connection to " + ADDRESS, "timed out");
    }

    @Test
    void leavesOtherFailuresAlone() {
        IOException other = new IOException("reset");

        assertThat(Unreachable.explain(other, ADDRESS)).isSameAs(other);
    }
}
