package dev.securesession.testsupport;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;

/** A service that sends back what it gets or resets its connection, as the first byte asks, for connections under load. */
public final class FickleService {
    /** The first byte of a connection whose bytes come back, this one included. */
    public static final int ECHO = 0;

    /** The first byte of a connection that the service resets. */
    public static final int DIE = 1;

    private FickleService() {}

    /** Serves one connection to its end. */
    public static void answer(Socket accepted) throws IOException {
        try (accepted) {
            InputStream in = accepted.getInputStream();
            OutputStream out = accepted.getOutputStream();
            int what = in.read();
            if (what == ECHO) {
                out.write(what);
                in.transferTo(out);
            } else if (what == DIE) {
                accepted.setSoLinger(true, 0);
            }
        }
    }

    /** Lets a client that has got all of its bytes send and read nothing for some time, and asserts that nothing comes. */
    public static void stall(Socket client, int millis) throws IOException {
        int patience = client.getSoTimeout();
        client.setSoTimeout(millis);
        try {
            int received = client.getInputStream().read();
            throw new AssertionError("a byte or an end that nobody has sent: " + received);
        } catch (SocketTimeoutException e) {
            client.setSoTimeout(patience);
        }
    }
}
