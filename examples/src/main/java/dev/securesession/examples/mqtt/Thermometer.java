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
import dev.securesession.exchange.Exchange;
import dev.securesession.exchange.ExchangeException;
import dev.securesession.exchange.Request;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Answers the requests of {@link Reader}, each once, until its input ends.
 *
 * <pre>
 * Thermometer tcp://broker:1883 to-thermometer to-reader thermometer.key reader.key.pub
 * </pre>
 */
public final class Thermometer {
    private static int readings;

    private Thermometer() {}

    public static void main(String[] arguments) throws Exception {
        IdentityPrivateKey ownKey = IdentityPrivateKey.read(Files.readAllBytes(Path.of(arguments[3])));
        IdentityPublicKey readerKey = IdentityPublicKey.read(Files.readAllBytes(Path.of(arguments[4])));
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("thermometer"), ownKey),
                PeerDirectory.of(PeerId.ofUtf8("reader"), readerKey));

        try (Mailbox mailbox = new Mailbox(arguments[0], arguments[1], arguments[2]);
                Handshake handshake = Handshake.server(config)) {
            System.out.println("ready");
            Optional<SecureSession> session = Optional.empty();
            while (System.in.available() == 0) {
                Optional<byte[]> message = mailbox.receive(Duration.ofMillis(100));
                if (message.isEmpty()) {
                    continue;
                }
                try {
                    HandshakeStep step = handshake.receive(message.get());
                    if (step.message().isPresent()) {
                        mailbox.send(step.message().get()); // a repeated message gets the same answer again
                    }
                    if (step instanceof HandshakeStep.Established established) {
                        session = Optional.of(established.session());
                    }
                } catch (HandshakeException noHandshakeMessage) {
                    if (session.isPresent()) {
                        answer(mailbox, Exchange.over(session.get()), message.get());
                    }
                }
            }
        }
        System.out.println(readings + " readings");
    }

    private static void answer(Mailbox mailbox, Exchange exchange, byte[] message) throws Exception {
        try {
            Request request = exchange.receiveRequest(message);
            readings++;
            mailbox.send(exchange.answer(request, (new String(request.body(), UTF_8) + ": 21 °C").getBytes(UTF_8)));
        } catch (MessageRejectedException | ExchangeException refused) {
            System.out.println("dropped: " + refused.getMessage()); // doubled or changed by the broker
        }
    }
}
