package dev.securesession.tunnel;

import java.io.IOException;

/** Why a tunnel ends a connection; the code travels to the other end (docs/tunnel-protocol.md TN-5). */
final class TunnelException extends IOException {
    private static final long serialVersionUID = 1;

    /** The codes of aborts. */
    enum Code {
        /** The proxy does not speak this version, or not at all. */
        UNSUPPORTED(256),
        /** There is no such target, or the peer may not reach it. */
        NO_TARGET(257),
        /** The target does not accept the connection. */
        UNREACHABLE(258),
        /** The program at this end has reset its connection. */
        RESET(259),
        /** Too many connections are open. */
        LIMIT(260),
        /** The tunnel is being stopped. */
        STOPPED(261),
        /** The peer may no longer use the tunnel. */
        REVOKED(262),
        /** No payload moved for the idle timeout of this end, or nothing has arrived for its peer timeout: the peer is gone. */
        IDLE(263),
        /** Too many connections of this peer are open. */
        PEER_LIMIT(264);

        private final int number;

        Code(int number) {
            this.number = number;
        }

        int number() {
            return number;
        }

        /** Returns how a refusal with this code is counted. */
        TunnelRefusal.Reason reason() {
            return switch (this) {
                case NO_TARGET -> TunnelRefusal.Reason.TARGET;
                case UNREACHABLE -> TunnelRefusal.Reason.UNREACHABLE;
                case LIMIT -> TunnelRefusal.Reason.LIMIT;
                case PEER_LIMIT -> TunnelRefusal.Reason.PEER_LIMIT;
                case REVOKED, STOPPED -> TunnelRefusal.Reason.REVOKED;
                case UNSUPPORTED, RESET, IDLE -> TunnelRefusal.Reason.REQUEST;
            };
        }
    }

    private final Code code;

    TunnelException(Code code, String reason) {
        super(reason);
        this.code = code;
    }

    Code code() {
        return code;
    }
}
