package dev.securesession;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.internal.handshake.HandshakeState;
import dev.securesession.rules.Rule;
import dev.securesession.rules.Rule.Kind;
import dev.securesession.testkit.Mutations;
import dev.securesession.testkit.Mutations.Mutation;
import dev.securesession.testkit.Pair;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * States that were sealed with the right key and hold something else than we would write: an older or newer program may
 * have written them. They are refused, or taken for what they say, but nothing else happens.
 */
class SealedGarbageTest {
    private final StateKey key = StateKey.of(new byte[StateKey.LENGTH]);
    private final Pair pair = Pair.create();

    @Test
    @Rule(value = "S-1", kind = Kind.REFUSES)
    void handshakesAreRefusedByTheirOwnExceptionOnly() throws Exception {
        for (Map.Entry<String, byte[]> state : handshakes().entrySet()) {
            SessionConfig config = state.getKey().startsWith("client") ? pair.client() : pair.server();
            int refused = 0;
            List<Mutation> mutations = Mutations.of(state.getValue());
            // A part of them will do: there are thousands for each state.
            for (int i = 0; i < mutations.size(); i += 23) {
                Mutation mutation = mutations.get(i);
                byte[] sealed = key.seal(config.suite(), StateKey.Kind.HANDSHAKE, Settings.BINDING, mutation.bytes());
                try {
                    Handshake.restore(sealed, key, Settings.BINDING, config).close();
                } catch (StateRejectedException refusal) {
                    refused++;
                } catch (RuntimeException e) {
                    throw new AssertionError(state.getKey() + ": " + mutation.name(), e);
                }
            }
            assertThat(refused).as(state.getKey()).isGreaterThan(mutations.size() / 70);
        }
    }

    @Test
    @Rule(value = "S-1", kind = Kind.REFUSES)
    void sessionsAreRefusedByTheirOwnExceptionOnly() throws Exception {
        try (Pair.Sessions sessions =
                pair.with(config -> config.withReplayWindow(64)).establish()) {
            sessions.toServer(new byte[] {1});
            byte[] state = key.unseal(
                    pair.server().suite(),
                    StateKey.Kind.SESSION,
                    Settings.BINDING,
                    sessions.server().saveCopy(key, Settings.BINDING));
            int refused = 0;
            for (Mutation mutation : Mutations.of(state)) {
                byte[] sealed =
                        key.seal(pair.server().suite(), StateKey.Kind.SESSION, Settings.BINDING, mutation.bytes());
                try {
                    SecureSession.restoreAcceptingAnyKnownPeer(sealed, key, Settings.BINDING, pair.server())
                            .close();
                } catch (StateRejectedException refusal) {
                    refused++;
                } catch (RuntimeException e) {
                    throw new AssertionError(mutation.name(), e);
                }
            }
            assertThat(refused).isGreaterThan(state.length);
        }
    }

    /** The plain states of each stage. */
    private Map<String, byte[]> handshakes() throws Exception {
        Map<String, byte[]> states = new LinkedHashMap<>();
        HandshakeState client = HandshakeState.client(Settings.of(pair.client()));
        HandshakeState server = HandshakeState.server(Settings.of(pair.server()));
        states.put("client before message 1", client.save().write());
        states.put("server before message 1", server.save().write());
        client = client.start();
        states.put("client after message 1", client.save().write());
        server = server.onMessage(client.outgoing());
        states.put("server that needs a key", server.save().write());
        server = server.onPeerKeys(List.of(pair.client().identity().publicKey().key()));
        states.put("server after message 2", server.save().write());
        client = client.onMessage(server.outgoing());
        states.put("client that needs a key", client.save().write());
        client = client.onPeerKeys(List.of(pair.server().identity().publicKey().key()));
        states.put("client after message 3", client.save().write());
        return states;
    }
}
