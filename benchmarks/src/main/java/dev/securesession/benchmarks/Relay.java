package dev.securesession.benchmarks;

import dev.securesession.CryptoProviders;
import dev.securesession.HandshakeException;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.KeyRejectedException;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureServer;
import dev.securesession.transport.ServerOptions;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * One end of a tunnel that forwards TCP connections over secure connections, a program for a JVM of its own. The client
 * accepts plain connections, the server opens them to the target. The program ends when its standard input ends, so that
 * it does not outlive its parent process.
 */
final class Relay {
    /** The line that a relay prints once it accepts connections; the port follows. */
    static final String READY = "ready ";

    private static final int BACKLOG = 128;

    private final SessionConfig config;
    private final PeerId peer;
    private final int targetPort;
    private final ExecutorService threads;

    private Relay(SessionConfig config, PeerId peer, int targetPort, ExecutorService threads) {
        this.config = config;
        this.peer = peer;
        this.targetPort = targetPort;
        this.threads = threads;
    }

    /**
     * Arguments: a {@link Mode}, the name of a {@link ProviderSet}, the port to listen on (0 for any) and the target port.
     * Standard input: two lines, the own private key and the peer's public key, both as containers in Base64.
     */
    public static void main(String[] arguments) throws Exception {
        Mode mode = Mode.valueOf(arguments[0].toUpperCase(Locale.ROOT));
        CryptoProviders providers = ProviderSet.valueOf(arguments[1]).providers();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        SessionConfig config = mode.config(in).withCrypto(providers);
        providers.warmUp();
        ServerSocket listening =
                new ServerSocket(Integer.parseInt(arguments[2]), BACKLOG, InetAddress.getLoopbackAddress());
        Relay relay = new Relay(
                config, mode.opposite().id(), Integer.parseInt(arguments[3]), Executors.newCachedThreadPool(task -> {
                    Thread thread = new Thread(task);
                    thread.setDaemon(true);
                    return thread;
                }));
        mode.start(relay, listening);
        System.out.println(READY + listening.getLocalPort());
        while (in.readLine() != null) {
            // Further lines are ignored; the end of the input ends the program.
        }
    }

    /** Accepts plain connections. */
    private void acceptPlain(ServerSocket listening) {
        try {
            while (true) {
                Socket plain = listening.accept();
                threads.execute(() -> serve(plain));
            }
        } catch (IOException e) {
            throw new IllegalStateException("cannot accept connections", e);
        }
    }

    private void serve(Socket plain) {
        try (plain) {
            plain.setTcpNoDelay(true);
            Socket socket = new Socket(InetAddress.getLoopbackAddress(), targetPort);
            try (SecureConnection connection = SecureConnection.connect(socket, config, peer)) {
                new RelayedConnection(plain, connection).run(threads);
            }
        } catch (IOException | HandshakeException e) {
            report(plain.getRemoteSocketAddress(), e);
        }
    }

    private void serve(SecureConnection connection) throws IOException {
        try (Socket plain = new Socket(InetAddress.getLoopbackAddress(), targetPort)) {
            plain.setTcpNoDelay(true);
            new RelayedConnection(plain, connection).run(threads);
        }
    }

    private static void report(SocketAddress address, Exception cause) {
        System.err.println("relay: connection from " + address + ": " + cause);
    }

    /** The end of the tunnel that a relay is. */
    enum Mode {
        CLIENT {
            @Override
            void start(Relay relay, ServerSocket listening) {
                relay.threads.execute(() -> relay.acceptPlain(listening));
            }
        },
        SERVER {
            @Override
            void start(Relay relay, ServerSocket listening) {
                SecureServer.listen(
                        listening,
                        relay.config,
                        new SecureServer.Handler() {
                            @Override
                            public void handle(SecureConnection connection) throws IOException {
                                relay.serve(connection);
                            }

                            @Override
                            public void failed(SocketAddress address, Exception cause) {
                                report(address, cause);
                            }
                        },
                        ServerOptions.defaults().withExecutor(relay.threads));
            }
        };

        abstract void start(Relay relay, ServerSocket listening);

        Mode opposite() {
            return this == CLIENT ? SERVER : CLIENT;
        }

        private SessionConfig config(BufferedReader keys) throws IOException, KeyRejectedException {
            IdentityPrivateKey own = IdentityPrivateKey.decode(key(keys));
            IdentityPublicKey peer = IdentityPublicKey.decode(key(keys));
            return SessionConfig.of(
                    LocalIdentity.of(id(), own), PeerDirectory.of(opposite().id(), peer));
        }

        private PeerId id() {
            return PeerId.ofUtf8(name().toLowerCase(Locale.ROOT));
        }

        private static byte[] key(BufferedReader keys) throws IOException {
            String line = keys.readLine();
            if (line == null) {
                throw new EOFException(
                        "standard input ended; expected two lines, the own private key and the peer's public key");
            }
            return Base64.getDecoder().decode(line);
        }
    }
}
