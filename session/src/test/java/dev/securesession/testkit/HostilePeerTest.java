package dev.securesession.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.Curve;
import dev.securesession.Handshake;
import dev.securesession.HandshakeStep;
import dev.securesession.IdentityKeyPair;
import dev.securesession.Role;
import dev.securesession.SecureSession;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A hostile peer that is left alone behaves: otherwise it would be refused for the wrong reasons. */
class HostilePeerTest {
    private static final byte[] PAYLOAD = {1, 2, 3};

    @ParameterizedTest
    @EnumSource
    void behavesAsClientOnEveryCurve(Curve curve) throws Exception {
        IdentityKeyPair keys = TestKeys.pair(curve, 1);
        Pair pair = Pair.create(curve, Curve.P256);
        HostilePeer client = HostilePeer.client(Pair.CLIENT_ID, keys, Pair.SERVER_ID);

        try (Handshake server = Handshake.server(pair.server())) {
            byte[] message2 = server.receive(client.message1()).message().orElseThrow();
            HandshakeStep.Established step = (HandshakeStep.Established) server.receive(client.message3(message2));

            exchange(client, step.session(), pair);
        }
    }

    @ParameterizedTest
    @EnumSource
    void behavesAsServerOnEveryCurve(Curve curve) throws Exception {
        IdentityKeyPair keys = TestKeys.pair(curve, 2);
        Pair pair = Pair.create(Curve.P256, curve);
        HostilePeer server = HostilePeer.server(Pair.SERVER_ID, keys, Pair.CLIENT_ID);

        try (Handshake client = Handshake.clientAcceptingAnyKnownPeer(pair.client())) {
            client.receive(server.message2(client.start()));
            HandshakeStep.Established step = (HandshakeStep.Established) client.receive(server.message4());

            exchange(server, step.session(), pair);
        }
    }

    private static void exchange(HostilePeer peer, SecureSession session, Pair pair) throws Exception {
        byte[] message =
                peer.wrap(PAYLOAD, pair.clock().instant().getEpochSecond()).seal();
        assertThat(session.unwrap(message)).isEqualTo(PAYLOAD);

        byte[] opened = peer.open(session.wrap(PAYLOAD));
        assertThat(Arrays.copyOfRange(opened, 16, opened.length)).isEqualTo(PAYLOAD);
        Role role = session.role();
        assertThat(ByteBuffer.wrap(opened).getInt(4)).isEqualTo(peer.initialSequence(role));
    }
}
