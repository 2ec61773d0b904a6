package dev.securesession.cli.peer;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.cli.Cli;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The conformance peer as a process: two of them, with a test between them. */
@Timeout(120)
class PeerProcessTest {
    private static final String ALICE = "YWxpY2U=";
    private static final String BOB = "Ym9i";

    @Test
    void twoProcessesNegotiateAndExchangeMessages() throws IOException, InterruptedException {
        try (Peer alice = new Peer();
                Peer bob = new Peer()) {
            String[] aliceKeys = alice.ok("keygen").split(" ", -1);
            String[] bobKeys = bob.ok("keygen").split(" ", -1);
            alice.ok("key " + BOB + " " + bobKeys[1]);
            bob.ok("key " + ALICE + " " + aliceKeys[1]);
            alice.ok("new x " + ALICE + " " + aliceKeys[0]);
            bob.ok("new x " + BOB + " " + bobKeys[0]);
            String m2 = bob.ok("reply x " + alice.ok("request x"));
            String m4 = bob.ok("reply x " + alice.ok("reply x " + m2));
            assertThat(alice.ok("reply x " + m4)).isEqualTo("-");
            assertThat(alice.ok("hash x")).isEqualTo(bob.ok("hash x"));
            for (int i = 0; i < 1000; i++) {
                assertThat(bob.ok("unwrap x " + alice.ok("wrap x AAAA"))).isEqualTo("AAAA");
                assertThat(alice.ok("unwrap x " + bob.ok("wrap x BBBB"))).isEqualTo("BBBB");
            }
            assertThat(alice.ask("nonsense")).startsWith("err ");
            assertThat(alice.end()).isZero();
            assertThat(bob.end()).isZero();
        }
    }

    /** One process. */
    private static final class Peer implements AutoCloseable {
        private final Process process = Cli.process("peer")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        private final Writer in = process.outputWriter(US_ASCII);
        private final BufferedReader out = process.inputReader(US_ASCII);

        Peer() throws IOException {}

        String ask(String request) throws IOException {
            in.write(request + "\n");
            in.flush();
            return out.readLine();
        }

        String ok(String request) throws IOException {
            String answer = ask(request);
            assertThat(answer).as(request).startsWith("ok");
            return answer.length() > 3 ? answer.substring(3) : "";
        }

        int end() throws IOException, InterruptedException {
            in.close();
            assertThat(out.readLine()).isNull();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            return process.exitValue();
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }
}
