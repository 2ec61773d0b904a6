package dev.securesession.transport;

import dev.securesession.internal.server.HalfOpenConnections;
import java.net.InetSocketAddress;

/** An accepted connection whose handshake is not over. */
final class HalfOpenConnection extends HalfOpenConnections.Entry {
    final AcceptedConnection accepted;
    final long epoch;

    HalfOpenConnection(AcceptedConnection accepted, long epoch) {
        super(accepted.remote instanceof InetSocketAddress inet ? inet.getAddress() : null);
        this.accepted = accepted;
        this.epoch = epoch;
    }
}
