package dev.securesession.http;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;

/** What the limits for an address count by: the address, or the /64 network of an IPv6 address, whose owner has all of it. */
final class Source {
    private static final int NETWORK_LENGTH = 8;

    private Source() {}

    static String of(InetAddress address) {
        return address instanceof Inet6Address
                ? HexFormat.of().formatHex(Arrays.copyOf(address.getAddress(), NETWORK_LENGTH)) + "/64"
                : address.getHostAddress();
    }
}
