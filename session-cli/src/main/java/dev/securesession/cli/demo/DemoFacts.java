package dev.securesession.cli.demo;

import dev.securesession.cli.command.Terminal;
import java.io.PrintWriter;

/** Facts that a process of the demo reports to the one that started it: a name and a value on each line. */
final class DemoFacts {
    private final PrintWriter out;

    DemoFacts(Terminal terminal) {
        this.out = terminal.out();
    }

    void tell(String name, Object value) {
        out.println(name + " " + value);
        out.flush();
    }

    static final String PORT = "port";
    static final String SENT = "sent";
    static final String RECEIVED = "received";
    static final String HANDSHAKE_MICROS = "handshake-micros";
    static final String ROUND_TRIPS = "round-trips";
    static final String SESSION = "session";
    static final String TRANSCRIPT = "transcript";
    static final String PEER = "peer";
    static final String BYTES = "bytes";
    static final String MESSAGES = "messages";
    static final String SHA256 = "sha256";
    static final String RETURNED = "returned";
    static final String TRANSFER_MICROS = "transfer-micros";
}
