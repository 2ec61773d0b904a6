package dev.securesession.cli.operations;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerId;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Terminal;
import dev.securesession.cli.keyfile.KeyReader;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Reads private keys once: a reload reads those again whose file has changed, and asks for no passphrase otherwise. For one
 * thread at a time.
 */
public final class Identities {
    private final Terminal terminal;
    private final KeyReader reader;
    private final Map<String, Known> known = new HashMap<>();

    public Identities(Terminal terminal, KeyReader reader) {
        this.terminal = terminal;
        this.reader = reader;
    }

    /** Returns an identity; the same object as before if nothing has changed. */
    public LocalIdentity read(PeerId id, String file) throws IOException, Failure {
        Known earlier = known.get(file);
        boolean standardInput = file.equals(KeyReader.STANDARD_INPUT);
        if (standardInput && earlier != null) {
            return earlier.identity;
        }
        byte[] digest = standardInput ? new byte[0] : digest(KeyReader.content(terminal, file, MAX_KEY_LENGTH));
        if (earlier != null
                && Arrays.equals(earlier.digest, digest)
                && earlier.identity.id().equals(id)) {
            return earlier.identity;
        }
        IdentityPrivateKey key = reader.readPrivate(file);
        LocalIdentity identity = LocalIdentity.of(id, key);
        known.put(file, new Known(digest, identity));
        return identity;
    }

    private static byte[] digest(byte[] content) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(content);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    private static final class Known {
        private final byte[] digest;
        private final LocalIdentity identity;

        Known(byte[] digest, LocalIdentity identity) {
            this.digest = digest;
            this.identity = identity;
        }
    }

    private static final int MAX_KEY_LENGTH = 1 << 16;
}
