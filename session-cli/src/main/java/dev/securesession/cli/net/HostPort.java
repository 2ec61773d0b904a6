package dev.securesession.cli.net;

import dev.securesession.cli.command.Failure;
import java.net.InetSocketAddress;
import picocli.CommandLine.TypeConversionException;

/**
 * An address as {@code HOST:PORT} or {@code [V6]:PORT}, whose host is not looked up yet.
 *
 * @param host the name or number, without brackets
 * @param port 0 to 65,535
 */
public record HostPort(String host, int port) {
    /** Reads an address; the message of a failure names no option. */
    public static HostPort parse(String text) throws Failure {
        int colon = text.lastIndexOf(':');
        if (colon > 0) {
            String host = text.substring(0, colon);
            boolean bracketed = host.startsWith("[") && host.endsWith("]");
            try {
                return new HostPort(
                        bracketed ? host.substring(1, host.length() - 1) : host,
                        new Port().convert(text.substring(colon + 1)));
            } catch (TypeConversionException e) {
                throw unusable(text);
            }
        }
        throw unusable(text);
    }

    /** Looks up the host. */
    public InetSocketAddress resolve() throws Failure {
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw new Failure("no such host: " + host);
        }
        return address;
    }

    private static Failure unusable(String text) {
        return new Failure("\"" + text + "\" is no address; expected HOST:PORT, for example 127.0.0.1:4000");
    }
}
