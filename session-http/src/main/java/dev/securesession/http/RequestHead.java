package dev.securesession.http;

import org.jspecify.annotations.Nullable;

/** What the head of a request says: where its body goes and how long it may be, or the status that refuses it. */
final class RequestHead {
    final int status;
    final boolean isHandshake;
    final @Nullable String token;
    final int maxLength;

    private RequestHead(int status, boolean isHandshake, @Nullable String token, int maxLength) {
        this.status = status;
        this.isHandshake = isHandshake;
        this.token = token;
        this.maxLength = maxLength;
    }

    static RequestHead refused(int status) {
        return new RequestHead(status, false, null, 0);
    }

    static RequestHead ofHandshake(@Nullable String token, int maxLength) {
        return new RequestHead(Status.OK, true, token, maxLength);
    }

    static RequestHead ofExchange(@Nullable String token, int maxLength) {
        return new RequestHead(Status.OK, false, token, maxLength);
    }
}
