package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.securesession.rules.Rule;
import dev.securesession.testkit.Mutations;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** Nothing that people or logs get to see shows a secret, and what was closed works no more. */
class SecretsTest {
    private final byte[] stateSecret = "a state key, exactly 32 bytes ok".getBytes(StandardCharsets.US_ASCII);
    private final StateKey stateKey = StateKey.of(stateSecret);
    private final Pair pair = Pair.create().with(config -> config.withTsscExport());

    @Test
    @Rule(value = "M-1", kind = REFUSES)
    void descriptionsShowNoSecret() throws Exception {
        IdentityPrivateKey privateKey = TestKeys.pair(1).privateKey();
        try (Pair.Exchange handshake = pair.begin();
                Pair.Sessions sessions = handshake.finish()) {
            byte[] tssc = sessions.client().saveUnsealedTsscCopy();
            byte[] master = Arrays.copyOfRange(tssc, 20, 52);
            byte[] container = privateKey.encodeSecret();
            byte[] scalar = Arrays.copyOfRange(container, container.length - 32, container.length);
            List<Object> shown = new ArrayList<>(List.of(
                    sessions.client(),
                    sessions.server(),
                    handshake.client(),
                    handshake.server(),
                    pair.client(),
                    pair.client().identity(),
                    pair.client().crypto(),
                    privateKey,
                    Sealer.withKey(stateSecret),
                    Sealer.withPassphraseBytes(stateSecret),
                    new NumberedPayload(1, stateSecret),
                    TestKeys.pair(1),
                    stateKey,
                    Settings.of(pair.client())));

            for (Object object : shown) {
                assertShowsNone(object.toString(), List.of(master, scalar, stateSecret));
            }
            assertThat(sessions.client().toString()).contains("CLIENT").contains("server");
        }
    }

    @Test
    @Rule(value = "M-1", kind = REFUSES)
    void exceptionsShowNoSecret() throws Exception {
        byte[] payload = "what nobody else may read".getBytes(StandardCharsets.US_ASCII);
        try (Pair.Exchange handshake = pair.begin()) {
            List<Throwable> thrown = new ArrayList<>();
            byte[] message1 = handshake.message1();
            for (Mutations.Mutation mutation : Mutations.of(message1)) {
                byte[] bad = Mutations.repaired(mutation.bytes());
                if (mutation.name().startsWith("bit") && !Arrays.equals(bad, message1)) {
                    thrown.add(catchThrowable(() -> handshake.server().receive(bad)));
                }
            }
            try (Pair.Sessions sessions = handshake.finish()) {
                byte[] master = Arrays.copyOfRange(sessions.client().saveUnsealedTsscCopy(), 20, 52);
                byte[] message = sessions.client().wrap(payload);
                sessions.server().unwrap(message);
                for (Mutations.Mutation mutation : Mutations.of(message)) {
                    thrown.add(catchThrowable(() -> sessions.server().unwrap(mutation.bytes())));
                }
                thrown.add(catchThrowable(() -> sessions.server().unwrap(message)));
                byte[] tssc = sessions.client().saveUnsealedTsscCopy();
                for (Mutations.Mutation mutation : Mutations.of(tssc)) {
                    byte[] bad = Mutations.repaired(mutation.bytes());
                    thrown.add(catchThrowable(() -> SecureSession.restoreUnsealedTssc(bad, pair.client())
                            .close()));
                }
                byte[] state = sessions.client().saveCopy(stateKey, Settings.BINDING);
                state[state.length - 1] ^= 1;
                thrown.add(catchThrowable(() ->
                        SecureSession.restoreAcceptingAnyKnownPeer(state, stateKey, Settings.BINDING, pair.client())));

                thrown.removeIf(exception -> exception == null);
                assertThat(thrown).hasSizeGreaterThan(500);
                for (Throwable exception : thrown) {
                    assertShowsNone(printed(exception), List.of(master, stateSecret, payload));
                }
            }
        }
    }

    @Test
    @Rule(value = "M-1", kind = ACCEPTS)
    void closedSessionsDoNothingAnyMore() throws Exception {
        Pair.Sessions sessions = pair.establish();
        byte[] message = sessions.server().wrap(new byte[] {1});
        SecureSession session = sessions.client();
        assertThat(session.isClosed()).isFalse();

        session.close();
        session.close();

        assertThat(session.isClosed()).isTrue();
        assertThatThrownBy(() -> session.wrap(new byte[] {1})).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> session.unwrap(message)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> session.saveCopy(stateKey, Settings.BINDING))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(session::saveUnsealedTsscCopy).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(session::remainingMessages).isInstanceOf(IllegalStateException.class);
        assertThat(session.peer()).isEqualTo(Pair.SERVER_ID);
    }

    @Test
    @Rule(value = "M-2", kind = REFUSES)
    void theMasterSecretIsNotExportedUnlessThatWasChosenBefore() throws Exception {
        try (Pair.Sessions sessions = Pair.create().establish()) {
            assertThatThrownBy(() -> sessions.client().saveUnsealedTsscCopy())
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    @Rule(value = "M-2", kind = ACCEPTS)
    void theMasterSecretIsExportedIfThatWasChosen() throws Exception {
        try (Pair.Sessions sessions = pair.establish()) {
            byte[] atClient = sessions.client().saveUnsealedTsscCopy();
            byte[] atServer = sessions.server().saveUnsealedTsscCopy();

            assertThat(Arrays.copyOfRange(atClient, 20, 52)).isEqualTo(Arrays.copyOfRange(atServer, 20, 52));
        }
    }

    private static void assertShowsNone(String text, List<byte[]> secrets) {
        String shown = text.toLowerCase(Locale.ROOT);
        for (byte[] secret : secrets) {
            assertThat(shown)
                    .doesNotContain(HexFormat.of().formatHex(secret, 0, 8))
                    .doesNotContain(new BigInteger(1, secret).toString())
                    .doesNotContain(Base64.getEncoder()
                            .encodeToString(Arrays.copyOf(secret, 9))
                            .toLowerCase(Locale.ROOT))
                    .doesNotContain(new String(secret, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT))
                    .doesNotContain(Arrays.toString(secret));
        }
    }

    private static String printed(Throwable exception) {
        StringWriter text = new StringWriter();
        exception.printStackTrace(new PrintWriter(text));
        return text.toString();
    }
}
