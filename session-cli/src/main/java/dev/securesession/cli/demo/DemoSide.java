package dev.securesession.cli.demo;

import dev.securesession.SecureSession;
import dev.securesession.cli.command.Hex;
import dev.securesession.transport.Framing;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.StreamTransport;
import dev.securesession.transport.Transport;
import java.io.IOException;
import java.net.Socket;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/** One of the two processes of the demo: measures its handshake, and counts and hashes the bytes of the transfer. */
final class DemoSide {
    private final DemoFacts facts;
    private final MeasuredTransport transport;
    private final MessageDigest digest = sha256();
    private long bytes;

    DemoSide(DemoFacts facts, Socket socket) throws IOException {
        this.facts = facts;
        this.transport = new MeasuredTransport(StreamTransport.of(socket, Framing.lengthPrefix()), facts);
    }

    Transport transport() {
        return transport;
    }

    void tellSession(SecureConnection connection, long startNanos) {
        transport.handshakeDone();
        facts.tell(DemoFacts.HANDSHAKE_MICROS, (System.nanoTime() - startNanos) / 1000);
        facts.tell(DemoFacts.ROUND_TRIPS, transport.roundTrips());
        SecureSession session = connection.session();
        facts.tell(
                DemoFacts.PEER,
                "SHA256:" + Base64.getEncoder().withoutPadding().encodeToString(session.peerFingerprint()));
        facts.tell(DemoFacts.SESSION, Hex.of(session.sessionId()));
        facts.tell(DemoFacts.TRANSCRIPT, Hex.of(session.transcriptHash()));
    }

    void count(byte[] chunk, int length) {
        digest.update(chunk, 0, length);
        bytes += length;
    }

    /** Reports the counts and returns the digest. */
    byte[] tellTransfer() {
        byte[] result = digest.digest();
        facts.tell(DemoFacts.BYTES, bytes);
        facts.tell(DemoFacts.MESSAGES, transport.messagesSent());
        facts.tell(DemoFacts.SHA256, Hex.of(result));
        return result;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
