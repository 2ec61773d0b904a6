package dev.securesession.tunnel;

import java.net.SocketAddress;

/** Stands for the address of a connection that ended before it was known. */
final class UnknownAddress extends SocketAddress {
    static final UnknownAddress INSTANCE = new UnknownAddress();

    private static final long serialVersionUID = 1;

    private UnknownAddress() {}

    @Override
    public String toString() {
        return "unknown";
    }
}
