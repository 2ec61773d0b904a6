package dev.securesession.cli.keyfile;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerId;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Terminal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options for the local identity. */
public final class IdentityOptions {
    @Option(names = "--id", required = true, paramLabel = "ID", order = 1, description = "Our own id, any text.")
    @SuppressWarnings("NullAway.Init")
    private String id;

    @Option(
            names = "--key",
            required = true,
            paramLabel = "FILE",
            order = 2,
            description = "Our private key, in any form that keygen or OpenSSL writes.")
    @SuppressWarnings("NullAway.Init")
    private String key;

    @Mixin
    private PassphraseOptions passphrase;

    /** Reads the private key, and asks for its passphrase if it is sealed. */
    public LocalIdentity read(Terminal terminal) throws IOException, Failure {
        PeerId own = peerId(id);
        IdentityPrivateKey privateKey = reader(terminal).readPrivate(key);
        return LocalIdentity.of(own, privateKey);
    }

    /** Returns our own id. */
    public PeerId id() throws Failure {
        return peerId(id);
    }

    /** Returns the name of the file with the private key. */
    public String keyFile() {
        return key;
    }

    /** Returns the file with the private key, unless that is standard input. */
    public List<Path> files() throws Failure {
        return key.equals(KeyReader.STANDARD_INPUT) ? List.of() : List.of(KeyReader.path(key));
    }

    /** Returns what reads keys, and asks for a passphrase as the options say. */
    public KeyReader reader(Terminal terminal) {
        return new KeyReader(terminal, passphrase);
    }

    /** Returns an id that was given as text. */
    public static PeerId peerId(String text) throws Failure {
        try {
            return PeerId.ofUtf8(text);
        } catch (IllegalArgumentException e) {
            throw new Failure("invalid id: " + e.getMessage(), e);
        }
    }
}
