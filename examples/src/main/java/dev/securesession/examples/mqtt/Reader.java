package dev.securesession.examples.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.exchange.Answer;
import dev.securesession.exchange.Exchange;
import dev.securesession.exchange.ExchangeException;
import dev.securesession.exchange.OutgoingRequest;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Asks {@link Thermometer} for each line of its input and prints the answers.
 *
 * <pre>
 * Reader tcp://broker:1883 to-reader to-thermometer reader.key thermometer.key.pub
 * </pre>
 */
public final class Reader {
    private static final Duration PATIENCE = Duration.ofMillis(300);

    private Reader() {}

    public static void main(String[] arguments) throws Exception {
        IdentityPrivateKey ownKey = IdentityPrivateKey.read(Files.readAllBytes(Path.of(arguments[3])));
        IdentityPublicKey peerKey = IdentityPublicKey.read(Files.readAllBytes(Path.of(arguments[4])));
        PeerId thermometer = PeerId.ofUtf8("thermometer");
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("reader"), ownKey), PeerDirectory.of(thermometer, peerKey));

        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        try (Mailbox mailbox = new Mailbox(arguments[0], arguments[1], arguments[2]);
                SecureSession session = connect(mailbox, Handshake.client(config, thermometer))) {
            Exchange exchange = Exchange.over(session);
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                System.out.println(ask(mailbox, exchange, line));
            }
        }
    }

    /** Repeats each message of the handshake until its answer comes. */
    private static SecureSession connect(Mailbox mailbox, Handshake handshake) throws Exception {
        try (handshake) {
            byte[] message = handshake.start();
            while (true) {
                mailbox.send(message);
                Optional<byte[]> answer = mailbox.receive(PATIENCE);
                if (answer.isEmpty()) {
                    continue;
                }
                try {
                    HandshakeStep step = handshake.receive(answer.get());
                    if (step instanceof HandshakeStep.Established established) {
                        return established.session();
                    }
                    message = step.message().orElse(message);
                } catch (HandshakeException refused) {
                    System.err.println("dropped: " + refused.getMessage());
                }
            }
        }
    }

    /** Reading a temperature twice does no harm: a request without an answer is made anew. */
    private static String ask(Mailbox mailbox, Exchange exchange, String question) throws Exception {
        while (true) {
            OutgoingRequest request = exchange.request(question.getBytes(UTF_8));
            mailbox.send(request.message());
            Optional<byte[]> message = mailbox.receive(PATIENCE);
            while (message.isPresent()) {
                try {
                    if (exchange.receiveAnswer(request.number(), message.get()) instanceof Answer answer) {
                        return new String(answer.body(), UTF_8);
                    }
                } catch (MessageRejectedException | ExchangeException refused) {
                    System.err.println("dropped: " + refused.getMessage()); // doubled, late or changed
                }
                message = mailbox.receive(PATIENCE);
            }
            exchange.forget(request.number());
        }
    }
}
