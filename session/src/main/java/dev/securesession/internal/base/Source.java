package dev.securesession.internal.base;

import java.math.BigInteger;
import java.util.Arrays;

/** What the limits for an address count by: the address, or the /64 network of an IPv6 address, whose owner has all of it. */
public final class Source {
    private static final int IPV6_LENGTH = 16;
    private static final int NETWORK_LENGTH = 8;
    private static final int HEXADECIMAL = 16;

    private Source() {}

    /** Returns a key for the bytes of an IPv4 or IPv6 address. */
    public static String of(byte[] address) {
        return address.length == IPV6_LENGTH ? hex(Arrays.copyOf(address, NETWORK_LENGTH)) + "/64" : hex(address);
    }

    private static String hex(byte[] bytes) {
        return new BigInteger(1, bytes).toString(HEXADECIMAL);
    }
}
