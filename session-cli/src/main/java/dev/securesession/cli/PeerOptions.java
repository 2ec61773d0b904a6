package dev.securesession.cli;

import dev.securesession.Identity;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Who we are and whom we talk to. */
final class PeerOptions {
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
            description = "The id of a peer and the file with its public key.")
    @SuppressWarnings("NullAway.Init")
    private Map<String, String> peers;

    @Mixin
    private PassphraseOptions passphrase;

    int count() {
        return peers.size();
    }

    /** Returns a configuration that accepts the peers that were named. */
    SessionConfig config(Terminal terminal) throws IOException, Failure {
        KeyReader reader = new KeyReader(terminal, passphrase);
        Map<PeerId, IdentityPublicKey> directory = new LinkedHashMap<>();
        for (Map.Entry<String, String> peer : peers.entrySet()) {
            directory.put(peerId(peer.getKey()), reader.readPublic(peer.getValue()));
        }
        IdentityPrivateKey privateKey = reader.readPrivate(key);
        try {
            SessionConfig config = SessionConfig.of(Identity.of(peerId(id), privateKey), PeerDirectory.of(directory));
            return count() == 1
                    ? config.withExpectedPeer(directory.keySet().iterator().next())
                    : config;
        } finally {
            privateKey.destroy();
        }
    }

    private static PeerId peerId(String text) throws Failure {
        try {
            return PeerId.ofUtf8(text);
        } catch (IllegalArgumentException e) {
            throw new Failure("an id that cannot be one: " + e.getMessage(), e);
        }
    }
}
