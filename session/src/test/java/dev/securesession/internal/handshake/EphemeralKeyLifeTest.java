package dev.securesession.internal.handshake;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.HandshakeException;
import dev.securesession.Settings;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.WatchedEphemeral;
import dev.securesession.internal.keys.KeyContainer;
import dev.securesession.internal.wire.Introduction;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.HostilePeer;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** An ephemeral key lives until its one agreement, or until the handshake is given up. */
class EphemeralKeyLifeTest {
    private final Pair pair = Pair.create();
    private final HandshakeContext clientSettings = Settings.of(pair.client());
    private final HandshakeContext serverSettings = Settings.of(pair.server());
    private final WatchedEphemeral watched = WatchedEphemeral.generate(Settings.suite(pair.client()));
    private final EcPublicKey clientKey = Settings.key(TestKeys.pair(1).publicKey());
    private final EcPublicKey serverKey = Settings.key(TestKeys.pair(2).publicKey());

    @Test
    @Rule(value = "H-2", kind = ACCEPTS)
    void clientDestroysItAfterTheAgreement() throws Exception {
        HandshakeState asked = clientWithMessage2(HostilePeer.server(Pair.SERVER_ID, TestKeys.pair(2), Pair.CLIENT_ID));
        assertThat(watched.isDestroyed()).isFalse();

        assertThat(asked.onPeerKeys(List.of(serverKey))).isInstanceOf(ExpectServerConfirm.class);

        assertThat(watched.isDestroyed()).isTrue();
    }

    @Test
    @Rule(value = "H-2", kind = REFUSES)
    void clientKeepsItWhileMessagesAreRefused() throws Exception {
        HandshakeState asked = clientWithMessage2(HostilePeer.server(Pair.SERVER_ID, TestKeys.pair(3), Pair.CLIENT_ID));

        assertThatThrownBy(() -> asked.onPeerKeys(List.of(serverKey))).isInstanceOf(HandshakeException.class);

        assertThat(watched.isDestroyed()).isFalse();
    }

    /** A message that arrives during a key look-up changes nothing. */
    @Test
    @Rule(value = "H-3", kind = REFUSES)
    void clientIgnoresMessagesWhileItWaitsForKeys() throws Exception {
        HandshakeState asked = clientWithMessage2(HostilePeer.server(Pair.SERVER_ID, TestKeys.pair(2), Pair.CLIENT_ID));

        assertThat(asked.onMessage(new byte[] {1})).isSameAs(asked);
        assertThat(asked.onPeerKeys(List.of(serverKey))).isInstanceOf(ExpectServerConfirm.class);
    }

    @Test
    @Rule(value = "H-2", kind = ACCEPTS)
    void clientDestroysItWhenTheHandshakeIsGivenUp() throws Exception {
        clientWithMessage2(HostilePeer.server(Pair.SERVER_ID, TestKeys.pair(2), Pair.CLIENT_ID))
                .wipe();

        assertThat(watched.isDestroyed()).isTrue();
    }

    @Test
    @Rule(value = "H-2", kind = ACCEPTS)
    void serverDestroysItAfterTheAgreement() throws Exception {
        HostilePeer client = HostilePeer.client(Pair.CLIENT_ID, TestKeys.pair(1), Pair.SERVER_ID);
        byte[] message1 = client.message1();
        byte[] message2 = message2();
        HandshakeState waiting = serverAfter(message1, message2);
        byte[] message3 = client.message3(message2);
        byte[] wrong = message3.clone();
        wrong[wrong.length - 1] ^= 1;
        HostilePeer forger = HostilePeer.client(Pair.CLIENT_ID, TestKeys.pair(1), Pair.SERVER_ID);
        forger.message1();

        assertThatThrownBy(() -> waiting.onMessage(wrong)).isInstanceOf(HandshakeException.class);
        assertThatThrownBy(() -> waiting.onMessage(forger.message3(message2))).isInstanceOf(HandshakeException.class);
        assertThat(watched.isDestroyed()).isFalse();

        assertThat(waiting.onMessage(message3)).isInstanceOf(Finished.class);
        assertThat(watched.isDestroyed()).isTrue();
    }

    @Test
    @Rule(value = "H-2", kind = ACCEPTS)
    void serverDestroysItWhenTheHandshakeIsGivenUp() throws Exception {
        HostilePeer client = HostilePeer.client(Pair.CLIENT_ID, TestKeys.pair(1), Pair.SERVER_ID);

        serverAfter(client.message1(), message2()).wipe();

        assertThat(watched.isDestroyed()).isTrue();
    }

    /** A handshake that is closed holds nothing that could be wiped: only the session secrets of its last state. */
    @Test
    @Rule(value = "M-1", kind = ACCEPTS)
    void closingWipesTheKeysOfAnUnconfirmedSession() throws Exception {
        HostilePeer server = HostilePeer.server(Pair.SERVER_ID, TestKeys.pair(2), Pair.CLIENT_ID);
        HandshakeState started = HandshakeState.client(clientSettings).start();
        HandshakeState state =
                started.onMessage(server.message2(started.outgoing())).onPeerKeys(List.of(serverKey));
        // What is 32 bytes long and unlike zeros is a key, or the expected confirmation.
        List<Supplier<byte[]>> secrets = Reachable.bytes(state).stream()
                .filter(bytes -> bytes.get().length == 32)
                .filter(bytes -> !Arrays.equals(bytes.get(), new byte[32]))
                .toList();
        assertThat(secrets).hasSizeGreaterThanOrEqualTo(3);

        state.wipe();

        assertThat(secrets).allMatch(bytes -> Arrays.equals(bytes.get(), new byte[32]));
    }

    private HandshakeState clientWithMessage2(HostilePeer server) throws Exception {
        byte[] container = KeyContainer.write(watched.key().publicKey());
        byte[] message1 =
                Introduction.write(Pair.CLIENT_ID, container, clientSettings.settings.signingKey.sign(container));
        return new ExpectConnectReply(clientSettings, watched.key(), message1).onMessage(server.message2(message1));
    }

    private byte[] message2() {
        byte[] container = KeyContainer.write(watched.key().publicKey());
        return Introduction.write(Pair.SERVER_ID, container, serverSettings.settings.signingKey.sign(container));
    }

    private HandshakeState serverAfter(byte[] message1, byte[] message2) throws Exception {
        return new ExpectClientConfirm(
                serverSettings, Introduction.parse(message1), clientKey, watched.key(), message2);
    }
}
