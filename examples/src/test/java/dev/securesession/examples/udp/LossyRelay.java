package dev.securesession.examples.udp;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.atomic.AtomicInteger;

/** Stands between one client and a server on the loopback interface: drops every third datagram and doubles every fifth. */
final class LossyRelay implements AutoCloseable {
    private final DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
    private final SocketAddress server;
    private final Thread thread = new Thread(this::run, "lossy relay");
    final AtomicInteger dropped = new AtomicInteger();

    LossyRelay(int serverPort) throws IOException {
        server = new InetSocketAddress(InetAddress.getLoopbackAddress(), serverPort);
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return socket.getLocalPort();
    }

    private void run() {
        SocketAddress client = server;
        DatagramPacket packet = new DatagramPacket(new byte[65_535], 65_535);
        try {
            for (int count = 1; ; count++) {
                packet.setLength(65_535);
                socket.receive(packet);
                boolean fromServer = packet.getSocketAddress().equals(server);
                if (!fromServer) {
                    client = packet.getSocketAddress();
                }
                if (count % 3 == 0) {
                    dropped.incrementAndGet();
                    continue;
                }
                packet.setSocketAddress(fromServer ? client : server);
                socket.send(packet);
                if (count % 5 == 0) {
                    socket.send(packet);
                }
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
