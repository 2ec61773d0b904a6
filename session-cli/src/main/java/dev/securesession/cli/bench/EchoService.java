package dev.securesession.cli.bench;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** A service that sends back what it receives, without any protection. */
final class EchoService implements Closeable {
    private final ServerSocket serverSocket;

    private EchoService(ServerSocket serverSocket) {
        this.serverSocket = serverSocket;
    }

    /** Starts a service on a free port of loopback. */
    static EchoService start() throws IOException {
        EchoService service = new EchoService(new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress()));
        daemon("bench-echo", service::acceptAll);
        return service;
    }

    InetSocketAddress address() {
        return new InetSocketAddress(serverSocket.getInetAddress(), serverSocket.getLocalPort());
    }

    private void acceptAll() {
        while (!serverSocket.isClosed()) {
            try {
                Socket socket = serverSocket.accept();
                daemon("bench-echo-connection", () -> serve(socket));
            } catch (IOException e) {
                // Closed, or the client has gone already: the measuring side reports what it misses.
            }
        }
    }

    private static void serve(Socket accepted) {
        try (Socket socket = accepted) {
            socket.setTcpNoDelay(true);
            echo(socket.getInputStream(), socket.getOutputStream());
        } catch (IOException e) {
            // The measuring side reports it.
        }
    }

    static void echo(InputStream in, OutputStream out) throws IOException {
        byte[] chunk = new byte[CHUNK_LENGTH];
        for (int length = in.read(chunk); length >= 0; length = in.read(chunk)) {
            out.write(chunk, 0, length);
            out.flush();
        }
    }

    private static void daemon(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        serverSocket.close();
    }

    private static final int BACKLOG = 1024;
    private static final int CHUNK_LENGTH = 64 * 1024;
}
