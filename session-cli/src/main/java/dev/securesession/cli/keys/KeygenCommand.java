package dev.securesession.cli.keys;

import dev.securesession.Curve;
import dev.securesession.IdentityKeyPair;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.Sealer;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.keyfile.CurveName;
import dev.securesession.cli.keyfile.KeyForm;
import dev.securesession.cli.keyfile.NewFile;
import dev.securesession.cli.keyfile.PassphraseOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "keygen",
        description = {
            "Makes a key pair, with which a peer proves its identity.",
            "",
            "The private key goes to a file that only its owner can read; the public key, which is to be given to "
                    + "other peers, goes to another one beside it. Prints the fingerprint of the public key."
        },
        footer = {
            "",
            "Examples:",
            "  secure-session keygen --out alice.key",
            "  secure-session keygen --out alice.key --passphrase",
            "  secure-session keygen --out alice.pem --format pem --curve P-384"
        })
public final class KeygenCommand extends Subcommand {
    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "FILE",
            description = "Where the private key goes.")
    @SuppressWarnings("NullAway.Init")
    private Path out;

    @Option(names = "--public", paramLabel = "FILE", description = "Where the public key goes. Default: FILE.pub.")
    private @Nullable Path publicOut;

    @Option(
            names = "--curve",
            paramLabel = "CURVE",
            converter = CurveName.class,
            completionCandidates = CurveName.class,
            defaultValue = "P-256",
            description = "P-256, which all peers know; P-384; or P-521. Default: ${DEFAULT-VALUE}.")
    @SuppressWarnings("NullAway.Init")
    private Curve curve;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "themis",
            description = "themis, a container as Themis peers read it; base64, the same as a line of text; or pem, as "
                    + "OpenSSL reads it. A private key that "
                    + "is sealed with a passphrase is always a container. Default: ${DEFAULT-VALUE}.")
    @SuppressWarnings("NullAway.Init")
    private KeyForm form;

    @Mixin
    private PassphraseOptions passphrase;

    @Option(names = "--force", description = "Replace files that exist.")
    private boolean force;

    @Override
    public Integer call() throws IOException, Failure {
        requireName("--out", out);
        if (publicOut != null) {
            requireName("--public", publicOut);
        }
        Path publicFile = publicOut == null ? Path.of(out + ".pub") : publicOut;
        if (publicFile.toAbsolutePath().normalize().equals(out.toAbsolutePath().normalize())) {
            throw wrongUsage("the private and the public key go to the same file");
        }
        NewFile.Existing existing = force ? NewFile.Existing.REPLACE : NewFile.Existing.KEEP;
        NewFile.requireFree(out, existing);
        NewFile.requireFree(publicFile, existing);

        IdentityKeyPair pair = IdentityKeyPair.generate(curve);
        byte[] secret;
        try {
            secret = passphrase.isGiven()
                    ? seal(passphrase.forSealing(terminal()), pair.privateKey())
                    : form.writeSecret(pair.privateKey());
        } finally {
            pair.privateKey().destroy();
        }
        try (NewFile privateKey = NewFile.write(out, secret, NewFile.Readers.OWNER, existing);
                NewFile publicKey =
                        NewFile.write(publicFile, form.write(pair.publicKey()), NewFile.Readers.ANYONE, existing)) {
            NewFile.appearTogether(privateKey, publicKey);
        } finally {
            Arrays.fill(secret, (byte) 0);
        }
        PrintWriter stdout = terminal().out();
        stdout.println("private key  " + out + (passphrase.isGiven() ? "  (sealed with the passphrase)" : ""));
        stdout.println("public key   " + publicFile);
        stdout.println("fingerprint  " + pair.publicKey().fingerprint() + "  (" + CurveName.of(curve) + ")");
        stdout.flush();
        return 0;
    }

    private void requireName(String option, Path file) {
        if (file.toString().isBlank()) {
            throw wrongUsage(option + ": \"" + file + "\" names no file; expected a name, for example alice.key");
        }
    }

    private static byte[] seal(Sealer sealer, IdentityPrivateKey key) {
        byte[] secret = key.encodeSecret();
        try {
            return sealer.seal(secret);
        } finally {
            Arrays.fill(secret, (byte) 0);
            sealer.destroy();
        }
    }
}
