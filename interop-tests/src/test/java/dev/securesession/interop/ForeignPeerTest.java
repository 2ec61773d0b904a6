package dev.securesession.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How {@link ForeignPeer} reads answers, and its errors when the process violates the protocol. */
class ForeignPeerTest {
    @Test
    void returnsTheValuesOfAnAnswer() throws Exception {
        try (ForeignPeer peer = answering("ok YWJj - ZA==")) {
            assertThat(peer.ask("anything")).containsExactly(new byte[] {'a', 'b', 'c'}, new byte[0], new byte[] {'d'});
            assertThat(peer.ask("anything", "else")).hasSize(3);
        }
    }

    @Test
    void throwsTheReasonOfARefusal() throws Exception {
        try (ForeignPeer peer = answering("err FAIL it did not work")) {
            assertThatExceptionOfType(ForeignPeerException.class)
                    .isThrownBy(() -> peer.ask("anything"))
                    .withMessage("FAIL: anything: it did not work")
                    .satisfies(e -> assertThat(e.reason()).isEqualTo("FAIL"));
        }
    }

    @Test
    void refusesAMalformedAnswer() throws Exception {
        try (ForeignPeer peer = answering("what")) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> peer.ask("anything"))
                    .withMessageContaining("answered neither ok nor err: what");
        }
        try (ForeignPeer peer = answering("ok %%")) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> peer.ask("anything"))
                    .withMessageContaining("not base64: %%");
        }
        try (ForeignPeer peer = answering("ok YQ== YQ==")) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> peer.seal(new byte[1], new byte[1]))
                    .withMessageContaining("2 values instead of 1");
        }
    }

    @Test
    void saysThatTheProcessEnded() throws Exception {
        ForeignPeer peer = answering("");
        assertThatIllegalStateException()
                .isThrownBy(() -> peer.ask("anything"))
                .withMessageContaining("got no answer: the process ended");
        assertThatIllegalStateException().isThrownBy(peer::close).withMessageContaining("with status 3");
    }

    @Test
    void saysThatNoAnswerCameInTime() throws Exception {
        ForeignPeer peer = new ForeignPeer(Scripted.command(Scripted.SILENT), Duration.ofMillis(200));
        assertThatIllegalStateException()
                .isThrownBy(() -> peer.ask("anything"))
                .withMessageContaining("got no answer within PT0.2S");
    }

    @Test
    void saysThatTheCommandDoesNotStart() {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> new ForeignPeer(List.of("no-such-command-anywhere")))
                .withMessageContaining("no-such-command-anywhere");
    }

    private static ForeignPeer answering(String answer) throws IOException {
        return new ForeignPeer(Scripted.command(answer));
    }

    /** A program that gives the same answer to every line, or exits with status 3 if it has none. */
    static final class Scripted {
        static final String SILENT = "silent";

        private Scripted() {}

        static List<String> command(String answer) {
            return ChildJvm.command(Scripted.class.getName(), answer);
        }

        public static void main(String[] arguments) throws IOException {
            BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
            while (requests.readLine() != null) {
                if (arguments[0].isEmpty()) {
                    System.exit(3);
                }
                if (!arguments[0].equals(SILENT)) {
                    System.out.println(arguments[0]);
                }
            }
        }
    }
}
