package dev.securesession.http;

import dev.securesession.PeerId;
import org.jspecify.annotations.Nullable;

/** What the head of a request says: where its body goes and how long it may be, or the status that refuses it. */
final class RequestHead {
    /** The paths below that of the application. */
    enum Kind {
        HANDSHAKE("handshake"),
        FIRST("first"),
        EXCHANGE("exchange");

        private final String path;

        Kind(String path) {
            this.path = path;
        }

        /** Returns the kind of a path, with or without a slash in front; null if there is none. */
        static @Nullable Kind of(String path) {
            String below = path.startsWith("/") ? path.substring(1) : path;
            for (Kind kind : values()) {
                if (kind.path.equals(below)) {
                    return kind;
                }
            }
            return null;
        }
    }

    final int status;
    final Kind kind;
    final @Nullable String token;
    final int maxLength;

    /** The peer that the memory of the body counts for; null if it is a message of a handshake, which is short. */
    final @Nullable PeerId countedPeer;

    private RequestHead(int status, Kind kind, @Nullable String token, int maxLength, @Nullable PeerId countedPeer) {
        this.status = status;
        this.kind = kind;
        this.token = token;
        this.maxLength = maxLength;
        this.countedPeer = countedPeer;
    }

    static RequestHead refused(int status) {
        return new RequestHead(status, Kind.HANDSHAKE, null, 0, null);
    }

    static RequestHead ofHandshake(Kind kind, @Nullable String token, int maxLength) {
        return new RequestHead(Status.OK, kind, token, maxLength, null);
    }

    static RequestHead ofExchange(String token, int maxLength, PeerId peer) {
        return new RequestHead(Status.OK, Kind.EXCHANGE, token, maxLength, peer);
    }
}
