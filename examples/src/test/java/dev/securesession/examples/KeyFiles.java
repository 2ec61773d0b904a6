package dev.securesession.examples;

import dev.securesession.IdentityKeyPair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The files that {@code secure-session keygen} writes: a private key, and the public one beside it. */
public final class KeyFiles {
    private KeyFiles() {}

    /** Makes a key pair; returns the file of the private key, and the public key is in a file with {@code .pub} appended. */
    public static Path generate(Path folder, String name) throws IOException {
        IdentityKeyPair keys = IdentityKeyPair.generate();
        Files.write(folder.resolve(name + ".pub"), keys.publicKey().encode());
        return Files.write(folder.resolve(name), keys.privateKey().encodeSecret());
    }
}
