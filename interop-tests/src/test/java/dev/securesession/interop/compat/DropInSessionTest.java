package dev.securesession.interop.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.cossacklabs.themis.ITransportSessionCallbacks;
import com.cossacklabs.themis.Keypair;
import com.cossacklabs.themis.KeypairGenerator;
import com.cossacklabs.themis.PrivateKey;
import com.cossacklabs.themis.PublicKey;
import com.cossacklabs.themis.SecureSession;
import com.cossacklabs.themis.SecureSession.SessionDataType;
import com.cossacklabs.themis.SecureSession.State;
import com.cossacklabs.themis.SecureSession.UnwrapResult;
import com.cossacklabs.themis.SecureSessionException;
import com.cossacklabs.themis.SecureTransportSession;
import dev.securesession.interop.ForeignPeer;
import dev.securesession.interop.ReferencePeer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sessions of the drop-in with the foreign peer. */
@ExtendWith(ReferencePeer.class)
@SuppressWarnings("deprecation")
class DropInSessionTest {
    private static final String OURS = "ours";
    private static final String THEIRS = "theirs";

    private final Keypair ourKeys = KeypairGenerator.generateKeypair();
    private final List<String> events = new ArrayList<>();

    /** The encoding of the ids of both ends. */
    enum Ids {
        TEXT(StandardCharsets.UTF_16),
        BYTES(StandardCharsets.UTF_8);

        private final Charset charset;

        Ids(Charset charset) {
            this.charset = charset;
        }

        byte[] of(String name) {
            return name.getBytes(charset);
        }
    }

    @ParameterizedTest
    @EnumSource
    void isTheClient(Ids ids, ForeignPeer peer) throws Exception {
        Ends ends = new Ends(ids, peer);
        ends.connectAsClient();

        assertThat(events).containsExactly("NEGOTIATING", "key of " + THEIRS, "ESTABLISHED");
        assertThat(ends.theirs.remote()).isEqualTo(ids.of(OURS));
        assertExchange(ends.ours, ends.theirs);
    }

    @ParameterizedTest
    @EnumSource
    void isTheServer(Ids ids, ForeignPeer peer) throws Exception {
        Ends ends = new Ends(ids, peer);
        ends.acceptAsServer();

        assertThat(events).containsExactly("key of " + THEIRS, "NEGOTIATING", "ESTABLISHED");
        assertThat(ends.theirs.remote()).isEqualTo(ids.of(OURS));
        assertExchange(ends.ours, ends.theirs);
    }

    @Test
    void usesKeysOfTheForeignPeer(ForeignPeer peer) throws Exception {
        ForeignPeer.Keys made = peer.generate();
        Ends ends =
                new Ends(Ids.TEXT, peer, new Keypair(new PrivateKey(made.privateKey), new PublicKey(made.publicKey)));
        ends.connectAsClient();

        assertExchange(ends.ours, ends.theirs);
    }

    @Test
    void doesTheHandshakeByCallbacksAsClient(ForeignPeer peer) throws Exception {
        Ends ends = new Ends(Ids.BYTES, peer);
        SecureTransportSession ours = ends.byCallbacks(message -> ends.theirs.reply(message));
        ours.connect();
        while (!ours.isEstablished()) {
            assertThat(ours.read()).isEmpty();
        }

        assertExchange(ours, ends.theirs);
    }

    @Test
    void doesTheHandshakeByCallbacksAsServer(ForeignPeer peer) throws Exception {
        Ends ends = new Ends(Ids.BYTES, peer);
        SecureTransportSession ours = ends.byCallbacks(message -> ends.theirs.reply(message));
        ends.incoming.add(ends.theirs.request());
        while (!ours.isEstablished()) {
            assertThat(ours.read()).isEmpty();
        }

        assertThat(ends.theirs.isEstablished()).isTrue();
        assertExchange(ours, ends.theirs);
    }

    @Test
    void goesOnAtTheForeignPeer(ForeignPeer peer) throws Exception {
        Ends ends = new Ends(Ids.TEXT, peer);
        ends.connectAsClient();
        assertExchange(ends.ours, ends.theirs);
        ForeignPeer.Session moved = peer.load(ends.ours.save());
        ends.ours.close();

        assertThat(moved.unwrap(ends.theirs.wrap(bytes("whoever you are")))).isEqualTo(bytes("whoever you are"));
        assertThat(ends.theirs.unwrap(moved.wrap(bytes("still me")))).isEqualTo(bytes("still me"));
    }

    @Test
    void goesOnFromTheForeignPeer(ForeignPeer peer) throws Exception {
        Ends ends = new Ends(Ids.TEXT, peer);
        ends.acceptAsServer();
        assertExchange(ends.ours, ends.theirs);
        SecureSession moved = SecureSession.restore(ends.theirs.save(), null);
        ends.theirs.close();

        assertThat(moved.isEstablished()).isTrue();
        assertThat(moved.getState()).isEqualTo(State.IDLE);
        assertThat(moved.unwrap(ends.ours.wrap(bytes("question"))).getData()).isEqualTo(bytes("question"));
        assertThat(ends.ours.unwrap(moved.wrap(bytes("answer"))).getData()).isEqualTo(bytes("answer"));
    }

    @Test
    void refusesReplaysAndDamage(ForeignPeer peer) throws Exception {
        Ends ends = new Ends(Ids.TEXT, peer);
        ends.acceptAsServer();
        byte[] message = ends.theirs.wrap(bytes("once"));
        byte[] damaged = message.clone();
        damaged[damaged.length - 1] ^= 1;

        assertThatExceptionOfType(SecureSessionException.class).isThrownBy(() -> ends.ours.unwrap(damaged));
        assertThat(ends.ours.unwrap(message).getData()).isEqualTo(bytes("once"));
        assertThatExceptionOfType(SecureSessionException.class).isThrownBy(() -> ends.ours.unwrap(message));
    }

    private static void assertExchange(SecureSession ours, ForeignPeer.Session theirs) throws Exception {
        for (int length : new int[] {1, 1024, 65_483, 100_000}) {
            byte[] payload = new byte[length];
            payload[length - 1] = 1;

            assertThat(theirs.unwrap(ours.wrap(payload))).isEqualTo(payload);
            UnwrapResult result = ours.unwrap(theirs.wrap(payload));
            assertThat(result.getDataType()).isEqualTo(SessionDataType.USER_DATA);
            assertThat(result.getData()).isEqualTo(payload);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** One end of the drop-in and one of the foreign peer. */
    private final class Ends {
        final Deque<byte[]> incoming = new ArrayDeque<>();
        final Ids ids;
        final Keypair ownKeys;
        final PublicKey theirKey;
        final ForeignPeer.Session theirs;
        final SecureSession ours;

        Ends(Ids ids, ForeignPeer peer) {
            this(ids, peer, ourKeys);
        }

        Ends(Ids ids, ForeignPeer peer, Keypair ownKeys) {
            ForeignPeer.Keys theirKeys = peer.generate();
            this.ids = ids;
            this.ownKeys = ownKeys;
            this.theirKey = new PublicKey(theirKeys.publicKey);
            peer.know(ids.of(OURS), ownKeys.getPublicKey().toByteArray());
            this.theirs = peer.open(ids.of(THEIRS), theirKeys.privateKey);
            this.ours = ids == Ids.TEXT
                    ? new SecureSession(OURS, ownKeys.getPrivateKey(), callbacks(message -> new byte[0]))
                    : new SecureSession(ids.of(OURS), ownKeys.getPrivateKey(), callbacks(message -> new byte[0]));
        }

        SecureTransportSession byCallbacks(Carrier carrier) {
            return new SecureTransportSession(ids.of(OURS), ownKeys.getPrivateKey(), callbacks(carrier));
        }

        void connectAsClient() throws SecureSessionException {
            byte[] second = theirs.reply(ours.generateConnectRequest());
            byte[] fourth = theirs.reply(ours.unwrap(second).getData());
            UnwrapResult done = ours.unwrap(fourth);
            assertThat(done.getDataType()).isEqualTo(SessionDataType.NO_DATA);
        }

        void acceptAsServer() throws SecureSessionException {
            byte[] third = theirs.reply(ours.unwrap(theirs.request()).getData());
            assertThat(theirs.reply(ours.unwrap(third).getData())).isEmpty();
            assertThat(theirs.isEstablished()).isTrue();
        }

        private ITransportSessionCallbacks callbacks(Carrier carrier) {
            return new ITransportSessionCallbacks() {
                @Override
                public PublicKey getPublicKeyForId(SecureSession session, byte[] id) {
                    events.add("key of " + new String(id, ids.charset));
                    return theirKey;
                }

                @Override
                public void stateChanged(SecureSession session) {
                    events.add(session.getState().toString());
                }

                @Override
                public void write(byte[] wrappedData) {
                    byte[] answer = carrier.answer(wrappedData);
                    if (answer.length > 0) {
                        incoming.add(answer);
                    }
                }

                @Override
                public byte[] read() {
                    return incoming.remove();
                }
            };
        }
    }

    /** Delivers a message to the other end and returns its answer, empty if there is none. */
    private interface Carrier {
        byte[] answer(byte[] message);
    }
}
