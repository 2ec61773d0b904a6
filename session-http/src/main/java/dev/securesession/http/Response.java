package dev.securesession.http;

import dev.securesession.PeerId;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What goes back over HTTP: a status, and with 200 a message and perhaps a token. */
final class Response {
    final int status;
    final @Nullable String token;
    final byte[] message;

    /** The peer whose request was answered; null if it is a message of a handshake or a refusal, which is short. */
    final @Nullable PeerId peer;

    private final @Nullable Exception cause;

    private Response(
            int status, @Nullable String token, byte[] message, @Nullable PeerId peer, @Nullable Exception cause) {
        this.status = status;
        this.token = token;
        this.message = message;
        this.peer = peer;
        this.cause = cause;
    }

    static Response of(byte[] message) {
        return new Response(Status.OK, null, message, null, null);
    }

    static Response ofAnswer(PeerId peer, byte[] message) {
        return new Response(Status.OK, null, message, peer, null);
    }

    static Response withToken(String token, byte[] message) {
        return new Response(Status.OK, token, message, null, null);
    }

    static Response refusal(int status) {
        return new Response(status, null, new byte[0], null, null);
    }

    static Response refusal(int status, Exception cause) {
        return new Response(status, null, new byte[0], null, cause);
    }

    /** Returns why a request is refused. */
    Exception cause() {
        return cause == null ? new IOException(Status.explain(status)) : cause;
    }
}
