package dev.securesession.cli.keys;

import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Hex;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.keyfile.KeyReader;
import dev.securesession.cli.keyfile.LoadedKey;
import dev.securesession.cli.keyfile.PassphraseOptions;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "fingerprint",
        description = {
            "Prints the fingerprint of a key, for people to compare.",
            "",
            "Both keys of a pair have the same fingerprint, in every format: SHA256: and the digest of the "
                    + "public key container in base64."
        },
        footer = {
            "",
            "Examples:",
            "  secure-session fingerprint bob.key.pub",
            "  secure-session fingerprint - --hex < bob.pem"
        })
public final class FingerprintCommand extends Subcommand {
    @Parameters(
            paramLabel = "FILE",
            description = "The file with the private or public key, in any form; - for standard input.")
    @SuppressWarnings("NullAway.Init")
    private String file;

    @Option(names = "--hex", description = "Print the digest in hexadecimal.")
    private boolean hex;

    @Mixin
    private PassphraseOptions passphrase;

    @Override
    public Integer call() throws IOException, Failure {
        try (LoadedKey key = new KeyReader(terminal(), passphrase).read(file)) {
            terminal()
                    .out()
                    .println(
                            hex
                                    ? Hex.of(key.publicKey().fingerprintBytes())
                                    : key.publicKey().fingerprint());
            terminal().out().flush();
        }
        return 0;
    }
}
