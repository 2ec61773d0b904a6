package dev.securesession.cli.keyfile;

import dev.securesession.CryptoProviders;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Terminal;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Who we are and whom we talk to. */
public final class PeerOptions {
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

    @Option(
            names = "--peer",
            required = true,
            paramLabel = "ID=FILE",
            order = 3,
            description =
                    "The id of a peer and the file with its public key. connect: exactly one; listen: one or more. "
                            + "The last = separates them: the id may contain another one, the name of the file not.")
    @SuppressWarnings("NullAway.Init")
    private List<String> peers;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Mixin
    private PassphraseOptions passphrase;

    public int count() {
        return peers.size();
    }

    /** Returns the id of the first peer that was named. */
    public PeerId first() throws Failure {
        return peerId(filesById().keySet().iterator().next());
    }

    /** Returns a configuration that accepts the peers that were named. */
    public SessionConfig config(Terminal terminal) throws IOException, Failure {
        KeyReader reader = new KeyReader(terminal, passphrase);
        Map<PeerId, IdentityPublicKey> directory = new LinkedHashMap<>();
        for (Map.Entry<String, String> peer : filesById().entrySet()) {
            directory.put(peerId(peer.getKey()), reader.readPublic(peer.getValue()));
        }
        IdentityPrivateKey privateKey = reader.readPrivate(key);
        try {
            return SessionConfig.of(LocalIdentity.of(peerId(id), privateKey), PeerDirectory.of(directory))
                    .withCrypto(CryptoProviders.fastest());
        } finally {
            privateKey.destroy();
        }
    }

    private Map<String, String> filesById() {
        Map<String, String> files = new LinkedHashMap<>();
        for (String peer : peers) {
            int separator = peer.lastIndexOf('=');
            if (separator <= 0 || separator == peer.length() - 1) {
                throw wrongUsage("--peer: \"" + peer + "\" is not ID=FILE, for example bob=bob.key.pub");
            }
            String peerId = peer.substring(0, separator);
            if (files.put(peerId, peer.substring(separator + 1)) != null) {
                throw wrongUsage("--peer: \"" + peerId + "\" is there twice; a peer has one key");
            }
        }
        return files;
    }

    private ParameterException wrongUsage(String sentence) {
        return new ParameterException(command.commandLine(), sentence);
    }

    private static PeerId peerId(String text) throws Failure {
        try {
            return PeerId.ofUtf8(text);
        } catch (IllegalArgumentException e) {
            throw new Failure("an id that cannot be one: " + e.getMessage(), e);
        }
    }
}
