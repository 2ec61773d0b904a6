package dev.securesession.http;

import org.jspecify.annotations.Nullable;

/** What goes back over HTTP: a status, and with 200 a message and perhaps a token. */
final class Response {
    final int status;
    final @Nullable String token;
    final byte[] message;

    private Response(int status, @Nullable String token, byte[] message) {
        this.status = status;
        this.token = token;
        this.message = message;
    }

    static Response of(byte[] message) {
        return new Response(Status.OK, null, message);
    }

    static Response withToken(String token, byte[] message) {
        return new Response(Status.OK, token, message);
    }

    static Response refusal(int status) {
        return new Response(status, null, new byte[0]);
    }
}
