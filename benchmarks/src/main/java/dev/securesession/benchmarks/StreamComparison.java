package dev.securesession.benchmarks;

import dev.securesession.PeerId;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/**
 * One program over three kinds of stream on the loopback interface: {@link SecureStream}, {@link SSLSocket} with mutual TLS 1.3 by
 * JSSE, and a plain socket. Blocking, a thread for each end, all with the providers of the JDK; each kind in a JVM of its own.
 */
final class StreamComparison {
    private static final int CHUNK = 64 * 1024;
    private static final int SMALL = 64;
    private static final int ROUND_TRIPS = 1000;
    private static final double MEBIBYTE = 1 << 20;

    private final Stack stack;
    private final long nanos;
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "peer");
        thread.setDaemon(true);
        return thread;
    });

    private StreamComparison(Stack stack, long nanos) {
        this.stack = stack;
        this.nanos = nanos;
    }

    /** Takes the seconds of each measurement; prints a table. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 2) {
            long nanos = TimeUnit.SECONDS.toNanos(Long.parseLong(arguments[1]));
            new StreamComparison(Stack.valueOf(arguments[0]), nanos).measure();
            return;
        }
        String seconds = arguments.length > 0 ? arguments[0] : "5";
        Map<Stack, Map<String, Double>> figures = new LinkedHashMap<>();
        for (Stack stack : Stack.values()) {
            figures.put(
                    stack, Child.run(StreamComparison.class, List.of("-Xms256m", "-Xmx256m"), stack.name(), seconds));
        }
        System.out.println("| | throughput, MiB/s | round trips of 64 B per second |");
        System.out.println("| --- | --- | --- |");
        figures.forEach((stack, row) -> System.out.printf(
                Locale.ROOT, "| %s | %.0f | %.0f |%n", stack.label, row.get("throughput"), row.get("roundtrips")));
    }

    private void measure() throws Exception {
        Connector connector = stack.connector();
        // The first round warms up.
        throughput(connector);
        Child.report("throughput", throughput(connector));
        roundTrips(connector);
        Child.report("roundtrips", roundTrips(connector));
    }

    /** Returns MiB per second of one connection in one direction. */
    private double throughput(Connector connector) throws Exception {
        try (Ends ends = connect(connector)) {
            Future<Double> received = threads.submit(() -> receive(ends.server.input()));
            OutputStream out = ends.client.output();
            byte[] chunk = new byte[CHUNK];
            long end = System.nanoTime() + nanos;
            while (System.nanoTime() - end < 0) {
                out.write(chunk);
            }
            chunk[0] = 1;
            out.write(chunk);
            return received.get();
        }
    }

    private static double receive(InputStream in) throws IOException {
        byte[] chunk = new byte[CHUNK];
        long bytes = 0;
        long begin = System.nanoTime();
        do {
            readAll(in, chunk);
            bytes += CHUNK;
        } while (chunk[0] == 0);
        return bytes / MEBIBYTE / ((System.nanoTime() - begin) / 1e9);
    }

    private double roundTrips(Connector connector) throws Exception {
        try (Ends ends = connect(connector)) {
            Future<Void> echo = threads.submit(() -> echo(ends.server));
            byte[] ping = new byte[SMALL];
            long begin = System.nanoTime();
            long count = 0;
            while (System.nanoTime() - begin < nanos) {
                for (int i = 0; i < ROUND_TRIPS; i++) {
                    ends.client.output().write(ping);
                    readAll(ends.client.input(), ping);
                }
                count += ROUND_TRIPS;
            }
            double perSecond = count / ((System.nanoTime() - begin) / 1e9);
            Arrays.fill(ping, (byte) 1);
            ends.client.output().write(ping);
            echo.get();
            return perSecond;
        }
    }

    private static Void echo(Stream stream) throws IOException {
        byte[] ping = new byte[SMALL];
        while (true) {
            readAll(stream.input(), ping);
            if (ping[0] != 0) {
                return null;
            }
            stream.output().write(ping);
        }
    }

    private static void readAll(InputStream in, byte[] target) throws IOException {
        if (in.readNBytes(target, 0, target.length) < target.length) {
            throw new EOFException("the stream ended early");
        }
    }

    private Ends connect(Connector connector) throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Socket client = new Socket(InetAddress.getLoopbackAddress(), server.getLocalPort());
            Socket accepted = server.accept();
            client.setTcpNoDelay(true);
            accepted.setTcpNoDelay(true);
            Future<Stream> serverEnd = threads.submit(() -> connector.stream(accepted, false));
            Stream clientEnd = connector.stream(client, true);
            return new Ends(clientEnd, serverEnd.get());
        }
    }

    /** The kinds to compare. */
    private enum Stack {
        SECURE_STREAM("SecureStream") {
            @Override
            Connector connector() {
                SecureSessions sessions = SecureSessions.using(ProviderSet.JDK);
                PeerId server = sessions.server.identity().id();
                return (socket, isClient) -> {
                    SecureStream stream = SecureStream.over(
                            isClient
                                    ? SecureConnection.connect(socket, sessions.client, server)
                                    : SecureConnection.accept(socket, sessions.server));
                    return new Stream(stream.input(), stream.output(), socket);
                };
            }
        },
        SSL_SOCKET("SSLSocket, TLS 1.3, JSSE") {
            @Override
            Connector connector() throws Exception {
                Certificates client = Certificates.generate("client");
                Certificates server = Certificates.generate("server");
                SSLContext clients = SSLContext.getInstance("TLSv1.3", "SunJSSE");
                clients.init(client.keyManagers(), server.trustManagers(), null);
                SSLContext servers = SSLContext.getInstance("TLSv1.3", "SunJSSE");
                servers.init(server.keyManagers(), client.trustManagers(), null);
                return (socket, isClient) -> {
                    SSLSocket tls = (SSLSocket) (isClient ? clients : servers)
                            .getSocketFactory()
                            .createSocket(socket, null, socket.getPort(), true);
                    tls.setUseClientMode(isClient);
                    tls.setEnabledProtocols(new String[] {"TLSv1.3"});
                    tls.setNeedClientAuth(!isClient);
                    tls.startHandshake();
                    return new Stream(tls.getInputStream(), tls.getOutputStream(), socket);
                };
            }
        },
        PLAIN("plain socket") {
            @Override
            Connector connector() {
                return (socket, isClient) -> new Stream(socket.getInputStream(), socket.getOutputStream(), socket);
            }
        };

        private final String label;

        Stack(String label) {
            this.label = label;
        }

        abstract Connector connector() throws Exception;
    }

    /** Makes a stream of one end of a TCP connection. */
    private interface Connector {
        Stream stream(Socket socket, boolean isClient) throws Exception;
    }

    /** One end. */
    private record Stream(InputStream input, OutputStream output, Socket socket) {}

    /** Both ends. */
    private record Ends(Stream client, Stream server) implements Closeable {
        @Override
        public void close() throws IOException {
            client.socket.close();
            server.socket.close();
        }
    }
}
