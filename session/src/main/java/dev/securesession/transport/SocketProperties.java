package dev.securesession.transport;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.KeyRejectedException;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Properties;

/** The properties file of a {@link SecureSocketFactory}: who we are, and the one peer that is accepted. */
final class SocketProperties {
    private static final String IDENTITY = "identity";
    private static final String IDENTITY_KEY = "identity.key";
    private static final String PEER = "peer";
    private static final String PEER_KEY = "peer.key";
    private static final String[] NAMES = {IDENTITY, IDENTITY_KEY, PEER, PEER_KEY};

    private final SessionConfig config;
    private final PeerId peer;

    private SocketProperties(SessionConfig config, PeerId peer) {
        this.config = config;
        this.peer = peer;
    }

    /**
     * Reads a file and the keys that it names.
     *
     * @throws IllegalArgumentException if one of them cannot be read, a property is missing, or one is not known
     */
    static SocketProperties load(Path file) {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            properties.load(reader);
        } catch (IOException e) {
            throw new IllegalArgumentException("the properties file " + file + " cannot be read: " + e, e);
        }
        for (String name : properties.stringPropertyNames()) {
            if (!Arrays.asList(NAMES).contains(name)) {
                throw new IllegalArgumentException("an unknown property " + name + " in " + file
                        + "; the properties are " + String.join(", ", NAMES));
            }
        }
        PeerId identity = PeerId.ofUtf8(required(properties, IDENTITY, file));
        PeerId peer = PeerId.ofUtf8(required(properties, PEER, file));
        Path privateKey = file.resolveSibling(required(properties, IDENTITY_KEY, file));
        Path publicKey = file.resolveSibling(required(properties, PEER_KEY, file));
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(identity, privateKey(privateKey)), PeerDirectory.of(peer, publicKey(publicKey)));
        return new SocketProperties(config, peer);
    }

    SessionConfig config() {
        return config;
    }

    PeerId peer() {
        return peer;
    }

    private static String required(Properties properties, String name, Path file) {
        String value = properties.getProperty(name, "").trim();
        if (value.isEmpty()) {
            throw new IllegalArgumentException("no property " + name + " in " + file);
        }
        return value;
    }

    private static IdentityPrivateKey privateKey(Path file) {
        byte[] encoded = bytes(file);
        try {
            return IdentityPrivateKey.read(encoded);
        } catch (KeyRejectedException e) {
            throw new IllegalArgumentException("the private key in " + file + " cannot be used: " + e.getMessage(), e);
        } finally {
            Arrays.fill(encoded, (byte) 0);
        }
    }

    private static IdentityPublicKey publicKey(Path file) {
        try {
            return IdentityPublicKey.read(bytes(file));
        } catch (KeyRejectedException e) {
            throw new IllegalArgumentException("the public key in " + file + " cannot be used: " + e.getMessage(), e);
        }
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new IllegalArgumentException("the key file " + file + " cannot be read: " + e, e);
        }
    }
}
