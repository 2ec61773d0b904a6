package dev.securesession.cli.keyfile;

import dev.securesession.IdentityPublicKey;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.FastestProviders;
import dev.securesession.cli.command.Terminal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options for the local identity and the keys of peers. */
public final class PeerOptions {
    @Mixin
    private IdentityOptions identity;

    @Option(
            names = "--peer",
            required = true,
            paramLabel = "ID=FILE",
            order = 3,
            description =
                    "The id of a peer and the file with its public key. connect and proxy: exactly one peer; listen: one "
                            + "or more. state seal and state unseal: the one peer of the session. Repeat it with the same id "
                            + "for up to 4 keys of one peer, while keys are rotated. "
                            + "The last = separates id and file: the id may contain another one, the name of the file not.")
    @SuppressWarnings("NullAway.Init")
    private List<String> peers;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    /** Returns how many peers were named. */
    public int count() {
        return filesById().size();
    }

    /** Returns the id of the first peer that was named. */
    public PeerId first() throws Failure {
        return IdentityOptions.peerId(filesById().keySet().iterator().next());
    }

    /** Returns a configuration that accepts the peers that were named. */
    public SessionConfig config(Terminal terminal) throws IOException, Failure {
        PeerDirectory directory = directory(terminal);
        return SessionConfig.of(identity.read(terminal), directory).withCrypto(FastestProviders.get());
    }

    /** Returns the options for the local identity. */
    public IdentityOptions identity() {
        return identity;
    }

    /** Returns a directory of the peers that were named. */
    public PeerDirectory directory(Terminal terminal) throws IOException, Failure {
        Map<PeerId, List<IdentityPublicKey>> keys = NamedKeys.read(terminal, identity, command.commandLine(), peers);
        return peer -> keys.getOrDefault(peer, List.of());
    }

    /** Returns the files of the peers that were named. */
    public List<Path> files() throws Failure {
        return NamedKeys.files(command.commandLine(), peers);
    }

    private Map<String, List<String>> filesById() {
        return NamedKeys.filesById(command.commandLine(), peers);
    }
}
