package dev.securesession.cli.keyfile;

import dev.securesession.IdentityPublicKey;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Terminal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** The values of {@code --peer}: ids and the files of their public keys. */
public final class NamedKeys {
    private NamedKeys() {}

    /** Reads the keys of all peers that were named, in their sequence. */
    public static Map<PeerId, List<IdentityPublicKey>> read(
            Terminal terminal, IdentityOptions identity, CommandLine command, List<String> values)
            throws IOException, Failure {
        KeyReader reader = identity.reader(terminal);
        Map<PeerId, List<IdentityPublicKey>> keys = new LinkedHashMap<>();
        for (Map.Entry<String, List<String>> peer : filesById(command, values).entrySet()) {
            List<IdentityPublicKey> ofPeer = new ArrayList<>();
            for (String file : peer.getValue()) {
                ofPeer.add(readPublic(reader, peer.getKey(), file));
            }
            keys.put(IdentityOptions.peerId(peer.getKey()), List.copyOf(ofPeer));
        }
        return keys;
    }

    private static IdentityPublicKey readPublic(KeyReader reader, String peerId, String file)
            throws IOException, Failure {
        try {
            return reader.readPublic(file);
        } catch (Failure e) {
            throw new Failure("--peer " + peerId + ": " + e.getMessage(), e);
        }
    }

    /** Returns the files that were named. */
    public static List<Path> files(CommandLine command, List<String> values) throws Failure {
        List<Path> files = new ArrayList<>();
        for (List<String> ofPeer : filesById(command, values).values()) {
            for (String file : ofPeer) {
                files.add(KeyReader.path(file));
            }
        }
        return files;
    }

    static Map<String, List<String>> filesById(CommandLine command, List<String> values) {
        Map<String, List<String>> files = new LinkedHashMap<>();
        for (String peer : values) {
            int separator = peer.lastIndexOf('=');
            if (separator <= 0 || separator == peer.length() - 1) {
                throw new ParameterException(
                        command, "--peer: \"" + peer + "\" is not ID=FILE, for example bob=bob.key.pub");
            }
            String peerId = peer.substring(0, separator);
            List<String> ofPeer = files.computeIfAbsent(peerId, unused -> new ArrayList<>());
            ofPeer.add(peer.substring(separator + 1));
            if (ofPeer.size() > PeerDirectory.MAX_KEYS) {
                throw new ParameterException(
                        command, "--peer: more than " + PeerDirectory.MAX_KEYS + " keys for \"" + peerId + "\"");
            }
        }
        return files;
    }
}
