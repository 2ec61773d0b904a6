package dev.securesession.cli.inspect;

import dev.securesession.IdentityPublicKey;
import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.command.Terminal;
import dev.securesession.cli.keyfile.KeyReader;
import dev.securesession.cli.keyfile.PassphraseOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "inspect",
        description = {
            "Explains a key, a handshake message, a wrapped message, a saved state, a state key or sealed data: field by field, "
                    + "with every check that is possible without secrets. Secrets are not shown.",
        },
        exitCodeList = {
            "0:Everything that could be checked is right.",
            "1:Something is wrong, or it could not be read.",
            "2:The command was used wrongly."
        },
        footer = {
            "",
            "Examples:",
            "  secure-session inspect alice.key",
            "  secure-session inspect 5453504d0000002c3ed4524a74dcdc8e...",
            "  secure-session inspect --json --public-key alice.key.pub - < message1.bin"
        })
public final class InspectCommand extends Subcommand {
    @Parameters(
            arity = "0..1",
            paramLabel = "INPUT",
            defaultValue = KeyReader.STANDARD_INPUT,
            description = "A file (binary, hexadecimal or base64), or the hexadecimal or base64 text itself; - for "
                    + "standard input, which is the default. Other users can see arguments: keep secrets in files.")
    @SuppressWarnings("NullAway.Init")
    private String input;

    @Option(
            names = "--public-key",
            paramLabel = "FILE",
            description = "Check the signature of message 1 with this public key of the client.")
    private @Nullable String publicKey;

    @Option(names = "--json", description = "Write JSON.")
    private boolean json;

    @Override
    public Integer call() throws IOException, Failure {
        Terminal terminal = terminal();
        IdentityPublicKey signer =
                publicKey == null ? null : new KeyReader(terminal, new PassphraseOptions()).readPublic(publicKey);
        byte[] content = content(terminal);
        Report report = new Inspector(signer).inspect(content);
        Arrays.fill(content, (byte) 0);
        if (!isRead()) {
            // Most words are valid base64, so a mistyped file name arrives here.
            report.explain(Inspector.RECOGNIZED, whyText());
        }
        ReportWriter writer = new ReportWriter(terminal.out());
        if (json) {
            writer.writeJson(report);
        } else {
            writer.writeText(report);
        }
        terminal.out().flush();
        return report.isAllRight() ? 0 : 1;
    }

    private byte[] content(Terminal terminal) throws IOException, Failure {
        if (isRead()) {
            byte[] content = KeyReader.content(terminal, input, MAX_LENGTH);
            if (content.length == 0) {
                throw new Failure("nothing to inspect: 0 bytes");
            }
            return content;
        }
        byte[] text = input.getBytes(StandardCharsets.UTF_8);
        byte[] decoded = TextForm.decode(text);
        if (decoded == null) {
            throw new Failure("no such file, and neither hexadecimal nor base64: "
                    + (input.length() > MAX_SHOWN ? input.length() + " characters" : input));
        }
        return decoded;
    }

    /** Whether the input is somewhere to read from, rather than the text itself. */
    private boolean isRead() {
        return input.equals(KeyReader.STANDARD_INPUT) || isFile(input);
    }

    private String whyText() {
        String file = input.length() > MAX_SHOWN ? "of this name" : '"' + Errors.oneLine(input) + '"';
        return "(there is no file " + file + ", so it was read as "
                + TextForm.name(input.getBytes(StandardCharsets.UTF_8)) + ")";
    }

    private static boolean isFile(String input) {
        try {
            return Files.exists(Path.of(input));
        } catch (InvalidPathException e) {
            return false;
        }
    }

    private static final int MAX_LENGTH = 64 << 20;

    /** Longer input could be a key, and is not printed. */
    private static final int MAX_SHOWN = 40;
}
