package com.cossacklabs.themis;

import static com.cossacklabs.themis.Peers.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cossacklabs.themis.Peers.End;
import com.cossacklabs.themis.SecureSession.SessionDataType;
import com.cossacklabs.themis.SecureSession.State;
import com.cossacklabs.themis.SecureSession.UnwrapResult;
import dev.securesession.CryptoProviders;
import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.KeyRejectedException;
import dev.securesession.MessageRejectedException;
import dev.securesession.compat.DropInProviders;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.Provider;
import java.security.ProviderException;
import java.security.Security;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@SuppressWarnings("deprecation")
@Timeout(60)
class SecureSessionTest {
    private final Peers peers = new Peers();
    private final End client = peers.client;
    private final End server = peers.server;

    // Construction

    @Test
    void requiresAnId() {
        PrivateKey key = peers.clientKeys.getPrivateKey();

        assertThatExceptionOfType(NullArgumentException.class)
                .isThrownBy(() -> new SecureSession((byte[]) null, key, client));
        assertThatExceptionOfType(NullArgumentException.class)
                .isThrownBy(() -> new SecureSession((String) null, key, client));
        assertThatExceptionOfType(InvalidArgumentException.class)
                .isThrownBy(() -> new SecureSession(new byte[0], key, client));
        assertThatExceptionOfType(InvalidArgumentException.class).isThrownBy(() -> new SecureSession("", key, client));
    }

    /** A key keeps the configuration of its last session: a session with another id has one of its own. */
    @Test
    void keyServesSeveralIds() throws Exception {
        PrivateKey key = peers.clientKeys.getPrivateKey();
        for (String id : new String[] {"first", "second", "first"}) {
            SecureSession session = new SecureSession(bytes(id), key, client);
            byte[] request = session.generateConnectRequest();

            assertThat(new String(request, StandardCharsets.ISO_8859_1)).contains(id);
            session.close();
        }
    }

    @Test
    void requiresAKey() {
        assertThatExceptionOfType(NullPointerException.class)
                .isThrownBy(() -> new SecureSession(bytes("id"), null, client));
    }

    @Test
    void refusesKeysThatCannotSign() {
        for (byte[] unfit :
                new byte[][] {peers.clientKeys.getPublicKey().toByteArray(), rsaKey(), bytes("garbage"), {0}}) {
            assertThatThrownBy(() -> new SecureSession(bytes("id"), new PrivateKey(unfit), client))
                    .isExactlyInstanceOf(RuntimeException.class)
                    .hasMessage("failed to create Secure Session")
                    .hasCauseExactlyInstanceOf(SecureSessionException.class)
                    .cause()
                    .hasCauseInstanceOf(KeyRejectedException.class);
        }
    }

    @Test
    void saysWhyAnRsaKeyIsRefused() {
        assertThatThrownBy(() -> new SecureSession(bytes("id"), new PrivateKey(rsaKey()), client))
                .cause()
                .cause()
                .hasMessageContaining("RSA");
    }

    /** Recorded as FE FF and big-endian UTF-16. */
    @Test
    void sendsTextIdsAsUtf16WithMark() throws Exception {
        SecureSession named = new SecureSession("client", peers.clientKeys.getPrivateKey(), client);
        byte[][] asked = new byte[1][];
        server.lookup = (session, id) -> {
            asked[0] = id;
            return null;
        };
        byte[] request = named.generateConnectRequest();

        assertRefused(() -> server.session.unwrap(request));
        assertThat(HexFormat.of().formatHex(asked[0])).isEqualTo("feff0063006c00690065006e0074");
    }

    @Test
    void acceptsToHaveNoCallbacksAndThenRefusesEveryPeer() throws Exception {
        SecureSession alone = new SecureSession(bytes("alone"), peers.clientKeys.getPrivateKey(), null);
        byte[] answer = server.session.unwrap(alone.generateConnectRequest()).getData();

        assertThat(alone.getState()).isEqualTo(State.NEGOTIATING);
        assertRefused(() -> alone.unwrap(answer));
    }

    @Test
    void copiesItsArguments() throws Exception {
        byte[] key = peers.clientKeys.getPrivateKey().toByteArray();
        byte[] id = bytes("client");
        PrivateKey copied = new PrivateKey(key);
        SecureSession session = new SecureSession(id, copied, client);
        Arrays.fill(key, (byte) 0);
        Arrays.fill(id, (byte) 0);

        assertThat(server.session.unwrap(session.generateConnectRequest()).getDataType())
                .isEqualTo(SessionDataType.PROTOCOL_DATA);
        assertThat(server.events.get(0)).isEqualTo("key of client");
    }

    // Handshake

    @Test
    void tellsEventsInsideTheCallsThatCauseThem() throws Exception {
        byte[] first = client.session.generateConnectRequest();
        assertThat(client.events).containsExactly("NEGOTIATING false");

        UnwrapResult second = server.session.unwrap(first);
        assertThat(second.getDataType()).isEqualTo(SessionDataType.PROTOCOL_DATA);
        assertThat(server.events).containsExactly("key of client", "NEGOTIATING false");

        UnwrapResult third = client.session.unwrap(second.getData());
        assertThat(third.getDataType()).isEqualTo(SessionDataType.PROTOCOL_DATA);
        assertThat(client.events).containsExactly("NEGOTIATING false", "key of server");
        assertThat(client.session.isEstablished()).isFalse();

        UnwrapResult fourth = server.session.unwrap(third.getData());
        assertThat(fourth.getDataType()).isEqualTo(SessionDataType.PROTOCOL_DATA);
        assertThat(server.events).endsWith("ESTABLISHED true").hasSize(3);

        UnwrapResult done = client.session.unwrap(fourth.getData());
        assertThat(done.getDataType()).isEqualTo(SessionDataType.NO_DATA);
        assertThat(done.getData()).isEmpty();
        assertThat(client.events).endsWith("ESTABLISHED true").hasSize(3);
        assertThat(client.session.getState()).isEqualTo(State.ESTABLISHED);
    }

    @Test
    void givesOutTheSameRequestAgain() {
        byte[] request = client.session.generateConnectRequest();

        assertThat(client.session.generateConnectRequest()).isEqualTo(request);
        assertThat(client.events).containsExactly("NEGOTIATING false");
    }

    @Test
    void makesNoRequestAsServer() throws Exception {
        server.session.unwrap(client.session.generateConnectRequest());
        assertCannotConnect(server.session);
    }

    @Test
    void establishedServerMakesNoRequest() throws Exception {
        peers.establish();

        assertCannotConnect(server.session);
        assertThat(server.session.unwrap(client.session.wrap(bytes("on"))).getData())
                .isEqualTo(bytes("on"));
    }

    @Test
    void clientBeginsAnewWhenMessageThreeWasLost() throws Exception {
        byte[] first = client.session.generateConnectRequest();
        client.session.unwrap(server.session.unwrap(first).getData());

        byte[] again = client.session.generateConnectRequest();

        assertThat(again).as("new keys").isNotEqualTo(first);
        assertConnects(again);
    }

    @Test
    void clientConnectsToAFreshServer() throws Exception {
        peers.establish();
        byte[] before = server.session.wrap(bytes("of the session before"));
        client.events.clear();

        byte[] again = client.session.generateConnectRequest();

        assertThat(client.session.isEstablished()).isFalse();
        assertThat(client.events).containsExactly("NEGOTIATING false");
        assertNotWrapped(() -> client.session.wrap(bytes("too early")));
        assertConnects(again);
        assertRefused(() -> client.session.unwrap(before));
    }

    /** A stranger can make such a message, so it must not end a session. */
    @Test
    void establishedServerKeepsItsSessionWhenSomeoneConnectsAnew() throws Exception {
        peers.establish();
        byte[] message = client.session.wrap(bytes("still there"));

        assertRefused(() -> server.session.unwrap(client.session.generateConnectRequest()));
        assertThat(server.session.unwrap(message).getData()).isEqualTo(bytes("still there"));
    }

    /** Runs the rest of a handshake with a server object that is new. */
    private void assertConnects(byte[] request) throws Exception {
        Peers.End fresh = new Peers.End("server", peers.serverKeys, peers.clientKeys.getPublicKey());
        byte[] third =
                client.session.unwrap(fresh.session.unwrap(request).getData()).getData();
        client.session.unwrap(fresh.session.unwrap(third).getData());

        assertThat(client.session.isEstablished()).isTrue();
        assertThat(fresh.session.unwrap(client.session.wrap(bytes("again"))).getData())
                .isEqualTo(bytes("again"));
    }

    @Test
    void canStillBecomeClientAfterARefusedMessage() throws Exception {
        assertRefused(() -> client.session.unwrap(bytes("nothing of the kind")));
        assertThat(client.session.getState()).isEqualTo(State.IDLE);

        peers.establish();

        assertThat(client.session.isEstablished()).isTrue();
    }

    @Test
    void toleratesZerosBehindHandshakeMessages() throws Exception {
        byte[] request = client.session.generateConnectRequest();

        assertThat(server.session
                        .unwrap(Arrays.copyOf(request, request.length + 3))
                        .getDataType())
                .isEqualTo(SessionDataType.PROTOCOL_DATA);
    }

    @Test
    void refusedMessageChangesNothing() throws Exception {
        byte[] first = client.session.generateConnectRequest();
        assertRefused(() -> server.session.unwrap(Peers.altered(first, first.length - 1)));
        byte[] second = server.session.unwrap(first).getData();
        assertRefused(() -> client.session.unwrap(Peers.altered(second, second.length - 1)));
        byte[] third = client.session.unwrap(second).getData();
        assertRefused(() -> server.session.unwrap(Peers.altered(third, third.length - 1)));
        byte[] fourth = server.session.unwrap(third).getData();
        assertRefused(() -> client.session.unwrap(Peers.altered(fourth, fourth.length - 1)));

        assertThat(client.session.unwrap(fourth).getDataType()).isEqualTo(SessionDataType.NO_DATA);
    }

    // The key callback

    @Test
    void callbackThatReturnsNullRefusesThePeerForNow() throws Exception {
        Peers.Lookup knowing = server.lookup;
        server.lookup = (session, id) -> null;
        byte[] request = client.session.generateConnectRequest();

        assertThatThrownBy(() -> server.session.unwrap(request))
                .isInstanceOf(SecureSessionException.class)
                .hasMessage("Secure Session failed to unwrap data")
                .cause()
                .isInstanceOfSatisfying(
                        HandshakeException.class,
                        e -> assertThat(e.reason()).isEqualTo(HandshakeException.Reason.UNKNOWN_PEER));
        assertThat(server.session.getState()).isEqualTo(State.IDLE);

        server.lookup = knowing;
        assertThat(server.session.unwrap(request).getDataType()).isEqualTo(SessionDataType.PROTOCOL_DATA);
    }

    @Test
    void whatTheCallbackThrowsComesOutAsItIs() throws Exception {
        Peers.Lookup knowing = client.lookup;
        RuntimeException thrown = new IllegalStateException("the database is away");
        client.lookup = (session, id) -> {
            throw thrown;
        };
        byte[] answer =
                server.session.unwrap(client.session.generateConnectRequest()).getData();

        assertThatThrownBy(() -> client.session.unwrap(answer)).isSameAs(thrown);

        client.lookup = knowing;
        assertThat(client.session.unwrap(answer).getDataType()).isEqualTo(SessionDataType.PROTOCOL_DATA);
    }

    @Test
    void refusesKeysOfTheCallbackThatAreNone() throws Exception {
        server.lookup = (session, id) -> new PublicKey(bytes("garbage"));
        byte[] request = client.session.generateConnectRequest();
        assertThatThrownBy(() -> server.session.unwrap(request))
                .isInstanceOf(SecureSessionException.class)
                .hasCauseInstanceOf(KeyRejectedException.class);

        server.lookup = (session, id) -> peers.serverKeys.getPublicKey();
        assertRefused(() -> server.session.unwrap(request));

        server.lookup = (session, id) -> peers.clientKeys.getPublicKey();
        assertThat(server.session.unwrap(request).getDataType()).isEqualTo(SessionDataType.PROTOCOL_DATA);
    }

    @Test
    void refusesCallsThatTheCallbackMakesOutOfTurn() throws Exception {
        byte[] request = client.session.generateConnectRequest();
        server.lookup = (session, id) -> {
            assertRefused(() -> session.unwrap(request));
            assertCannotConnect(session);
            return peers.clientKeys.getPublicKey();
        };

        assertThat(server.session.unwrap(request).getDataType()).isEqualTo(SessionDataType.PROTOCOL_DATA);
    }

    @Test
    void whatTheListenerThrowsComesOutAndTheChangeRemains() throws Exception {
        RuntimeException thrown = new IllegalArgumentException("not now");
        client.change = session -> {
            throw thrown;
        };

        assertThatThrownBy(client.session::generateConnectRequest).isSameAs(thrown);
        assertThat(client.session.getState()).isEqualTo(State.NEGOTIATING);

        client.change = session -> {};
        peers.establish();
    }

    @Test
    void listenerCanUseTheSessionAtOnce() throws Exception {
        byte[][] early = new byte[1][];
        server.change = session -> {
            if (session.getState() == State.ESTABLISHED) {
                early[0] = wrapped(session);
            }
        };
        peers.establish();

        assertThat(client.session.unwrap(early[0]).getData()).isEqualTo(bytes("early"));
    }

    /** Stricter than the original (PROTOCOL.md H-6). */
    @Test
    void refusesAPeerWithOurOwnIdAndKey() {
        SecureSession self = new SecureSession(bytes("server"), peers.serverKeys.getPrivateKey(), client);
        server.lookup = (session, id) -> peers.serverKeys.getPublicKey();
        byte[] request = self.generateConnectRequest();

        assertRefused(() -> server.session.unwrap(request));
    }

    // Data

    @Test
    void movesPayloadsBothWays() throws Exception {
        peers.establish();

        UnwrapResult there = server.session.unwrap(client.session.wrap(bytes("question")));
        UnwrapResult back = client.session.unwrap(server.session.wrap(bytes("answer")));

        assertThat(there.getDataType()).isEqualTo(SessionDataType.USER_DATA);
        assertThat(there.getData()).isEqualTo(bytes("question"));
        assertThat(back.getData()).isEqualTo(bytes("answer"));
    }

    @Test
    void refusesDataBeforeItIsEstablished() throws Exception {
        assertNotWrapped(() -> client.session.wrap(bytes("early")));
        byte[] second =
                server.session.unwrap(client.session.generateConnectRequest()).getData();
        byte[] fourth =
                server.session.unwrap(client.session.unwrap(second).getData()).getData();
        byte[] data = server.session.wrap(bytes("too early for the client"));

        assertNotWrapped(() -> client.session.wrap(bytes("early")));
        assertNotWrapped(() -> client.session.wrap(ByteBuffer.wrap(bytes("early")), ByteBuffer.allocate(100)));
        assertRefused(() -> client.session.unwrap(data));

        client.session.unwrap(fourth);
        assertThat(client.session.unwrap(data).getData()).isEqualTo(bytes("too early for the client"));
    }

    @Test
    void refusesReplays() throws Exception {
        peers.establish();
        byte[] message = client.session.wrap(bytes("once"));
        server.session.unwrap(message);

        assertThatThrownBy(() -> server.session.unwrap(message))
                .isInstanceOf(SecureSessionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        MessageRejectedException.class,
                        e -> assertThat(e.reason()).isEqualTo(MessageRejectedException.Reason.REPLAYED));
    }

    @Test
    void acceptsMessagesInAnyOrder() throws Exception {
        peers.establish();
        byte[] one = client.session.wrap(bytes("1"));
        byte[] two = client.session.wrap(bytes("2"));

        assertThat(server.session.unwrap(two).getData()).isEqualTo(bytes("2"));
        assertThat(server.session.unwrap(one).getData()).isEqualTo(bytes("1"));
    }

    @Test
    void acceptsOnlyTheNextMessageOnceOrderIsRequired() throws Exception {
        peers.establish();
        server.session.requireOrder();
        assertThat(server.session.unwrap(client.session.wrap(bytes("next"))).getData())
                .isEqualTo(bytes("next"));
        client.session.wrap(bytes("lost"));
        byte[] later = client.session.wrap(bytes("later"));

        assertRefused(() -> server.session.unwrap(later));
    }

    @Test
    void aNewHandshakeWipesTheOneThatItReplaces() throws Exception {
        client.session.unwrap(
                server.session.unwrap(client.session.generateConnectRequest()).getData());
        Handshake before = (Handshake) fieldOf(client.session, "handshake");

        client.session.generateConnectRequest();

        assertThat(fieldOf(client.session, "handshake")).isNotSameAs(before);
        assertClosed(before);
    }

    @Test
    void aNewHandshakeWipesTheSessionThatItReplaces() throws Exception {
        peers.establish();
        Object before = fieldOf(client.session, "session");

        client.session.generateConnectRequest();

        assertThat(((dev.securesession.SecureSession) before).isClosed()).isTrue();
    }

    /** Another thread closes when the call has looked whether the session is closed, and before the handshake is a field. */
    @Test
    void aHandshakeThatBeginsDuringCloseIsWiped() throws Exception {
        CryptoProviders before = DropInProviders.current();
        WatchedCurves curves = new WatchedCurves();
        DropInProviders.use(CryptoProviders.platform().withEc(curves));
        try {
            SecureSession session = new Peers().client.session;
            curves.whenAsked("KeyPairGenerator", session::close);

            assertThatIllegalStateException()
                    .isThrownBy(session::generateConnectRequest)
                    .withMessage("Secure Session is closed");
            assertClosed((Handshake) fieldOf(session, "handshake"));
        } finally {
            DropInProviders.use(before);
        }
    }

    /** The same at the end of a handshake: the session is there only after close has looked for one. */
    @Test
    void aSessionThatIsEstablishedDuringCloseIsWiped() throws Exception {
        CryptoProviders before = DropInProviders.current();
        WatchedCurves curves = new WatchedCurves();
        DropInProviders.use(CryptoProviders.platform().withEc(curves).withMac(curves));
        try {
            Peers closing = new Peers();
            SecureSession session = closing.server.session;
            byte[] answer = session.unwrap(closing.client.session.generateConnectRequest())
                    .getData();
            byte[] message3 = closing.client.session.unwrap(answer).getData();
            curves.whenAsked("Mac", session::close);

            assertThatIllegalStateException()
                    .isThrownBy(() -> session.unwrap(message3))
                    .withMessage("Secure Session is closed");
            Object established = fieldOf(session, "session");
            assertThat(((dev.securesession.SecureSession) established).isClosed())
                    .isTrue();
        } finally {
            DropInProviders.use(before);
        }
    }

    private static void assertClosed(Handshake handshake) {
        assertThatIllegalStateException()
                .isThrownBy(() -> handshake.receive(new byte[0]))
                .withMessage("the handshake is closed");
    }

    /** Nothing else shows what became of an object that was replaced. */
    private static Object fieldOf(SecureSession session, String name) throws ReflectiveOperationException {
        Field field = SecureSession.class.getDeclaredField(name);
        field.setAccessible(true);
        return field.get(session);
    }

    /** A new handshake that cannot begin leaves the session as it was. */
    @Test
    void aFailedRequestLeavesTheSessionEstablished() throws Exception {
        CryptoProviders before = DropInProviders.current();
        WatchedCurves curves = new WatchedCurves();
        DropInProviders.use(CryptoProviders.platform().withEc(curves));
        try {
            Peers failing = new Peers().establish();
            SecureSession session = failing.client.session;
            curves.whenAsked("KeyPairGenerator", SecureSessionTest::fail);

            assertThatThrownBy(session::generateConnectRequest)
                    .isExactlyInstanceOf(RuntimeException.class)
                    .hasMessage("Secure Session cannot generate connection request");

            assertThat(session.isEstablished()).isTrue();
            assertThat(failing.server
                            .session
                            .unwrap(session.wrap(bytes("still")))
                            .getData())
                    .isEqualTo(bytes("still"));
            curves.whenAsked("KeyPairGenerator", () -> {});
            assertThat(session.generateConnectRequest()).isNotEmpty();
        } finally {
            DropInProviders.use(before);
        }
    }

    @Test
    void restoredSessionsUseTheProvidersOfTheMoment() throws Exception {
        peers.establish();
        byte[] state = client.session.save();
        SecureSession.restore(state, client).close();
        CryptoProviders before = DropInProviders.current();
        WatchedCurves curves = new WatchedCurves();
        DropInProviders.use(CryptoProviders.platform().withEc(curves).withMac(curves));
        try {
            curves.whenAsked("Mac", SecureSessionTest::fail);

            assertThatThrownBy(() -> SecureSession.restore(state, client)).hasMessageContaining("not today");
        } finally {
            DropInProviders.use(before);
        }
    }

    private static void fail() {
        throw new ProviderException("not today");
    }

    /** The algorithms of the platform, and an action that runs each time an algorithm of one type is asked for. */
    private static final class WatchedCurves extends Provider {
        private static final long serialVersionUID = 1L;

        private String watched = "";
        private transient Runnable action = () -> {};

        WatchedCurves() {
            super("WatchedCurves", "1", "curves for tests");
        }

        void whenAsked(String type, Runnable newAction) {
            watched = type;
            action = newAction;
        }

        @Override
        public Service getService(String type, String algorithm) {
            if (type.equals(watched)) {
                action.run();
            }
            for (Provider provider : Security.getProviders()) {
                Service service = provider.getService(type, algorithm);
                if (service != null) {
                    return service;
                }
            }
            return null;
        }
    }

    @Test
    void refusesEmptyPayloadsAndChangedMessages() throws Exception {
        peers.establish();
        byte[] message = client.session.wrap(bytes("payload"));

        assertNotWrapped(() -> client.session.wrap(new byte[0]));
        assertRefused(() -> server.session.unwrap(Peers.altered(message, message.length - 1)));
        assertRefused(() -> server.session.unwrap(new byte[0]));
        assertThat(server.session.unwrap(message).getData()).isEqualTo(bytes("payload"));
    }

    @Test
    void requiresArguments() {
        assertThatExceptionOfType(NullArgumentException.class).isThrownBy(() -> client.session.wrap(null));
        assertThatExceptionOfType(NullArgumentException.class).isThrownBy(() -> client.session.unwrap(null));
        assertThatExceptionOfType(NullArgumentException.class).isThrownBy(() -> SecureSession.restore(null, client));
    }

    // Saved sessions

    @Test
    void savesNothingBeforeItIsEstablished() {
        assertThatThrownBy(client.session::save)
                .isExactlyInstanceOf(RuntimeException.class)
                .cause()
                .isExactlyInstanceOf(SecureSessionException.class)
                .hasMessage("failed to serialize Secure Session");
    }

    @Test
    void goesOnAfterBeingRestored() throws Exception {
        peers.establish();
        server.session.unwrap(client.session.wrap(bytes("before")));
        byte[] state = client.session.save();
        client.session.close();
        client.events.clear();
        SecureSession restored = SecureSession.restore(state, client);

        assertThat(state).hasSize(60).startsWith(bytes("TSSC"));
        assertThat(restored.isEstablished()).isTrue();
        assertThat(restored.getState()).isEqualTo(State.IDLE);
        assertThat(server.session.unwrap(restored.wrap(bytes("after"))).getData())
                .isEqualTo(bytes("after"));
        assertThat(restored.unwrap(server.session.wrap(bytes("answer"))).getData())
                .isEqualTo(bytes("answer"));
        assertThat(restored.save()).hasSize(60);
        assertThat(client.events).isEmpty();
        assertCannotConnect(restored);
    }

    @Test
    void restoresNoNonsense() throws Exception {
        peers.establish();
        byte[] state = client.session.save();

        for (byte[] nonsense : new byte[][] {{}, new byte[60], Arrays.copyOf(state, 59), Peers.altered(state, 40)}) {
            assertThatThrownBy(() -> SecureSession.restore(nonsense, client))
                    .isInstanceOf(SecureSessionException.class)
                    .hasMessage("failed to restore Secure Session");
        }
    }

    // Closing

    @Test
    void answersNothingAfterItWasClosed() throws Exception {
        peers.establish();
        byte[] message = server.session.wrap(bytes("late"));
        client.session.close();
        client.session.close();

        for (ThrowingCallable call : new ThrowingCallable[] {
            () -> client.session.generateConnectRequest(),
            () -> client.session.wrap(bytes("late")),
            () -> client.session.wrap(null),
            () -> client.session.wrap(ByteBuffer.wrap(bytes("late")), ByteBuffer.allocate(100)),
            () -> client.session.unwrap(message),
            () -> client.session.unwrap(null),
            () -> client.session.isEstablished(),
            () -> client.session.save(),
        }) {
            assertThatIllegalStateException().isThrownBy(call).withMessage("Secure Session is closed");
        }
        assertThat(client.session.getState()).isEqualTo(State.ESTABLISHED);
    }

    @Test
    void closesInEveryState() throws Exception {
        new SecureSession(bytes("idle"), peers.clientKeys.getPrivateKey(), client).close();
        byte[] answer =
                server.session.unwrap(client.session.generateConnectRequest()).getData();
        client.session.close();

        assertThatIllegalStateException().isThrownBy(() -> client.session.unwrap(answer));
        assertThat(client.session.getState()).isEqualTo(State.NEGOTIATING);
    }

    @Test
    void callbackCanCloseTheSession() throws Exception {
        byte[] request = client.session.generateConnectRequest();
        server.lookup = (session, id) -> {
            session.close();
            return peers.clientKeys.getPublicKey();
        };

        assertThatIllegalStateException()
                .isThrownBy(() -> server.session.unwrap(request))
                .withMessage("Secure Session is closed");
    }

    /** Another thread closes while the callback holds the lock: it does not wait, and no keys come of it. */
    @Test
    void closesWithoutWaitingForARunningCallback() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        server.lookup = (session, id) -> {
            asked.countDown();
            assertThatCode(() -> assertThat(closed.await(30, TimeUnit.SECONDS)).isTrue())
                    .doesNotThrowAnyException();
            return peers.clientKeys.getPublicKey();
        };
        byte[] request = client.session.generateConnectRequest();
        FutureTask<UnwrapResult> unwrapping = new FutureTask<>(() -> server.session.unwrap(request));
        new Thread(unwrapping).start();
        assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
        server.session.close();
        closed.countDown();

        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(unwrapping::get)
                .withRootCauseInstanceOf(IllegalStateException.class)
                .withStackTraceContaining("Secure Session is closed");
    }

    @Test
    void closesWhileOthersWrap() throws Exception {
        peers.establish();
        CountDownLatch wrapped = new CountDownLatch(1);
        FutureTask<Void> wrapping = new FutureTask<>(() -> {
            while (true) {
                client.session.wrap(bytes("again"));
                wrapped.countDown();
            }
        });
        new Thread(wrapping).start();
        assertThat(wrapped.await(30, TimeUnit.SECONDS)).isTrue();
        client.session.close();

        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(wrapping::get)
                .withCauseExactlyInstanceOf(IllegalStateException.class)
                .withMessageContaining("Secure Session is closed");
    }

    @Test
    void finalizingCloses() throws Exception {
        peers.establish();
        client.session.finalize();

        assertThatIllegalStateException().isThrownBy(client.session::isEstablished);
    }

    @Test
    void namesDataTypesByNumber() throws Exception {
        assertThat(SessionDataType.fromByte((byte) 0)).isEqualTo(SessionDataType.NO_DATA);
        assertThat(SessionDataType.fromByte((byte) 1)).isEqualTo(SessionDataType.PROTOCOL_DATA);
        assertThat(SessionDataType.fromByte((byte) 2)).isEqualTo(SessionDataType.USER_DATA);
        assertThatExceptionOfType(SecureSessionException.class).isThrownBy(() -> SessionDataType.fromByte((byte) 3));
    }

    @Test
    void textIdsAreThoseOfJava() throws Exception {
        SecureSession named = new SecureSession("клиент", peers.clientKeys.getPrivateKey(), client);
        byte[] request = named.generateConnectRequest();
        server.session.unwrap(request);

        assertThat(new String(request, 24, 14, StandardCharsets.UTF_16)).isEqualTo("клиент");
    }

    /** A well-formed container with the tag of a private RSA key (PROTOCOL.md, section 3). */
    private static byte[] rsaKey() {
        ByteBuffer key = ByteBuffer.allocate(112).put(bytes("RRA2")).putInt(112).putInt(0);
        CRC32C crc = new CRC32C();
        crc.update(key.array());
        return key.putInt(8, Integer.reverseBytes((int) crc.getValue())).array();
    }

    private static byte[] wrapped(SecureSession session) {
        try {
            return session.wrap(bytes("early"));
        } catch (SecureSessionException e) {
            throw new AssertionError(e);
        }
    }

    private static void assertRefused(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(SecureSessionException.class)
                .hasMessage("Secure Session failed to unwrap data");
    }

    private static void assertNotWrapped(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(SecureSessionException.class)
                .hasMessage("Secure Session failed to wrap data");
    }

    private static void assertCannotConnect(SecureSession session) {
        assertThatThrownBy(session::generateConnectRequest)
                .isExactlyInstanceOf(RuntimeException.class)
                .hasMessage("Secure Session cannot generate connection request")
                .hasCauseExactlyInstanceOf(SecureSessionException.class);
    }
}
