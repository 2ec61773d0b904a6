package dev.securesession.cli.operations;

import dev.securesession.cli.command.Failure;
import dev.securesession.cli.net.HostPort;
import java.net.InetSocketAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The addresses on which the tunnels of one file listen: refuses two of them that are one. */
final class Listening {
    private final Map<Place, String> named = new LinkedHashMap<>();

    /** Adds the address of a key, in any form; one that cannot be read is refused elsewhere. */
    void add(StrictTable table, String key, String address) throws Failure {
        Place place = Place.of(address);
        for (Map.Entry<Place, String> other : named.entrySet()) {
            if (place.meets(other.getKey())) {
                throw table.wrong(
                        key,
                        "\"" + EventLog.visible(address) + "\" is taken by " + other.getValue()
                                + "; expected another address");
            }
        }
        named.put(place, table.at(key));
    }

    /** An address in the form in which two can be compared. */
    private static final class Place {
        private final String host;
        private final int port;

        private Place(String host, int port) {
            this.host = host;
            this.port = port;
        }

        static Place of(String address) {
            try {
                if (address.startsWith(UNIX)) {
                    Path path = Path.of(address.substring(UNIX.length()));
                    return new Place(path.toAbsolutePath().normalize().toString(), NO_PORT);
                }
                InetSocketAddress socket = HostPort.parse(address).resolve();
                return new Place(
                        socket.getAddress().isAnyLocalAddress()
                                ? ANY
                                : socket.getAddress().getHostAddress(),
                        socket.getPort());
            } catch (Failure | InvalidPathException e) {
                return new Place(address, 0);
            }
        }

        /** Tells whether both cannot be listened on; port 0 is another one each time. */
        boolean meets(Place other) {
            return port == other.port
                    && port != 0
                    && (host.equals(other.host) || (port != NO_PORT && (host.equals(ANY) || other.host.equals(ANY))));
        }
    }

    private static final String UNIX = "unix:";
    private static final String ANY = "*";
    private static final int NO_PORT = -1;
}
