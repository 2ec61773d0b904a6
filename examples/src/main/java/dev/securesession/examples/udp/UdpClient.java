package dev.securesession.examples.udp;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.transport.datagram.DatagramOptions;
import dev.securesession.transport.datagram.SecureDatagrams;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Sends each line of its standard input to {@link UdpServer} and prints the answers.
 *
 * <pre>
 * UdpClient 4000 client.key server.key.pub
 * </pre>
 */
public final class UdpClient {
    private static final Duration HANDSHAKE_DEADLINE = Duration.ofSeconds(10);
    private static final Duration TIMEOUT = Duration.ofMillis(200);
    private static final int MAX_ATTEMPTS = 20;

    private UdpClient() {}

    public static void main(String[] arguments) throws Exception {
        InetSocketAddress address =
                new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]));
        IdentityPrivateKey ownKey = IdentityPrivateKey.read(Files.readAllBytes(Path.of(arguments[1])));
        IdentityPublicKey serverKey = IdentityPublicKey.read(Files.readAllBytes(Path.of(arguments[2])));
        PeerId server = PeerId.ofUtf8("server");
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("client"), ownKey), PeerDirectory.of(server, serverKey));

        DatagramOptions options = DatagramOptions.defaults().withHandshakeDeadline(HANDSHAKE_DEADLINE);
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        try (SecureDatagrams datagrams = SecureDatagrams.connect(address, config, server, options)) {
            int number = 0;
            String line;
            while ((line = input.readLine()) != null) {
                number++;
                System.out.println(ask(datagrams, number + " ", line));
            }
        } catch (SocketTimeoutException e) {
            System.out.println("no answer from the server that we know");
        }
    }

    /** Repeats a question until its answer arrives. The number tells this answer from late answers to earlier questions. */
    private static String ask(SecureDatagrams datagrams, String number, String question)
            throws IOException, MessageRejectedException {
        for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
            datagrams.send((number + question).getBytes(UTF_8));
            Optional<byte[]> answer = datagrams.receive(TIMEOUT);
            while (answer.isPresent()) {
                String text = new String(answer.get(), UTF_8);
                if (text.startsWith(number)) {
                    return text.substring(number.length());
                }
                answer = datagrams.receive(TIMEOUT);
            }
        }
        throw new SocketTimeoutException("no answer to question " + number.trim());
    }
}
