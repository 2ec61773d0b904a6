package dev.securesession.cli.net;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Numbers of TCP ports. */
public final class Port implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
        try {
            int port = Integer.parseInt(text);
            if (port >= 0 && port <= LAST) {
                return port;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw new TypeConversionException("a port is a number from 0 to " + LAST + ", not " + text);
    }

    /** Returns an address without the name that may have been looked up. */
    public static String describe(SocketAddress address) {
        return address instanceof InetSocketAddress inet && inet.getAddress() != null
                ? inet.getAddress().getHostAddress() + ":" + inet.getPort()
                : String.valueOf(address);
    }

    private static final int LAST = 65_535;
}
