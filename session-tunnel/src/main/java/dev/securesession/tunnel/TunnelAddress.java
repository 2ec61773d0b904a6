package dev.securesession.tunnel;

import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where to listen or to connect: {@code HOST:PORT}, {@code [V6]:PORT} or {@code unix:PATH}.
 *
 * <p>Instances are immutable and safe for use by several threads.
 */
public final class TunnelAddress {
    private static final String UNIX = "unix:";
    private static final int MAX_PORT = 65_535;

    private final String text;
    private final String host;
    private final int port;
    private final @Nullable Path path;
    private final boolean proxyProtocol;

    private TunnelAddress(String text, String host, int port, @Nullable Path path, boolean proxyProtocol) {
        this.proxyProtocol = proxyProtocol;
        this.text = text;
        this.host = host;
        this.port = port;
        this.path = path;
    }

    /**
     * Reads an address. A host name is looked up when the address is used.
     *
     * @param text {@code HOST:PORT} with a port from 0 to 65,535, with an IPv6 address in brackets; or {@code unix:PATH}
     * @return the address
     * @throws IllegalArgumentException if the text has neither form: the message says what was expected
     */
    public static TunnelAddress parse(String text) {
        if (text.startsWith(UNIX)) {
            String path = text.substring(UNIX.length());
            if (path.isEmpty()) {
                throw wrong(text);
            }
            try {
                return new TunnelAddress(text, "", 0, Path.of(path), false);
            } catch (InvalidPathException e) {
                throw new IllegalArgumentException("\"" + text + "\" names no possible file", e);
            }
        }
        int colon = text.lastIndexOf(':');
        if (colon <= 0) {
            throw wrong(text);
        }
        String host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0) {
            throw new IllegalArgumentException(
                    "\"" + text + "\" has several colons; put an IPv6 address in brackets: [::1]:4000");
        }
        return new TunnelAddress(text, host, port(text, text.substring(colon + 1)), null, false);
    }

    /**
     * Returns a copy for a target that expects the PROXY protocol: a server sends it the header of version 2 first, with the
     * address of the peer, the address that the peer has connected to, and the id of the peer as the field of type
     * {@code 0xE0}. For peers on a Unix-domain socket the header says {@code LOCAL}.
     *
     * @return the copy; makes no difference where it is listened on
     */
    public TunnelAddress withProxyProtocol() {
        return new TunnelAddress(text, host, port, path, true);
    }

    private static int port(String text, String port) {
        try {
            int number = Integer.parseInt(port);
            if (number >= 0 && number <= MAX_PORT) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Reported below.
        }
        throw new IllegalArgumentException(
                "\"" + text + "\" ends with no port; a port is a number from 0 to " + MAX_PORT);
    }

    private static IllegalArgumentException wrong(String text) {
        return new IllegalArgumentException(
                "\"" + text + "\" is no address; expected HOST:PORT, for example 127.0.0.1:4000, or unix:PATH");
    }

    boolean hasProxyProtocol() {
        return proxyProtocol;
    }

    boolean isUnix() {
        return path != null;
    }

    /** Returns the file of a Unix-domain socket. */
    Path path() {
        if (path == null) {
            throw new AssertionError(text + " is no file");
        }
        return path;
    }

    /** Returns the host, a name or a number. */
    String host() {
        return host;
    }

    int port() {
        return port;
    }

    /** Returns the address of the socket, or null if its host has to be looked up. */
    @Nullable
    SocketAddress withoutLookup() {
        if (path != null) {
            return UnixDomainSocketAddress.of(path);
        }
        return NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host)
                ? new InetSocketAddress(host, port)
                : null;
    }

    /** Looks up the host, and waits for the answer: not for event loops. */
    SocketAddress resolve() throws IOException {
        SocketAddress withoutLookup = withoutLookup();
        if (withoutLookup != null) {
            return withoutLookup;
        }
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw unknownHost(host);
        }
        return address;
    }

    static UnknownHostException unknownHost(String host) {
        return new UnknownHostException("no such host: " + host);
    }

    /**
     * Compares the texts, and whether the PROXY protocol is used.
     *
     * @param other any object
     * @return true if the other object is an address of the same text and use
     */
    @Override
    public boolean equals(Object other) {
        return other instanceof TunnelAddress address
                && address.text.equals(text)
                && address.proxyProtocol == proxyProtocol;
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    /**
     * Returns the address as it was given.
     *
     * @return the text
     */
    @Override
    public String toString() {
        return text;
    }

    /**
     * Returns an address of a socket in the form that {@link #parse} reads, without looking up a name. An address of another
     * kind is described in its own words.
     *
     * @param address of a TCP or Unix-domain socket
     * @return {@code NUMBER:PORT}, {@code [V6]:PORT} or {@code unix:PATH}
     */
    public static String describe(SocketAddress address) {
        if (address instanceof InetSocketAddress inet && inet.getAddress() != null) {
            return (inet.getAddress() instanceof Inet6Address v6
                            ? "[" + shortened(v6) + "]"
                            : inet.getAddress().getHostAddress())
                    + ":" + inet.getPort();
        }
        if (address instanceof UnixDomainSocketAddress unix) {
            return UNIX + unix.getPath();
        }
        return address.toString();
    }

    /** Returns an address with its zeros shortened (RFC 5952), and with its zone. */
    private static String shortened(Inet6Address address) {
        String full = address.getHostAddress();
        int zone = full.indexOf('%');
        return NetUtil.toAddressString(address) + (zone < 0 ? "" : full.substring(zone));
    }
}
