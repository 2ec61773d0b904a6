package dev.securesession;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.securesession.testkit.Pair;
import java.nio.ByteBuffer;

/**
 * Whatever comes in, an entry point refuses it in the way it says or takes it; nothing else is thrown.
 *
 * <p>The normal build runs the saved inputs, the profile {@code fuzz} looks for others.
 */
class EntryPointsFuzzTest {
    private static final Pair PAIR = Pair.create();

    @FuzzTest
    void publicKeys(byte[] input) {
        try {
            IdentityPublicKey key = IdentityPublicKey.decode(input);
            assertThat(IdentityPublicKey.ofX509(key.encodeX509())).isEqualTo(key);
        } catch (KeyRejectedException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
    }

    @FuzzTest
    void publicKeysOfOthers(byte[] input) {
        try {
            assertThat(IdentityPublicKey.ofX509(input).encode()).isNotEmpty();
        } catch (KeyRejectedException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
        try {
            assertThat(IdentityPublicKey.read(input).encode()).isNotEmpty();
        } catch (KeyRejectedException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
    }

    @FuzzTest
    void privateKeys(byte[] input) {
        for (PrivateKeyReader reader : new PrivateKeyReader[] {
            IdentityPrivateKey::decode, IdentityPrivateKey::ofPkcs8, IdentityPrivateKey::ofPem, IdentityPrivateKey::read
        }) {
            try {
                assertThat(reader.read(input).encodeSecret()).isNotEmpty();
            } catch (KeyRejectedException e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
        }
    }

    @FuzzTest
    void handshakeMessages(byte[] input) throws Exception {
        try (Handshake server = Handshake.server(PAIR.server());
                Handshake client = Handshake.clientAcceptingAnyKnownPeer(PAIR.client())) {
            byte[] request = client.start();
            assertRefused(client, input);
            assertRefused(server, input);
            byte[] reply = server.receive(request).message().orElseThrow();
            assertRefused(server, input);
            byte[] confirmation = client.receive(reply).message().orElseThrow();
            assertRefused(client, input);
            assertThat(server.receive(confirmation)).isInstanceOf(HandshakeStep.Established.class);
        }
    }

    @FuzzTest
    void wrappedMessages(byte[] input) throws Exception {
        Pair.Sessions sessions = PAIR.establish();
        byte[] message = input.clone();
        System.arraycopy(sessions.client().sessionId(), 0, message, 0, Math.min(4, message.length));
        for (byte[] bytes : new byte[][] {input, message}) {
            try {
                sessions.server().unwrap(bytes);
                throw new AssertionError("accepted what nobody has wrapped");
            } catch (MessageRejectedException e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
            try {
                sessions.server().unwrapInPlace(ByteBuffer.wrap(bytes.clone()));
                throw new AssertionError("accepted what nobody has wrapped");
            } catch (MessageRejectedException e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
        }
    }

    @FuzzTest
    void savedStates(byte[] input) {
        StateKey key = StateKey.of(new byte[StateKey.LENGTH]);
        try {
            SecureSession.restoreUnsealedTssc(input, PAIR.client()).close();
        } catch (StateRejectedException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
        try {
            SecureSession.restoreAcceptingAnyKnownPeer(input, key, Settings.BINDING, PAIR.client());
            throw new AssertionError("opened what nobody has sealed");
        } catch (StateRejectedException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
        try {
            Handshake.restore(input, key, Settings.BINDING, PAIR.client());
            throw new AssertionError("opened what nobody has sealed");
        } catch (StateRejectedException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
    }

    @FuzzTest
    void sealedData(byte[] input) {
        try {
            Sealer.withKey(new byte[] {1}).unseal(input);
            throw new AssertionError("opened what nobody has sealed");
        } catch (SealedDataException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
    }

    private static void assertRefused(Handshake handshake, byte[] input) {
        try {
            handshake.receive(input);
            throw new AssertionError("accepted what no peer has sent");
        } catch (HandshakeException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
    }

    private interface PrivateKeyReader {
        IdentityPrivateKey read(byte[] encoded) throws KeyRejectedException;
    }
}
