package dev.securesession.cli.net;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** TCP port numbers as text. */
public final class Port implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
        try {
            int port = Integer.parseInt(text);
            if (port >= 0 && port <= MAX_PORT) {
                return port;
            }
        } catch (NumberFormatException e) {
            // Reported below.
        }
        throw new TypeConversionException("a port is a number from 0 to " + MAX_PORT + ", not " + text);
    }

    private static final int MAX_PORT = 65_535;
}
