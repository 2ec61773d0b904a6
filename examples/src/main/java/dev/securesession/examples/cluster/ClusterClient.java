package dev.securesession.examples.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.securesession.HandshakeException;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.http.HttpSessionClient;
import dev.securesession.http.RequestFailedException;
import dev.securesession.http.RequestUncertainException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A client that asks for one operation after the other, each once, and begins a new session now and then. */
final class ClusterClient implements Runnable {
    private static final int REQUESTS_OF_A_SESSION = 500;
    private static final PeerId SERVER = PeerId.ofUtf8("server");

    private final String name;
    private final URI address;
    private final SessionConfig config;
    private final Figures figures;
    private final CountDownLatch stop;

    ClusterClient(String name, URI address, Path folder, Figures figures, CountDownLatch stop) throws Exception {
        this.name = name;
        this.address = address;
        this.figures = figures;
        this.stop = stop;
        IdentityPrivateKey key = IdentityPrivateKey.read(Files.readAllBytes(folder.resolve(name + ".key")));
        IdentityPublicKey server = IdentityPublicKey.read(Files.readAllBytes(folder.resolve("server.pub")));
        this.config = SessionConfig.of(LocalIdentity.of(PeerId.ofUtf8(name), key), PeerDirectory.of(SERVER, server));
    }

    @Override
    public void run() {
        int number = 0;
        try {
            while (stop.getCount() > 0) {
                try (HttpSessionClient client = HttpSessionClient.of(address, config, SERVER)) {
                    for (int i = 0; i < REQUESTS_OF_A_SESSION && stop.getCount() > 0; i++) {
                        ask(client, name + "-" + number);
                        number++;
                    }
                }
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (HandshakeException | RequestFailedException | RuntimeException unexpected) {
            figures.wrong.add(name + " failed: " + unexpected);
        }
    }

    private void ask(HttpSessionClient client, String operation)
            throws InterruptedException, HandshakeException, RequestFailedException {
        try {
            String answer = new String(client.send(operation.getBytes(UTF_8)), UTF_8);
            if (answer.equals("done " + operation)) {
                figures.answered(operation);
            } else {
                figures.wrong.add("the answer to " + operation + " was " + answer);
            }
        } catch (RequestUncertainException uncertain) {
            figures.withoutAnswer(uncertain.status().orElse(0));
        } catch (IOException notSent) {
            figures.handshakesWithoutAnswer.increment();
            boolean unused = stop.await(50, TimeUnit.MILLISECONDS);
        }
    }
}
