package dev.securesession.cli.keys;

import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.keyfile.KeyForm;
import dev.securesession.cli.keyfile.KeyReader;
import dev.securesession.cli.keyfile.LoadedKey;
import dev.securesession.cli.keyfile.NewFile;
import dev.securesession.cli.keyfile.PassphraseOptions;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "pubkey",
        description = {
            "Writes the public key that belongs to a private key, or a public key in another form.",
            "",
            "The key is read in any form: Themis container, as it is or in base64 or hexadecimal; PEM; PKCS#8 or X.509 "
                    + "in DER; sealed with a passphrase."
        },
        footer = {
            "",
            "Examples:",
            "  secure-session pubkey alice.key --out alice.key.pub",
            "  secure-session pubkey alice.key --format base64"
        })
public final class PubkeyCommand extends Subcommand {
    @Parameters(paramLabel = "FILE", description = "The file with the key; - for standard input.")
    @SuppressWarnings("NullAway.Init")
    private String file;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "FILE",
            description = "Where the public key goes. Default: standard output.")
    private @Nullable Path out;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "themis",
            description = "themis, a container as Themis peers read it (binary); base64, the same as a line of text, "
                    + "for peers files; or pem. Default: ${DEFAULT-VALUE}.")
    @SuppressWarnings("NullAway.Init")
    private KeyForm form;

    @Mixin
    private PassphraseOptions passphrase;

    @Option(names = "--force", description = "Replace a file that exists.")
    private boolean force;

    @Override
    public Integer call() throws IOException, Failure {
        byte[] encoded;
        try (LoadedKey key = new KeyReader(terminal(), passphrase).read(file)) {
            encoded = form.write(key.publicKey());
        }
        if (out == null) {
            terminal().binaryOut().write(encoded);
            return 0;
        }
        NewFile.Existing existing = force ? NewFile.Existing.REPLACE : NewFile.Existing.KEEP;
        try (NewFile publicKey = NewFile.write(out, encoded, NewFile.Readers.ANYONE, existing)) {
            publicKey.appear();
        }
        return 0;
    }
}
