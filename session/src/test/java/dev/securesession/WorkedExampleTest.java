package dev.securesession;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.internal.codec.Bytes;
import dev.securesession.testkit.Vectors;
import dev.securesession.testkit.Vectors.Transcript;
import dev.securesession.testkit.Vectors.Wrapped;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares the worked example of PROTOCOL.md, Part 3, with the recording that it prints: a wrong digit costs days. */
class WorkedExampleTest {
    private static final HexFormat HEX = HexFormat.of();
    private static final Pattern BLOCK = Pattern.compile("```\n(.*?)```", Pattern.DOTALL);
    private static final Pattern BYTES = Pattern.compile("(?<![\\w.])(?:0x)?((?:[0-9a-f]{2})+)(?![\\w.])");

    private final Transcript recorded = Vectors.transcripts().get(0);

    @Test
    void inputs() throws Exception {
        String block = blocks("Inputs").get(0);

        assertThat(block)
                .contains(
                        spaced(recorded.id(Role.CLIENT).toBytes()),
                        spaced(recorded.id(Role.SERVER).toBytes()));
        for (Role role : Role.values()) {
            assertThat(joined(block))
                    .contains(HEX.formatHex(recorded.privateKey(role).encodeSecret()))
                    .contains(HEX.formatHex(recorded.encodedPublicKey(role)))
                    .contains(HEX.formatHex(recorded.ephemeralScalar(role)))
                    .contains(HEX.formatHex(recorded.ephemeralPublicKey(role)));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void handshakeMessages(int number) throws Exception {
        String message = HEX.formatHex(recorded.message(number));

        assertThat(joined(blocks("Message " + number).get(0))).isEqualTo(message);
        assertThat(section("Message " + number)).contains(" " + message.length() / 2 + " bytes");
    }

    @Test
    void derivations() throws Exception {
        byte[] implicitKey = new byte[32];
        for (byte[] part : new byte[][] {
            "Themis secure session unique identifier".getBytes(UTF_8),
            recorded.ephemeralPublicKey(Role.CLIENT),
            recorded.ephemeralPublicKey(Role.SERVER),
            recorded.id(Role.CLIENT).toBytes(),
            recorded.id(Role.SERVER).toBytes()
        }) {
            for (int i = 0; i < Math.min(32, part.length); i++) {
                implicitKey[i] ^= part[i];
            }
        }

        assertThat(joined(blocks("Derivations").get(0)))
                .isEqualTo(HEX.formatHex(Bytes.concat(
                        implicitKey,
                        recorded.sid(),
                        recorded.sessionId(),
                        recorded.sharedSecret().orElseThrow(),
                        recorded.master(),
                        recorded.key(Role.CLIENT).orElseThrow(),
                        recorded.key(Role.SERVER).orElseThrow(),
                        reversed(number(Role.CLIENT)),
                        number(Role.CLIENT),
                        reversed(number(Role.SERVER)),
                        number(Role.SERVER))));
        assertThat(blocks("Derivations").get(0))
                .contains(String.format("%,d", recorded.initialSequence(Role.CLIENT)))
                .contains(String.format("%,d", recorded.initialSequence(Role.SERVER)));
    }

    @Test
    void states() throws Exception {
        assertThat(joined(blocks("State after").get(0)))
                .isEqualTo(HEX.formatHex(Bytes.concat(
                        recorded.stateAfterHandshake(Role.CLIENT), recorded.stateAfterHandshake(Role.SERVER))));
        assertThat(joined(blocks("Wrapped messages").get(3)))
                .isEqualTo(HEX.formatHex(
                        Bytes.concat(recorded.stateAtEnd(Role.CLIENT), recorded.stateAtEnd(Role.SERVER))));
    }

    @Test
    void wrappedMessages() throws Exception {
        List<Wrapped> fromClient = recorded.wrapped(Role.CLIENT);
        List<String> blocks = blocks("Wrapped messages");

        assertThat(joined(blocks.get(0))).isEqualTo(wrapped(fromClient.get(0)));
        assertThat(joined(blocks.get(1))).isEqualTo(wrapped(fromClient.get(1)));
        assertThat(joined(blocks.get(2)))
                .isEqualTo(wrapped(recorded.wrapped(Role.SERVER).get(0)));
    }

    @Test
    void fingerprints() throws Exception {
        String block = blocks("Values that only").get(0);
        for (Role role : Role.values()) {
            assertThat(block).contains(HEX.formatHex(recorded.publicKey(role).fingerprintBytes()));
        }
    }

    private static String wrapped(Wrapped message) {
        return HEX.formatHex(Bytes.concat(message.message(), message.header().orElseThrow(), message.payload()));
    }

    private byte[] number(Role role) {
        byte[] number = new byte[4];
        for (int i = 0; i < 4; i++) {
            number[i] = (byte) (recorded.initialSequence(role) >> (8 * (3 - i)));
        }
        return number;
    }

    private static byte[] reversed(byte[] bytes) {
        byte[] reversed = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            reversed[i] = bytes[bytes.length - 1 - i];
        }
        return reversed;
    }

    private static String spaced(byte[] bytes) {
        return HexFormat.ofDelimiter(" ").formatHex(bytes);
    }

    /** Returns the bytes that a block prints, without the labels and remarks between them. */
    private static String joined(String block) {
        StringBuilder bytes = new StringBuilder();
        for (Matcher found = BYTES.matcher(block.replace(",", " , ")); found.find(); ) {
            bytes.append(found.group(1));
        }
        return bytes.toString();
    }

    private static List<String> blocks(String heading) throws IOException {
        List<String> blocks = new ArrayList<>();
        for (Matcher block = BLOCK.matcher(section(heading)); block.find(); ) {
            blocks.add(block.group(1));
        }
        return blocks;
    }

    private static String section(String heading) throws IOException {
        String page =
                Files.readString(Path.of(System.getProperty("basedir", "")).resolve("../PROTOCOL.md"));
        String part = page.substring(page.indexOf("\n# Part 3"));
        int start = part.indexOf("\n## " + heading);
        assertThat(start).as("the section " + heading).isPositive();
        int end = part.indexOf("\n## ", start + 1);
        return part.substring(start, end < 0 ? part.length() : end);
    }
}
