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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options for the local identity and the keys of peers. */
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
                    "The id of a peer and the file with its public key. connect: exactly one peer; listen: one or more. "
                            + "Repeat it with the same id for up to 4 keys of one peer, while keys are rotated. "
                            + "The last = separates id and file: the id may contain another one, the name of the file not.")
    @SuppressWarnings("NullAway.Init")
    private List<String> peers;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Mixin
    private PassphraseOptions passphrase;

    /** Returns how many peers were named. */
    public int count() {
        return filesById().size();
    }

    /** Returns the id of the first peer that was named. */
    public PeerId first() throws Failure {
        return peerId(filesById().keySet().iterator().next());
    }

    /** Returns a configuration that accepts the peers that were named. */
    public SessionConfig config(Terminal terminal) throws IOException, Failure {
        KeyReader reader = new KeyReader(terminal, passphrase);
        Map<PeerId, List<IdentityPublicKey>> keys = new HashMap<>();
        for (Map.Entry<String, List<String>> peer : filesById().entrySet()) {
            List<IdentityPublicKey> ofPeer = new ArrayList<>();
            for (String file : peer.getValue()) {
                ofPeer.add(reader.readPublic(file));
            }
            keys.put(peerId(peer.getKey()), List.copyOf(ofPeer));
        }
        PeerDirectory directory = peer -> keys.getOrDefault(peer, List.of());
        IdentityPrivateKey privateKey = reader.readPrivate(key);
        try {
            return SessionConfig.of(LocalIdentity.of(peerId(id), privateKey), directory)
                    .withCrypto(CryptoProviders.fastest());
        } finally {
            privateKey.destroy();
        }
    }

    private Map<String, List<String>> filesById() {
        Map<String, List<String>> files = new LinkedHashMap<>();
        for (String peer : peers) {
            int separator = peer.lastIndexOf('=');
            if (separator <= 0 || separator == peer.length() - 1) {
                throw wrongUsage("--peer: \"" + peer + "\" is not ID=FILE, for example bob=bob.key.pub");
            }
            String peerId = peer.substring(0, separator);
            List<String> ofPeer = files.computeIfAbsent(peerId, unused -> new ArrayList<>());
            ofPeer.add(peer.substring(separator + 1));
            if (ofPeer.size() > PeerDirectory.MAX_KEYS) {
                throw wrongUsage("--peer: more than " + PeerDirectory.MAX_KEYS + " keys for \"" + peerId + "\"");
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
