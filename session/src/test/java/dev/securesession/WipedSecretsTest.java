package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.WatchedProvider.Kind;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Mutations;
import dev.securesession.testkit.Pair;
import java.security.Key;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Our code wipes every secret that it hands to a provider or gets from one. The watcher keeps the keys and arrays
 * themselves, so a secret that was only dropped does not pass.
 */
@ParameterizedClass
@EnumSource
class WipedSecretsTest {
    private final Kept atClient = new Kept();
    private final Kept atServer = new Kept();
    private final Pair pair;
    private final StateKey stateKey = StateKey.of(random());

    WipedSecretsTest(Backend backend) {
        CryptoProviders client = backend.watchedBy(atClient);
        CryptoProviders server = backend.watchedBy(atServer);
        pair = Pair.create()
                .withClient(config -> config.withCrypto(client))
                .withServer(config -> config.withCrypto(server));
    }

    @Test
    @Rule(value = "H-2", kind = ACCEPTS)
    @Rule(value = "M-1", kind = ACCEPTS)
    void anEstablishedSessionKeepsItsMessageKeysAndNothingElse() throws Exception {
        Pair.Exchange handshake = pair.begin();
        List<byte[]> sent = List.of(handshake.message3(), handshake.message4());
        try (Pair.Sessions sessions = handshake.finish()) {
            sessions.toServer(new byte[] {1});
            sessions.toClient(new byte[] {2});

            for (Kept kept : List.of(atClient, atServer)) {
                kept.requireWiped(Kind.SHARED_SECRET, 1);
                // Of the shared secret, of the master secret, and of the derivation without a key.
                kept.requireWiped(Kind.HMAC_KEY, 7);
                kept.requireWipedUnlessIn(Kind.CODE, 7, sent);
                assertThat(kept.secrets(Kind.AES_KEY))
                        .as("the keys of an open session")
                        .hasSizeGreaterThanOrEqualTo(2)
                        .noneMatch(WipedSecretsTest::isWiped);
            }
        }
    }

    @Test
    @Rule(value = "M-1", kind = ACCEPTS)
    void aClosedSessionKeepsNothing() throws Exception {
        Pair.Sessions sessions = pair.establish();
        sessions.toServer(new byte[] {1});
        sessions.toClient(new byte[] {2});

        sessions.client().close();
        sessions.server().close();

        atClient.requireWiped(Kind.AES_KEY, 2);
        atServer.requireWiped(Kind.AES_KEY, 2);
    }

    /** The refusal wipes, not the end of the handshake: the server still waits. */
    @Test
    @Rule(value = "M-1", kind = REFUSES)
    void aRefusedConfirmationLeavesNothing() throws Exception {
        try (Pair.Exchange handshake = pair.begin()) {
            byte[] wrong = handshake.message3();
            wrong[wrong.length - 1] ^= 1;
            assertThatExceptionOfType(HandshakeException.class)
                    .isThrownBy(() -> handshake.server().receive(Mutations.repaired(wrong)))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(HandshakeException.Reason.BAD_CONFIRMATION));

            atServer.requireWiped(Kind.SHARED_SECRET, 1);
            atServer.requireWiped(Kind.HMAC_KEY, 3);
            atServer.requireWiped(Kind.CODE, 3);
        }
    }

    @Test
    @Rule(value = "M-1", kind = ACCEPTS)
    void aClientThatGivesUpBeforeTheConfirmationKeepsNothing() throws Exception {
        Pair.Exchange handshake = pair.begin();
        List<byte[]> sent = List.of(handshake.message3());
        handshake.client().earlyData().orElseThrow().wrap(new byte[] {1});
        assertThat(atClient.secrets(Kind.AES_KEY)).isNotEmpty().noneMatch(WipedSecretsTest::isWiped);

        handshake.close();

        atClient.requireWiped(Kind.SHARED_SECRET, 1);
        atClient.requireWiped(Kind.HMAC_KEY, 7);
        atClient.requireWipedUnlessIn(Kind.CODE, 7, sent);
        atClient.requireWiped(Kind.AES_KEY, 1);
    }

    /** The confirmation that the client expects is no use to anybody once it has arrived. */
    @Test
    @Rule(value = "M-1", kind = ACCEPTS)
    void theClientWipesTheConfirmationItExpected() throws Exception {
        Pair.Exchange handshake = pair.begin();
        List<byte[]> sent = List.of(handshake.message3());
        handshake.finish().close();

        atClient.requireWipedUnlessIn(Kind.CODE, 7, sent);
    }

    @Test
    @Rule(value = "S-1", kind = ACCEPTS)
    @Rule(value = "M-1", kind = ACCEPTS)
    void savingAndRestoringASessionLeavesNothing() throws Exception {
        try (Pair.Sessions sessions = pair.establish()) {
            byte[] message = sessions.client().wrap(new byte[] {1});
            byte[] state = sessions.server().suspend(stateKey, Settings.BINDING);
            SecureSession restored =
                    SecureSession.restore(state, stateKey, Settings.BINDING, pair.server(), Pair.CLIENT_ID);
            assertThat(restored.unwrap(message)).containsExactly(1);
            restored.close();
        }
        stateKey.destroy();

        atServer.requireWiped(Kind.DECRYPTED, 1);
        // Two of the sealing of the state, and one of the message.
        atServer.requireWiped(Kind.AES_KEY, 3);
        atServer.requireWiped(Kind.HMAC_KEY, 9);
    }

    @Test
    @Rule(value = "S-1", kind = REFUSES)
    void aRefusedStateLeavesNothing() throws Exception {
        try (Pair.Sessions sessions = pair.establish()) {
            byte[] state = sessions.server().suspend(stateKey, Settings.BINDING);
            PeerId stranger = PeerId.ofUtf8("stranger");
            assertThatThrownBy(() -> SecureSession.restore(state, stateKey, Settings.BINDING, pair.server(), stranger))
                    .isInstanceOf(StateRejectedException.class);
        }

        atServer.requireWiped(Kind.DECRYPTED, 1);
    }

    @Test
    @Rule(value = "S-1", kind = ACCEPTS)
    @Rule(value = "M-1", kind = ACCEPTS)
    void savingAndRestoringAHandshakeLeavesNothing() throws Exception {
        Pair.Exchange handshake = pair.begin();
        handshake.message1();
        Handshake client = moved(handshake.client(), pair.client());
        Handshake server = handshake.server();
        byte[] message2 = reply(server.receive(handshake.message1()));
        server = moved(server, pair.server());
        byte[] message3 = reply(client.receive(message2));
        client = moved(client, pair.client());
        HandshakeStep.Established atTheServer = (HandshakeStep.Established) server.receive(message3);
        byte[] message4 = atTheServer.message().orElseThrow();
        HandshakeStep.Established atTheClient = (HandshakeStep.Established) client.receive(message4);
        byte[] message = atTheClient.session().wrap(new byte[] {1});
        assertThat(atTheServer.session().unwrap(message)).containsExactly(1);
        atTheClient.session().close();
        atTheServer.session().close();
        stateKey.destroy();

        for (Kept kept : List.of(atClient, atServer)) {
            kept.requireWiped(Kind.DECRYPTED, 1);
            kept.requireWiped(Kind.SHARED_SECRET, 1);
            kept.requireWiped(Kind.HMAC_KEY, 9);
            kept.requireWiped(Kind.AES_KEY, 3);
            kept.requireWipedUnlessIn(Kind.CODE, 9, List.of(message3, message4));
        }
    }

    private Handshake moved(Handshake handshake, SessionConfig config) throws StateRejectedException {
        return Handshake.restore(handshake.suspend(stateKey, Settings.BINDING), stateKey, Settings.BINDING, config);
    }

    private static byte[] reply(HandshakeStep step) {
        return ((HandshakeStep.Reply) step).message().orElseThrow();
    }

    private static byte[] random() {
        byte[] bytes = new byte[StateKey.LENGTH];
        new SecureRandom().nextBytes(bytes);
        return bytes;
    }

    private static boolean isWiped(byte[] secret) {
        return Arrays.equals(secret, new byte[secret.length]);
    }

    /** Keeps what crosses the border to a provider. */
    private static final class Kept implements WatchedProvider.Watcher {
        private final Map<Kind, List<Key>> keys = new EnumMap<>(Kind.class);
        private final Map<Kind, List<byte[]>> arrays = new EnumMap<>(Kind.class);

        @Override
        public void generated(ECPrivateKey key) {
            // HeapSecretsTest looks for these: keys of most providers cannot be wiped, only dropped.
        }

        @Override
        public void lent(Kind kind, Key key) {
            assertThat(key.getEncoded()).as("a key at the time of its use").matches(bytes -> !isWiped(bytes));
            keys.computeIfAbsent(kind, none -> new ArrayList<>()).add(key);
        }

        @Override
        public void returned(Kind kind, byte[] bytes) {
            arrays.computeIfAbsent(kind, none -> new ArrayList<>()).add(bytes);
        }

        /** Returns what the secrets of a kind are now. */
        List<byte[]> secrets(Kind kind) {
            List<byte[]> secrets = new ArrayList<>(arrays.getOrDefault(kind, List.of()));
            keys.getOrDefault(kind, List.of()).forEach(key -> secrets.add(key.getEncoded()));
            return secrets;
        }

        void requireWiped(Kind kind, int atLeast) {
            requireWipedUnlessIn(kind, atLeast, List.of());
        }

        void requireWipedUnlessIn(Kind kind, int atLeast, List<byte[]> messages) {
            assertThat(secrets(kind))
                    .as("%s", kind)
                    .hasSizeGreaterThanOrEqualTo(atLeast)
                    .allMatch(secret ->
                            isWiped(secret) || messages.stream().anyMatch(message -> contains(message, secret)));
        }

        private static boolean contains(byte[] message, byte[] part) {
            for (int at = 0; at + part.length <= message.length; at++) {
                if (Arrays.equals(message, at, at + part.length, part, 0, part.length)) {
                    return true;
                }
            }
            return false;
        }
    }
}
