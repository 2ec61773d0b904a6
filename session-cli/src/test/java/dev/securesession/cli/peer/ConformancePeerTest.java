package dev.securesession.cli.peer;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.cli.Cli;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Two conformance peers that a test drives against each other, line by line. */
class ConformancePeerTest {
    private final ConformancePeer alice = new ConformancePeer(MovableClock.running());
    private final ConformancePeer bob = new ConformancePeer(MovableClock.running());
    private String aliceKey = "";
    private String bobKey = "";

    @BeforeEach
    void introduce() {
        String[] ofAlice = alice.answer("keygen").split(" ", -1);
        String[] ofBob = bob.answer("keygen 3").split(" ", -1);
        aliceKey = ofAlice[1];
        bobKey = ofBob[1];
        ok(alice, "key " + b("bob") + " " + ofBob[2]);
        ok(bob, "key " + b("alice") + " " + ofAlice[2]);
        ok(alice, "new c " + b("alice") + " " + aliceKey);
        ok(bob, "new s " + b("bob") + " " + bobKey);
    }

    @Test
    void negotiatesAndExchangesPayloads() {
        assertThat(state(alice, "c") + state(bob, "s")).isEqualTo("idleidle");
        String m1 = ok(alice, "request c");
        assertThat(state(alice, "c")).isEqualTo("negotiating");
        String m2 = ok(bob, "reply s " + m1);
        assertThat(state(bob, "s")).isEqualTo("negotiating");
        String m3 = ok(alice, "reply c " + m2);
        String m4 = ok(bob, "reply s " + m3);
        assertThat(state(bob, "s")).isEqualTo("established");
        assertThat(ok(alice, "reply c " + m4)).isEqualTo("-");
        assertThat(state(alice, "c")).isEqualTo("established");

        assertThat(ok(alice, "remote c")).isEqualTo(b("bob"));
        assertThat(ok(bob, "remote s")).isEqualTo(b("alice"));
        assertThat(ok(alice, "hash c")).isEqualTo(ok(bob, "hash s"));
        assertThat(ok(bob, "unwrap s " + ok(alice, "wrap c " + b("hello")))).isEqualTo(b("hello"));
        assertThat(ok(alice, "unwrap c " + ok(bob, "wrap s " + b("world")))).isEqualTo(b("world"));
    }

    @Test
    void answersThousandsOfRequests() {
        long seed = new Random().nextLong();
        System.out.println("ConformancePeerTest seed " + seed);
        Random random = new Random(seed);
        establish("c", "s");
        for (int i = 0; i < 3000; i++) {
            byte[] payload = new byte[1 + random.nextInt(200)];
            random.nextBytes(payload);
            boolean fromAlice = random.nextBoolean();
            String message = ok(fromAlice ? alice : bob, "wrap " + (fromAlice ? "c " : "s ") + b(payload));
            ConformancePeer receiver = fromAlice ? bob : alice;
            String unwrap = "unwrap " + (fromAlice ? "s " : "c ");
            if (random.nextInt(10) == 0) {
                byte[] damaged = Base64.getDecoder().decode(message);
                damaged[24 + random.nextInt(damaged.length - 24)] ^= 4;
                assertThat(receiver.answer(unwrap + b(damaged))).startsWith("err NOT_AUTHENTIC ");
            }
            assertThat(ok(receiver, unwrap + message)).isEqualTo(b(payload));
            if (random.nextInt(10) == 0) {
                assertThat(receiver.answer(unwrap + message)).startsWith("err REPLAYED ");
            }
        }
    }

    @Test
    void keepsManySessionsApart() {
        for (int i = 0; i < 20; i++) {
            ok(alice, "new c" + i + " " + b("alice") + " " + aliceKey);
            ok(bob, "new s" + i + " " + b("bob") + " " + bobKey);
            establish("c" + i, "s" + i);
        }
        for (int i = 0; i < 20; i++) {
            String message = ok(alice, "wrap c" + i + " " + b("for " + i));
            assertThat(bob.answer("unwrap s" + (i + 1) % 20 + " " + message)).startsWith("err WRONG_SESSION ");
            assertThat(ok(bob, "unwrap s" + i + " " + message)).isEqualTo(b("for " + i));
        }
    }

    @Test
    void onePeerCanBeBothEnds() {
        String[] carol = alice.answer("keygen 5").split(" ", -1);
        ok(alice, "key " + b("carol") + " " + carol[2]);
        ok(alice, "key " + b("alice") + " " + publicOf(aliceKey));
        ok(alice, "new d " + b("carol") + " " + carol[1]);

        String m2 = ok(alice, "reply d " + ok(alice, "request c"));
        String m4 = ok(alice, "reply d " + ok(alice, "reply c " + m2));
        ok(alice, "reply c " + m4);

        assertThat(ok(alice, "hash c")).isEqualTo(ok(alice, "hash d"));
    }

    @Test
    void refusedMessageLeavesSessionAsItWas() {
        String m1 = ok(alice, "request c");
        byte[] damaged = Base64.getDecoder().decode(m1);
        damaged[30] ^= 1;

        assertThat(bob.answer("reply s " + b(damaged))).startsWith("err MALFORMED ");
        assertThat(state(bob, "s")).isEqualTo("idle");
        String m2 = ok(bob, "reply s " + m1);
        assertThat(alice.answer("reply c " + m1)).startsWith("err REFLECTED_KEY ");
        ok(bob, "new t " + b("bob") + " " + bobKey);
        assertThat(alice.answer("reply c " + ok(bob, "request t"))).startsWith("err SIMULTANEOUS_OPEN ");
        assertThat(alice.answer("reply c -")).startsWith("err MALFORMED ");
        assertThat(state(alice, "c")).isEqualTo("negotiating");
        ok(alice, "reply c " + ok(bob, "reply s " + ok(alice, "reply c " + m2)));
        assertThat(state(alice, "c")).isEqualTo("established");
    }

    @Test
    void roleIsOpenUntilTheFirstWord() {
        assertThat(bob.answer("reply s " + b("nonsense"))).startsWith("err MALFORMED ");
        String m1 = ok(bob, "request s");

        assertThat(ok(alice, "reply c " + m1)).isNotEqualTo("-");
        assertThat(alice.answer("request c")).startsWith("err IllegalStateException ");
    }

    @Test
    void requestGivesTheSameMessageAgain() {
        assertThat(ok(alice, "request c")).isEqualTo(ok(alice, "request c"));
    }

    @Test
    void unknownPeerIsRefusedUntilItsKeyIsThere() {
        String[] carol = alice.answer("keygen").split(" ", -1);
        ok(alice, "new d " + b("carol") + " " + carol[1]);
        String m1 = ok(alice, "request d");

        assertThat(bob.answer("reply s " + m1)).startsWith("err UNKNOWN_PEER ");
        ok(bob, "key " + b("carol") + " " + carol[2]);
        assertThat(bob.answer("reply s " + m1)).startsWith("ok ");
    }

    @Test
    void clientMayWrapBeforeTheLastMessage() {
        String m3 = ok(alice, "reply c " + ok(bob, "reply s " + ok(alice, "request c")));
        String early = ok(alice, "wrap c " + b("early"));

        String m4 = ok(bob, "reply s " + m3);
        assertThat(ok(bob, "unwrap s " + early)).isEqualTo(b("early"));
        assertThat(alice.answer("unwrap c " + ok(bob, "wrap s " + b("x")))).startsWith("err IllegalStateException ");
        ok(alice, "reply c " + m4);
        assertThat(ok(bob, "unwrap s " + ok(alice, "wrap c " + b("next")))).isEqualTo(b("next"));
    }

    @Test
    void savesAndLoadsThePortableState() {
        establish("c", "s");
        String state = ok(alice, "save c");
        assertThat(Base64.getDecoder().decode(state)).hasSize(60);

        ok(alice, "load c " + state);
        ok(alice, "load somewhere-else " + state);

        for (String name : new String[] {"c", "somewhere-else"}) {
            assertThat(state(alice, name)).isEqualTo("established");
            assertThat(ok(alice, "remote " + name)).isEqualTo("-");
            assertThat(alice.answer("hash " + name)).startsWith("err IllegalStateException ");
        }
        assertThat(ok(bob, "unwrap s " + ok(alice, "wrap c " + b("again")))).isEqualTo(b("again"));
    }

    @Test
    void loadReplacesWhatWasThereAndRefusedLoadDoesNot() {
        establish("c", "s");
        String state = ok(alice, "save c");

        assertThat(alice.answer("load c " + b("nonsense"))).startsWith("err MALFORMED ");
        assertThat(ok(alice, "remote c")).isEqualTo(b("bob"));
        ok(alice, "drop c");
        assertThat(state(alice, "c")).isEqualTo("closed");
        ok(alice, "load c " + state);
        assertThat(state(alice, "c")).isEqualTo("established");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void exportsAndImportsHandshakesUnderWay(int after) {
        String message = ok(alice, "request c");
        handOver(alice, "c", aliceKey, "alice");
        if (after > 1) {
            message = ok(bob, "reply s " + message);
            handOver(bob, "s", bobKey, "bob");
        }
        if (after > 2) {
            message = ok(alice, "reply c " + message);
            handOver(alice, "c", aliceKey, "alice");
        }
        for (int next = after + 1; !message.equals("-"); next++) {
            message = next % 2 == 0 ? ok(bob, "reply s " + message) : ok(alice, "reply c " + message);
        }

        assertThat(ok(alice, "hash c")).isEqualTo(ok(bob, "hash s"));
    }

    @Test
    void exportsAndImportsSessions() {
        establish("c", "s");
        String hash = ok(alice, "hash c");
        handOver(alice, "c", aliceKey, "alice");

        assertThat(ok(alice, "hash c")).isEqualTo(hash);
        assertThat(ok(alice, "remote c")).isEqualTo(b("bob"));
        assertThat(ok(bob, "unwrap s " + ok(alice, "wrap c " + b("moved")))).isEqualTo(b("moved"));
    }

    @Test
    void refusesToImportOrExportWhatIsNotThere() {
        establish("c", "s");

        assertThat(bob.answer("import s " + ok(alice, "export c"))).startsWith("err WRONG_IDENTITY ");
        assertThat(alice.answer("import c " + b("nonsense"))).startsWith("err MALFORMED ");
        assertThat(alice.answer("import nobody " + ok(alice, "export c"))).startsWith("err IllegalArgumentException ");
        assertThat(state(alice, "c")).isEqualTo("established");
        ok(alice, "new idle " + b("alice") + " " + aliceKey);
        assertThat(alice.answer("export idle")).startsWith("err IllegalStateException ");
    }

    @Test
    void clockOfOnePeerMoves() {
        establish("c", "s");
        ok(alice, "clock 1000000000");
        String old = ok(alice, "wrap c " + b("old"));
        assertThat(bob.answer("unwrap s " + old)).startsWith("err TIMESTAMP_OUT_OF_RANGE ");

        ok(bob, "clock 1000086400");
        assertThat(ok(bob, "unwrap s " + old)).isEqualTo(b("old"));
        ok(bob, "clock 1000086401");
        assertThat(bob.answer("unwrap s " + ok(alice, "wrap c " + b("x")))).startsWith("err TIMESTAMP_OUT_OF_RANGE ");
        ok(alice, "clock now");
        ok(bob, "clock now");
        assertThat(ok(bob, "unwrap s " + ok(alice, "wrap c " + b("now")))).isEqualTo(b("now"));
    }

    @Test
    void droppedSessionIsClosed() {
        establish("c", "s");
        ok(alice, "drop c");
        ok(alice, "drop c");

        assertThat(state(alice, "c")).isEqualTo("closed");
        for (String request : new String[] {
            "wrap c eA==", "unwrap c eA==", "request c", "reply c eA==", "save c", "export c", "hash c", "remote c"
        }) {
            assertThat(alice.answer(request)).as(request).startsWith("err IllegalStateException ");
        }
    }

    @Test
    void remoteIsUnknownBeforeTheEnd() {
        assertThat(alice.answer("remote c")).startsWith("err IllegalStateException ");
        ok(alice, "request c");
        assertThat(alice.answer("remote c")).startsWith("err IllegalStateException ");
    }

    @ParameterizedTest
    @CsvSource({
        "seal, unseal, ''",
        "seal, unseal, ' Y29udGV4dA=='",
        "sealp, unsealp, ''",
        "sealp, unsealp, ' Y29udGV4dA=='"
    })
    void sealsAndUnseals(String seal, String unseal, String context) {
        String sealed = ok(alice, seal + " " + b("secret") + " " + b("data") + context);

        assertThat(Base64.getDecoder().decode(sealed)).hasSize(4 + (seal.equals("seal") ? 44 : 70));
        assertThat(ok(bob, unseal + " " + b("secret") + " " + sealed + context)).isEqualTo(b("data"));
        assertThat(bob.answer(unseal + " " + b("other") + " " + sealed + context))
                .startsWith("err NOT_AUTHENTIC ");
        assertThat(bob.answer(unseal + " " + b("secret") + " " + sealed + " " + b("x")))
                .startsWith("err NOT_AUTHENTIC ");
        assertThat(bob.answer((unseal.endsWith("p") ? "unseal " : "unsealp ") + b("secret") + " " + sealed))
                .startsWith("err WRONG_KIND ");
    }

    @ParameterizedTest
    @CsvSource({"'', 45", "' 2', 45", "' 3', 61", "' 5', 79"})
    void generatesKeysOnEachCurve(String curve, int size) {
        String[] pair = alice.answer("keygen" + curve).split(" ", -1);

        assertThat(pair).hasSize(3);
        assertThat(Base64.getDecoder().decode(pair[1])).hasSize(size);
        assertThat(Base64.getDecoder().decode(pair[2])).hasSize(size);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "nonsense",
                "new",
                "new x",
                "new x -",
                "new x - -",
                "new c YQ== YQ==",
                "key",
                "key - -",
                "key YQ== YQ==",
                "keygen 4",
                "keygen 2 3",
                "request",
                "request nobody",
                "request c c",
                "reply c",
                "reply c !!",
                "reply c YQ",
                "reply c YQ=",
                "state nobody",
                "wrap c -",
                "wrap c YQ==",
                "unwrap c YQ==",
                "save c",
                "load c -",
                "load x YQ==",
                "clock",
                "clock x",
                "clock 1.5",
                "clock 9223372036854775807",
                "clock 99999999999999999999",
                "drop nobody",
                "seal - -",
                "seal YQ== -",
                "unseal YQ== YQ==",
                "sealp - YQ==",
                "seal YQ== YQ== YQ== YQ==",
                "import c YQ==",
                "REQUEST c",
                "request\0c",
                "\u00e9",
                "wrap c YQ==\u00e9"
            })
    void badLineGetsAnErrorInOneLineOfAscii(String line) {
        String answer = alice.answer(line);

        assertThat(answer).matches("err [A-Za-z_]+ [\\x20-\\x7E]+");
        assertThat(state(alice, "c")).isEqualTo("idle");
    }

    @Test
    void survivesRandomRequests() {
        long seed = new Random().nextLong();
        System.out.println("ConformancePeerTest seed " + seed);
        Random random = new Random(seed);
        String[] words = {
            "keygen", "key", "new", "request", "reply", "state", "remote", "wrap", "unwrap", "save", "load", "export",
            "import", "hash", "clock", "drop", "seal", "unseal", "c", "s", "-", "YQ==", b("bob"), aliceKey, "1", "now"
        };
        for (int i = 0; i < 5000; i++) {
            StringBuilder line = new StringBuilder(words[random.nextInt(18)]);
            for (int more = random.nextInt(4); more > 0; more--) {
                line.append(' ').append(words[18 + random.nextInt(words.length - 18)]);
            }
            assertThat(alice.answer(line.toString()))
                    .as(line.toString())
                    .matches("(ok|err [A-Za-z_]+)( [\\x20-\\x7E]+)?");
        }
    }

    @Test
    void extremeClocksAreAnswered() {
        establish("c", "s");
        for (String time : new String[] {"-31557014167219200", "31556889864403199", "0", "-1", "4294967296"}) {
            ok(alice, "clock " + time);
            assertThat(alice.answer("wrap c " + b("x"))).as(time).matches("(ok|err [A-Za-z_]+) .+");
        }
    }

    @Test
    void servesLinesUntilTheInputEnds() throws IOException {
        String input = "state x\nkeygen\r\n\nstate x";
        ByteArrayOutputStream out = new ByteArrayOutputStream();

        alice.serve(new ByteArrayInputStream(input.getBytes(US_ASCII)), out);

        String[] lines = out.toString(US_ASCII).split("\n", -1);
        assertThat(lines).hasSize(5);
        assertThat(lines[1]).startsWith("ok ");
        assertThat(lines[2]).startsWith("err ");
        assertThat(lines[4]).isEmpty();
    }

    @Test
    void lineThatIsTooLongGetsAnErrorAndTheNextOneAnAnswer() throws IOException {
        byte[] input = new byte[(32 << 20) + 100];
        Arrays.fill(input, (byte) 'A');
        byte[] next = "\nkeygen\n".getBytes(US_ASCII);
        System.arraycopy(next, 0, input, input.length - next.length, next.length);
        ByteArrayOutputStream out = new ByteArrayOutputStream();

        alice.serve(new ByteArrayInputStream(input), out);

        String[] lines = out.toString(US_ASCII).split("\n", -1);
        assertThat(lines).hasSize(3);
        assertThat(lines[0]).startsWith("err IllegalArgumentException a line of more than ");
        assertThat(lines[1]).startsWith("ok ");
    }

    private void establish(String client, String server) {
        String m2 = ok(bob, "reply " + server + " " + ok(alice, "request " + client));
        String m4 = ok(bob, "reply " + server + " " + ok(alice, "reply " + client + " " + m2));
        ok(alice, "reply " + client + " " + m4);
    }

    /** Lets a new object of the same name go on. */
    private static void handOver(ConformancePeer peer, String name, String key, String id) {
        String state = ok(peer, "export " + name);
        ok(peer, "new " + name + " " + b(id) + " " + key);
        assertThat(state(peer, name)).isEqualTo("idle");
        ok(peer, "import " + name + " " + state);
        assertThat(state(peer, name)).isNotEqualTo("idle");
    }

    private static String publicOf(String privateKey) {
        return b(new Cli()
                .input(Base64.getDecoder().decode(privateKey))
                .run("pubkey", "-")
                .succeeded()
                .bytes());
    }

    private static String state(ConformancePeer peer, String name) {
        return new String(Base64.getDecoder().decode(ok(peer, "state " + name)), US_ASCII);
    }

    private static String ok(ConformancePeer peer, String request) {
        String answer = peer.answer(request);
        assertThat(answer).as(request).startsWith("ok");
        return answer.length() > 3 ? answer.substring(3) : "";
    }

    private static String b(String text) {
        return b(text.getBytes(UTF_8));
    }

    private static String b(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }
}
