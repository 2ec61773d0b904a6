package dev.securesession.transport;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.concurrent.TimeUnit;

/** The input of a socket, whose own timeout is overwritten before each read. */
final class SocketInput implements TimedInput {
    private final Socket socket;
    private final InputStream in;

    SocketInput(Socket socket) throws IOException {
        this.socket = socket;
        this.in = socket.getInputStream();
    }

    @Override
    public int read(byte[] target, int offset, int length, Deadline deadline, String awaited) throws IOException {
        long millis = TimeUnit.NANOSECONDS.toMillis(deadline.leftNanos(awaited));
        socket.setSoTimeout(deadline.isLimited() ? (int) Math.min(Integer.MAX_VALUE, millis + 1) : 0);
        try {
            return in.read(target, offset, length);
        } catch (SocketTimeoutException e) {
            throw deadline.exceeded(awaited);
        }
    }
}
