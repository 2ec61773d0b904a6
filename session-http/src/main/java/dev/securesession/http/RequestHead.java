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

    /** Returns the session that the memory of the body counts for; messages of a handshake are short and count for none. */
    @Nullable
    String countedSession() {
        return isHandshake ? null : token;
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
