package dev.securesession.http;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpConnectTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import org.jspecify.annotations.Nullable;

/** Texts for connections that could not be made: the exceptions of the JDK's HTTP client often have none. */
final class Unreachable {
    private Unreachable() {}

    /** Returns whether the failure proves that nothing was sent. */
    static boolean is(Throwable failure) {
        return failure instanceof ConnectException || failure instanceof HttpConnectTimeoutException;
    }

    /** Returns such a failure with a text that names the address; any other failure as it is. */
    static Throwable explain(Throwable failure, URI address) {
        if (!is(failure)) {
            return failure;
        }
        String text = "no connection to " + address + ": " + textOf(failure);
        IOException explained = failure instanceof ConnectException
                ? new ConnectException(text)
                : new HttpConnectTimeoutException(text);
        explained.initCause(failure);
        return explained;
    }

    /** Returns what is wrong. */
    static String textOf(@Nullable Throwable failure) {
        if (!(failure instanceof ConnectException)) {
            return String.valueOf(failure);
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException) {
                return "the host name cannot be resolved";
            }
        }
        String text = failure.getMessage();
        return text == null || text.isEmpty() ? "connection refused, or no route to the host" : text;
    }
}
