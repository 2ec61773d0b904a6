package dev.securesession.http;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;

/** A WebSocket whose bytes the test chooses, without any mercy for the server. */
final class RawWebSocket implements Closeable {
    @SuppressWarnings("StringConcatToTextBlock") // Its lines end with CRLF.
    private static final String UPGRADE = "GET /session HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
            + "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    private final Socket socket;
    private final DataInputStream in;
    private final OutputStream out;

    RawWebSocket(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(20_000);
        in = new DataInputStream(socket.getInputStream());
        out = socket.getOutputStream();
    }

    /** Becomes a WebSocket. */
    RawWebSocket upgrade() throws IOException {
        send(UPGRADE.getBytes(US_ASCII));
        StringBuilder head = new StringBuilder();
        while (!head.toString().endsWith("\r\n\r\n")) {
            head.append((char) in.readByte());
        }
        return this;
    }

    /** Sends bytes as they are; a server that has closed the connection is none of our business. */
    void send(byte[] bytes) {
        try {
            out.write(bytes);
        } catch (IOException e) {
            // Closed already: others hold too much.
        }
    }

    /** Sends a message, or its beginning: the frame claims a length, and as much of it comes as there are bytes. */
    void send(byte[] beginning, int length) {
        ByteBuffer frame = ByteBuffer.allocate(14 + beginning.length).put((byte) 0x82);
        if (length < 126) {
            frame.put((byte) (0x80 | length));
        } else if (length <= 0xFFFF) {
            frame.put((byte) (0x80 | 126)).putShort((short) length);
        } else {
            frame.put((byte) (0x80 | 127)).putLong(length);
        }
        // Masked with zeros.
        frame.putInt(0).put(beginning).flip();
        byte[] bytes = new byte[frame.remaining()];
        frame.get(bytes);
        send(bytes);
    }

    /** Returns the next message. */
    byte[] receive() throws IOException {
        in.readByte();
        int length = in.readByte();
        byte[] message = new byte[length == 126 ? in.readUnsignedShort() : length];
        in.readFully(message);
        return message;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
