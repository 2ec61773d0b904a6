package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.rules.Rule;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.ProviderException;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.ECParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Listeners and keys that fail, and threads that meddle. */
class ForeignCodeTest {
    private final List<String> events = Collections.synchronizedList(new ArrayList<>());
    private final Pair pair = Pair.create();

    @Test
    @Rule(value = "H-11", kind = ACCEPTS)
    void listenersAreToldInOrder() throws Exception {
        Pair listening = pair.withClient(told("client")).withServer(told("server"));

        Pair.Exchange handshake = listening.begin();
        Pair.Sessions sessions = handshake.finish();
        handshake.close();
        sessions.close();
        sessions.close();

        assertThat(events)
                .containsExactly(
                        "client started",
                        "server started",
                        "server established",
                        "client established",
                        "client closed",
                        "server closed");
    }

    @Test
    void listenersAreToldOfHandshakesThatWereGivenUp() throws Exception {
        Pair listening = pair.withClient(told("client")).withServer(told("server"));
        try (Pair.Exchange unused = listening.begin()) {
            assertThat(unused.client().role()).isEqualTo(Role.CLIENT);
        }
        assertThat(events).isEmpty();

        Pair.Exchange handshake = listening.begin();
        handshake.message2();
        handshake.close();
        handshake.close();

        assertThat(events).containsExactly("client started", "server started", "client abandoned", "server abandoned");
    }

    @Test
    void listenersHearOfARepeatedStartOnce() {
        try (Handshake client = Handshake.client(told("client").apply(pair.client()), Pair.SERVER_ID)) {
            client.start();
            client.start();

            assertThat(events).containsExactly("client started");
        }
    }

    @Test
    @Rule(value = "H-11", kind = REFUSES)
    void listenersThatFailChangeNothing() throws Exception {
        List<SessionListener> failing = List.of(
                new FailingListener(() -> new IllegalStateException("a listener that fails")),
                new FailingListener(() -> new IOException("a listener in a language without checked exceptions")));
        for (SessionListener listener : failing) {
            Pair shaky = pair.withClient(config -> config.withListener(listener))
                    .withServer(config -> config.withListener(listener));
            try (Pair.Exchange abandoned = shaky.begin()) {
                abandoned.message2();
            }

            Pair.Sessions sessions = shaky.establish();
            assertThat(sessions.toServer(new byte[] {1})).containsExactly(1);
            assertThat(sessions.toClient(new byte[] {1})).containsExactly(1);
            sessions.close();

            assertThat(sessions.client().isClosed()).isTrue();
        }
    }

    @Test
    @Rule(value = "H-11", kind = ACCEPTS)
    void listenersAreToldWhileNoLockIsHeld() throws Exception {
        SessionListener curious = new SessionListener() {
            @Override
            public void established(SecureSession session) {
                events.add("wrapped " + inAnotherThread(() -> session.wrap(new byte[] {1}).length));
            }

            @Override
            public void closed(SecureSession session) {
                events.add("closed "
                        + inAnotherThread(() -> {
                            session.close();
                            return session.isClosed() + " with " + session.peer();
                        }));
            }
        };

        pair.withClient(config -> config.withListener(curious)).establish().close();

        assertThat(events).containsExactly("wrapped 53", "closed true with \"server\"");
    }

    /** Another thread gets at the handshake meanwhile: a lock would keep it waiting for ever. */
    @Test
    @Rule(value = "H-11", kind = ACCEPTS)
    void listenersOfAHandshakeAreToldWhileItsLockIsFree() throws Exception {
        Handshake[] server = new Handshake[1];
        SessionListener curious = new SessionListener() {
            @Override
            public void handshakeStarted(Role role) {
                look("started");
            }

            @Override
            public void handshakeRefused(Role role, HandshakeException refusal) {
                look("refused " + refusal.reason());
            }

            @Override
            public void established(SecureSession session) {
                look("established");
            }

            @Override
            public void handshakeAbandoned(Role role) {
                look("abandoned");
            }

            private void look(String event) {
                events.add(event + " " + inAnotherThread(server[0]::awaitedPeer));
            }
        };
        SessionConfig watched = pair.server().withListener(curious);
        try (Handshake client = Handshake.client(pair.client(), Pair.SERVER_ID)) {
            server[0] = Handshake.server(watched);
            assertThatThrownBy(() -> server[0].receive(new byte[1])).isInstanceOf(HandshakeException.class);
            pair.resume(client, server[0]).finish().close();
            server[0] = Handshake.server(watched);
            server[0].receive(Handshake.client(pair.client(), Pair.SERVER_ID).start());
            server[0].close();
        }

        assertThat(events)
                .containsExactly(
                        "refused MALFORMED Optional.empty",
                        "started Optional.empty",
                        "established Optional.empty",
                        "started Optional.empty",
                        "abandoned Optional.empty");
    }

    @Test
    @Rule(value = "H-3", kind = REFUSES)
    void anIdentityKeyThatCannotSignLeavesTheHandshakeAsItWas() throws Exception {
        FailingKey clientKey = new FailingKey(TestKeys.pair(1));
        FailingKey serverKey = new FailingKey(TestKeys.pair(2));
        Pair shaky = pair.withClient(config -> withKey(config, clientKey, pair.server()))
                .withServer(config -> withKey(config, serverKey, pair.client()));
        try (Pair.Exchange handshake = shaky.begin()) {
            clientKey.broken = true;
            assertThatThrownBy(() -> handshake.client().start()).isInstanceOf(ProviderException.class);
            clientKey.broken = false;
            byte[] message1 = handshake.message1();

            serverKey.broken = true;
            assertThatThrownBy(() -> handshake.server().receive(message1)).isInstanceOf(ProviderException.class);
            assertThat(handshake.server().awaitedPeer()).isEmpty();
            serverKey.broken = false;
            byte[] message2 = handshake.message2();

            clientKey.broken = true;
            assertThatThrownBy(() -> handshake.client().receive(message2)).isInstanceOf(ProviderException.class);
            assertThat(handshake.client().awaitedPeer()).isEmpty();
            clientKey.broken = false;

            handshake.finish().close();
        }
    }

    @Test
    @Rule(value = "M-1", kind = ACCEPTS)
    void sessionsMayBeClosedByAnotherThreadWhileTheyAreUsed() throws Exception {
        for (int round = 0; round < 20; round++) {
            Pair.Sessions sessions = pair.establish();
            CompletableFuture<Long> wrapping = CompletableFuture.supplyAsync(() -> {
                long wrapped = 0;
                try {
                    while (true) {
                        sessions.client().wrap(new byte[] {1});
                        wrapped++;
                    }
                } catch (IllegalStateException closed) {
                    return wrapped;
                }
            });

            sessions.close();

            assertThat(wrapping.get(20, TimeUnit.SECONDS)).isNotNegative();
            assertThatThrownBy(() -> sessions.client().wrap(new byte[] {1})).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void aHandshakeClosedByAnotherThreadIsEitherAbandonedOrEstablished() throws Exception {
        for (int round = 0; round < 50; round++) {
            events.clear();
            Pair listening = pair.withServer(told("server"));
            Pair.Exchange handshake = listening.begin();
            handshake.message3();

            CompletableFuture<Void> closing =
                    CompletableFuture.runAsync(() -> handshake.server().close());
            try {
                handshake.message4();
            } catch (IllegalStateException closedBefore) {
                assertThat(closedBefore).hasMessageContaining("closed");
            }
            closing.get(20, TimeUnit.SECONDS);

            assertThat(events).hasSize(2).startsWith("server started");
            handshake.close();
        }
    }

    private UnaryOperator<SessionConfig> told(String name) {
        return config -> config.withListener(new SessionListener() {
            @Override
            public void handshakeStarted(Role role) {
                events.add(name + " started");
            }

            @Override
            public void established(SecureSession session) {
                events.add(name + " established");
            }

            @Override
            public void handshakeAbandoned(Role role) {
                events.add(name + " abandoned");
            }

            @Override
            public void closed(SecureSession session) {
                events.add(name + " closed");
            }
        });
    }

    private static SessionConfig withKey(SessionConfig config, FailingKey key, SessionConfig peer) {
        try {
            LocalIdentity identity = LocalIdentity.of(
                    config.identity().id(), key, config.identity().publicKey());
            return SessionConfig.of(
                    identity,
                    PeerDirectory.of(peer.identity().id(), peer.identity().publicKey()));
        } catch (KeyRejectedException e) {
            throw new AssertionError(e);
        }
    }

    private static <T> T inAnotherThread(Supplier<T> action) {
        return CompletableFuture.supplyAsync(action, runnable -> new Thread(runnable).start())
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    @FunctionalInterface
    private interface Failure {
        Exception make();
    }

    /** Throws from every method. */
    private static final class FailingListener implements SessionListener {
        private final Failure failure;

        FailingListener(Failure failure) {
            this.failure = failure;
        }

        @Override
        public void handshakeStarted(Role role) {
            sneak(failure.make());
        }

        @Override
        public void established(SecureSession session) {
            sneak(failure.make());
        }

        @Override
        public void handshakeAbandoned(Role role) {
            sneak(failure.make());
        }

        @Override
        public void closed(SecureSession session) {
            sneak(failure.make());
        }

        @SuppressWarnings("unchecked")
        private static <E extends Exception> void sneak(Exception exception) throws E {
            throw (E) exception;
        }
    }

    /** A key in a token that can be pulled out. */
    private static final class FailingKey extends UnencodedKey implements ECPrivateKey {
        private final ECPrivateKey key;
        private boolean broken;

        FailingKey(IdentityKeyPair pair) {
            this.key = (ECPrivateKey) privateKey(pair);
        }

        @Override
        public BigInteger getS() {
            if (broken) {
                throw new ProviderException("the token was pulled out");
            }
            return key.getS();
        }

        @Override
        public ECParameterSpec getParams() {
            return key.getParams();
        }

        private static PrivateKey privateKey(IdentityKeyPair pair) {
            try {
                return KeyFactory.getInstance("EC")
                        .generatePrivate(
                                new PKCS8EncodedKeySpec(pair.privateKey().encodeSecretPkcs8()));
            } catch (GeneralSecurityException e) {
                throw new AssertionError(e);
            }
        }
    }
}
