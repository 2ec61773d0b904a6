package dev.securesession.cli.inspect;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.Curve;
import dev.securesession.IdentityKeyPair;
import dev.securesession.Sealer;
import dev.securesession.cli.Cli;
import dev.securesession.cli.command.Hex;
import dev.securesession.cli.keyfile.CurveName;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The worked example of PROTOCOL.md under the magnifying glass, whole and damaged. */
class InspectTest {
    private static final String MASTER = "b89206604cffee30e1621f99c9e6889bcfba904964d735d3cedc735e3201fb52";
    private static final String CLIENT_KEY =
            "554543320000002dd22deb6602d00602d6f825ed8e6c7abdcdc7cb9ba5d038a07eabfa879cf65503d38aeccb29";
    private static final String SERVER_KEY =
            "554543320000002d4fe0993903c689290bd4f66623559bc961ba23f50e6130653c547754da24c2b9e87ff714a0";
    private static final String M1 =
            "5453504d00000092f73aa91254534944000000124a5d0d03636c69656e74554543320000002d00fb6f09"
                    + "03abbad9abe7626d894738c075a57a9c23d761d837d55c3d69ce1700507ee66fc1"
                    + "3045022100cc2edca8a882a06c3bea92f89b22abdc5a084ec189268c0b7861d7dbda03af74"
                    + "0220658b8d486a72c2538a7aef7e883271b9d3eafdc0700f225195a8665dbe350261";
    private static final String M2 =
            "5453504d000000937bbbcbd954534944000000129b63ab56736572766572554543320000002d1c059500"
                    + "03b1f0b172aa8612e3accf8f46c251c9f5d0bc2d584d116ea56cb2e5493ff554ef"
                    + "3046022100fc86fe7cafc0543255a48f4169e0f756f1b6fd2e5b4867c43ef902d26175324c"
                    + "022100e53683353f5c44f0c546532c18d8989274ddc973706e5e5fcaeec48d38543a24";
    private static final String M3 = "5453504d00000074eeefa35b"
            + "3046022100c88bb5b109ac3b473daaaa507532d4ff9a78e6b9e86808237550247305beab1a"
            + "022100ccdb2f21c057fe974f48063ab550d5ef4aafce2ea3ea3ec201ed146402d5a8b1"
            + "fa9d775bcfbad2995f440cb2c5db41385f514b2214e3869ab7a95740310a5e3a";
    private static final String M4 =
            "5453504d0000002c3ed4524a74dcdc8e3dc36838735b3f621b7bfc9264074b0582ba3890ea0f7d839f7d61bc";
    private static final String STATE = "545353430000003c66dbd2baea8bfb3300000001" + MASTER + "b27b025a7a6b1438";
    private static final String WRAPPED =
            "ea8bfb336eae73804f2a27fa41c341c6e6052efed21d04145dad49966425b296f077870889e0cf0887"
                    + "3bc227636d451b3b9b67ebec8b71f4f5";
    private static final String SEALED =
            "000101400c000000100000000500000018e762850639c3f3d822a7ffb3cb7f981484feba440e436508" + "cde386881a92ef83";

    @TempDir
    private Path directory;

    static Map<String, String> examples() {
        return Map.of(
                M1, "Handshake message 1 or 2, which look the same: \"client\" introduces itself.",
                M2, "Handshake message 1 or 2, which look the same: \"server\" introduces itself.",
                M3, "Handshake message 3: the client proves its identity and confirms the session.",
                M4, "Handshake message 4: the server confirms the session.",
                STATE, "A saved session in the portable form, of the client, which is a secret: session ea8bfb33",
                WRAPPED,
                        "A wrapped message of session ea8bfb33, if it is anything known here; length of its payload: 5.",
                SEALED, "5 bytes sealed with a key.",
                CLIENT_KEY, "A public key on P-256 in a Themis container");
    }

    static List<Map.Entry<String, String>> exampleEntries() {
        return new ArrayList<>(examples().entrySet());
    }

    @ParameterizedTest
    @MethodSource("exampleEntries")
    void saysWhatItIsWhateverCarriesIt(Map.Entry<String, String> example) throws IOException {
        byte[] bytes = HexFormat.of().parseHex(example.getKey());
        Path binary = Files.write(directory.resolve("binary"), bytes);
        Path base64 =
                Files.write(directory.resolve("base64"), Base64.getMimeEncoder().encode(bytes));

        String asArgument =
                new Cli().run("inspect", example.getKey()).succeeded().out();

        assertThat(asArgument.replaceAll("\n\\s*", " ")).startsWith(example.getValue());
        assertThat(asArgument).contains("  ok     ").doesNotContain("WRONG").doesNotContain(MASTER.substring(0, 16));
        assertThat(asArgument.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(100));
        assertThat(new Cli().run("inspect", binary).succeeded().out()).isEqualTo(asArgument);
        assertThat(new Cli().run("inspect", base64).succeeded().out()).isEqualTo(asArgument);
        assertThat(new Cli()
                        .run("inspect", Base64.getEncoder().encodeToString(bytes))
                        .succeeded()
                        .out())
                .isEqualTo(asArgument);
        assertThat(new Cli().input(bytes).run("inspect").succeeded().out()).isEqualTo(asArgument);
        assertThat(new Cli()
                        .input(example.getKey().getBytes(US_ASCII))
                        .run("inspect", "-")
                        .succeeded()
                        .out())
                .isEqualTo(asArgument);
    }

    @Test
    void showsFieldsOfMessage1() {
        assertThat(new Cli().run("inspect", M1).out())
                .containsPattern("(?m)^       0     146  message$")
                .containsPattern("(?m)^       8       4    crc +f73aa912$")
                .containsPattern("(?m)^      24       6      id +636c69656e74$")
                .containsPattern("(?m)^      42      33      point +03abbad9abe7626d")
                .containsPattern("(?m)^      79      33      r +00cc2edca8")
                .containsPattern("(?m)^     114      32      s +658b8d486a");
    }

    @Test
    void verifiesTheSignatureOfMessage1() throws IOException {
        Path right = Files.writeString(directory.resolve("right"), CLIENT_KEY);
        Path wrong = Files.writeString(directory.resolve("wrong"), SERVER_KEY);

        assertThat(new Cli()
                        .run("inspect", "--public-key", right, M1)
                        .succeeded()
                        .out())
                .contains("ok     signature of message 1: by SHA256:");
        Cli.Result refused = new Cli().run("inspect", "--public-key", wrong, M1);
        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.out()).contains("WRONG  signature of message 1: not by SHA256:");
    }

    /** Every byte that the checks cover; a wrapped message and sealed data have no checksum of their own. */
    @ParameterizedTest
    @ValueSource(strings = {M1, M2, M3, M4, STATE, CLIENT_KEY})
    void seesEveryChangeAndEveryCut(String example) {
        byte[] bytes = HexFormat.of().parseHex(example);
        for (int i = 4; i < bytes.length; i++) {
            byte[] changed = bytes.clone();
            changed[i] ^= 1;
            assertThat(isAllRight(changed)).as("change at " + i).isFalse();
            assertThat(isAllRight(Arrays.copyOf(bytes, i))).as("cut at " + i).isFalse();
        }
    }

    @Test
    void pointIsCheckedBehindAWrongChecksum() {
        byte[] bytes = HexFormat.of().parseHex(CLIENT_KEY);
        bytes[8] ^= 1;

        assertThat(new Cli().run("inspect", Hex.of(bytes)).out())
                .contains("WRONG  CRC-32C of key", "ok     point on the curve: P-256, compressed");
    }

    @Test
    void trailingBytesAreIgnoredInMessagesAndWrongInKeysAndStates() {
        assertThat(new Cli().run("inspect", M3 + "000000").succeeded().out())
                .contains("ignored: 3 bytes after the end");
        assertThat(new Cli().run("inspect", CLIENT_KEY + "00").out()).contains("WRONG  nothing after the key: 1 bytes");
        assertThat(new Cli().run("inspect", STATE + "00").out()).contains("WRONG  nothing after the end: 1 bytes");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "3045022100cc2edca8a882a06c3bea92f89b22abdc5a084ec189268c0b7861d7dbda03af740220658b8d486a72c2538a7aef7e883271b9d3eafdc0700f225195a8665dbe35026100",
                "308145022100cc2edca8a882a06c3bea92f89b22abdc5a084ec189268c0b7861d7dbda03af740220658b8d486a72c2538a7aef7e883271b9d3eafdc0700f225195a8665dbe350261",
                "300702010102020001",
                "3006020100020101",
                "3006020181020101",
                "30060201010201",
                "3007020101020101ff",
                "300602010103020101"
            })
    void signatureMustBeStrictDer(String signature) {
        byte[] payload = HexFormat.of().parseHex(signature + MASTER);
        String message = Hex.of(ContainerFields.write("TSPM", payload));

        Cli.Result result = new Cli().run("inspect", message);

        assertThat(result.status()).isEqualTo(1);
        assertThat(result.out()).contains("ok     CRC-32C of message", "WRONG  form of the signature");
    }

    @ParameterizedTest
    @EnumSource(Curve.class)
    void explainsKeysOfAllCurvesAndFormsWithoutShowingSecrets(Curve curve) {
        IdentityKeyPair pair = IdentityKeyPair.generate(curve);
        String name = CurveName.of(curve);
        byte[] secret = pair.privateKey().encodeSecret();
        String digits = Hex.of(secret).substring(26);
        for (byte[] form : List.of(
                secret, pair.privateKey().encodeSecretPem(), pair.privateKey().encodeSecretPkcs8())) {
            for (String json : new String[] {"--json", "--debug"}) {
                String out =
                        new Cli().input(form).run("inspect", json).succeeded().out();
                assertThat(out)
                        .contains(
                                "A private key on " + name,
                                "which is a secret",
                                pair.publicKey().fingerprint());
                assertThat(out).doesNotContain(digits.substring(0, 20), new String(form, US_ASCII).substring(30, 40));
            }
        }
        for (byte[] form : List.of(
                pair.publicKey().encode(),
                pair.publicKey().encodeUncompressed(),
                pair.publicKey().encodeX509(),
                pair.publicKey().encodePem().getBytes(US_ASCII))) {
            assertThat(new Cli().input(form).run("inspect").succeeded().out())
                    .contains("A public key on " + name, pair.publicKey().fingerprint());
        }
    }

    @Test
    void damagedPrivateKeyIsNotShownEither() {
        byte[] secret = IdentityKeyPair.generate().privateKey().encodeSecret();
        String digits = Hex.of(secret).substring(30, 50);
        for (int at : new int[] {7, 8, 12, 44}) {
            byte[] damaged = secret.clone();
            damaged[at] ^= 0x10;
            Cli.Result result = new Cli().input(damaged).run("inspect");
            assertThat(result.status()).isEqualTo(1);
            assertThat(result.out()).contains("WRONG", "private key").doesNotContain(digits);
        }
    }

    @Test
    void explainsSealedDataAndOurOwnStates() {
        byte[] sealed = Sealer.withPassphrase("x".toCharArray()).seal(new byte[10]);
        assertThat(new Cli().input(sealed).run("inspect").succeeded().out())
                .startsWith("10 bytes sealed with a passphrase.")
                .contains("iterations      314110");
        byte[] costly = sealed.clone();
        costly[51] = 0x7F;
        assertThat(new Cli().input(costly).run("inspect").out()).contains("WRONG  iterations: ");
        byte[] longer = Arrays.copyOf(sealed, sealed.length + 1);
        assertThat(new Cli().input(longer).run("inspect").out())
                .contains("WRONG  data length: 10 where 11 bytes follow");

        byte[] state = new byte[100];
        System.arraycopy("SSS1N".getBytes(US_ASCII), 0, state, 0, 5);
        assertThat(new Cli().input(state).run("inspect").succeeded().out())
                .startsWith("A saved handshake in the form of");
        state[4] = 'X';
        assertThat(new Cli().input(state).run("inspect").out()).contains("WRONG  kind: unknown");
    }

    @Test
    void writesJson() {
        String json = new Cli().run("inspect", "--json", M4).succeeded().out();

        assertThat(json)
                .startsWith("{")
                .contains("\"what\": \"Handshake message 4: the server confirms the session\"")
                .contains("\"ok\": true")
                .contains("{\"offset\": 12, \"length\": 32, \"depth\": 1, \"name\": \"mac4\", \"value\": \"74dcdc8e");
        assertThat(new Cli().run("inspect", "--json", M1).out()).contains("introduces itself", "\\\"client\\\"");
    }

    @Test
    void refusesWhatIsNothing() throws IOException {
        new Cli().run("inspect").failed(1, "0 bytes");
        new Cli().run("inspect", "no-such-file").failed(1, "no such file, and neither hexadecimal nor base64");
        new Cli().run("inspect", directory).failed(1, "is a directory");
        Cli.Result tooShort = new Cli().run("inspect", "00112233");
        assertThat(tooShort.status()).isEqualTo(1);
        assertThat(tooShort.out()).contains("WRONG  recognized");
        new Cli()
                .run("inspect", "--public-key", Files.writeString(directory.resolve("x"), "x"), M1)
                .failed(1, "no key");
    }

    @Test
    void saysThatThereIsNoFileOfThatName() throws IOException {
        assertThat(words("nofilehere12"))
                .contains("WRONG recognized", "(there is no file \"nofilehere12\", so it was read as base64)");
        assertThat(words("00112233")).contains("(there is no file \"00112233\", so it was read as hexadecimal)");
        assertThat(words("--json", "nofilehere12")).contains("no file \\\"nofilehere12\\\"");
        assertThat(words("ab".repeat(31)))
                .contains("(there is no file of this name, so it was read as hexadecimal)")
                .doesNotContain("abab");
        Path file = Files.writeString(directory.resolve("short"), "nofilehere12");
        assertThat(words(file.toString())).contains("WRONG recognized").doesNotContain("no file");
    }

    /** What it writes about something wrong, without its line breaks. */
    private static String words(Object... input) {
        List<Object> arguments = new ArrayList<>(List.of("inspect"));
        arguments.addAll(List.of(input));
        Cli.Result result = new Cli().run(arguments.toArray());
        assertThat(result.status()).as(result.err()).isEqualTo(1);
        return result.out().replaceAll("\\s+", " ");
    }

    /** Whatever comes, there is a report. */
    @Test
    void survivesAnything() {
        long seed = new Random().nextLong();
        System.out.println("InspectTest seed " + seed);
        Random random = new Random(seed);
        String[] starts = {
            "TSPM", "TSSC", "SSS1", "UEC2", "REC5", "URA1", "\0\1\1@", "\0\1\1A", "0\u0003\2", "-----BEGIN ", ""
        };
        for (int i = 0; i < 3000; i++) {
            byte[] bytes = new byte[random.nextInt(150) + 12];
            random.nextBytes(bytes);
            byte[] start = starts[random.nextInt(starts.length)].getBytes(US_ASCII);
            System.arraycopy(start, 0, bytes, 0, start.length);
            if (random.nextBoolean()) {
                bytes[4] = 0;
                bytes[5] = 0;
                bytes[6] = 0;
                bytes[7] = (byte) random.nextInt(bytes.length + 2);
            }
            StringWriter out = new StringWriter();
            Report report = new Inspector(null).inspect(bytes);
            ReportWriter writer = new ReportWriter(new PrintWriter(out));
            writer.writeText(report);
            writer.writeJson(report);
            assertThat(out.toString()).as(Hex.of(bytes)).contains("\"ok\": " + report.isAllRight());
        }
    }

    private static boolean isAllRight(byte[] bytes) {
        return new Inspector(null).inspect(bytes).isAllRight();
    }
}
