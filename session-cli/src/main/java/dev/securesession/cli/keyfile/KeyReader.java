package dev.securesession.cli.keyfile;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.KeyRejectedException;
import dev.securesession.SealedDataException;
import dev.securesession.Sealer;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Terminal;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Objects;
import java.util.Set;

/**
 * Reads keys from files in every supported format: the container of Themis peers, as it is or as base64 or
 * hexadecimal text; PKCS#8 and X.509, as DER or PEM; and each of these sealed with a passphrase.
 */
public final class KeyReader {
    private final Terminal terminal;
    private final PassphraseOptions passphrase;

    public KeyReader(Terminal terminal, PassphraseOptions passphrase) {
        this.terminal = terminal;
        this.passphrase = passphrase;
    }

    /** Reads a private or a public key; {@code -} is standard input. */
    public LoadedKey read(String file) throws IOException, Failure {
        return warned(file, read(file, "", KeyReader::openKey, KeyReader::openKey));
    }

    /** Reads a private key, the caller's to destroy. */
    public IdentityPrivateKey readPrivate(String file) throws IOException, Failure {
        LoadedKey key =
                read(file, "a public key where a private one belongs", KeyReader::openPrivate, KeyReader::openPrivate);
        return Objects.requireNonNull(warned(file, key).privateKey());
    }

    /** Reads a public key; {@code -} is standard input. */
    public IdentityPublicKey readPublic(String file) throws IOException, Failure {
        return read(file, "a private key where a public one belongs", IdentityPublicKey::read, IdentityPublicKey::read);
    }

    /** Returns a key, and warns if others can read it and should not. */
    private LoadedKey warned(String file, LoadedKey key) throws IOException {
        if (key.privateKey() != null
                && !file.equals(STANDARD_INPUT)
                && !key.form().equals(SEALED)) {
            warnIfReadableByOthers(terminal, Path.of(file));
        }
        return key;
    }

    /**
     * @param otherKind says that the key is of the other kind
     */
    private <K> K read(String file, String otherKind, Reading<K> open, SealedReading<K> sealed)
            throws IOException, Failure {
        String name = file.equals(STANDARD_INPUT) ? "standard input" : file;
        byte[] content = content(terminal, file, MAX_KEY_LENGTH);
        try {
            return key(content, name, open, sealed);
        } catch (KeyRejectedException e) {
            boolean isOtherKind = e.reason() == KeyRejectedException.Reason.WRONG_KIND;
            throw new Failure(name + ": " + (isOtherKind ? otherKind : e.getMessage()), e);
        } catch (SealedDataException e) {
            throw new Failure(name + ": " + e.getMessage(), e);
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    private <K> K key(byte[] content, String name, Reading<K> open, SealedReading<K> sealed)
            throws IOException, Failure, KeyRejectedException, SealedDataException {
        if (content.length == 0) {
            throw new Failure(name + " is empty; a key belongs there");
        }
        try {
            return open.read(content);
        } catch (KeyRejectedException e) {
            if (e.reason() != KeyRejectedException.Reason.SEALED) {
                throw e;
            }
        }
        if (isSealedWithKey(content)) {
            throw new Failure(name + " is sealed with a key; only what is sealed with a passphrase can be opened here");
        }
        Sealer sealer = passphrase.forOpening(terminal, name);
        try {
            return sealed.read(content, sealer);
        } catch (SealedDataException e) {
            if (e.reason() == SealedDataException.Reason.NOT_AUTHENTIC) {
                throw new Failure(name + ": wrong passphrase, or the file was changed", e);
            }
            throw e;
        } finally {
            sealer.destroy();
        }
    }

    /** Reads a key of either kind that is not sealed. */
    public static LoadedKey openKey(byte[] content) throws KeyRejectedException {
        try {
            return openPrivate(content);
        } catch (KeyRejectedException e) {
            requireOtherKind(e);
            return LoadedKey.of(IdentityPublicKey.read(content), form(content));
        }
    }

    private static LoadedKey openKey(byte[] content, Sealer sealer) throws KeyRejectedException, SealedDataException {
        try {
            return openPrivate(content, sealer);
        } catch (KeyRejectedException e) {
            requireOtherKind(e);
            return LoadedKey.of(IdentityPublicKey.read(content, sealer), SEALED);
        }
    }

    private static LoadedKey openPrivate(byte[] content) throws KeyRejectedException {
        return LoadedKey.of(IdentityPrivateKey.read(content), form(content));
    }

    private static LoadedKey openPrivate(byte[] content, Sealer sealer)
            throws KeyRejectedException, SealedDataException {
        return LoadedKey.of(IdentityPrivateKey.read(content, sealer), SEALED);
    }

    /** Refuses what is no public key either. The library has expected a private key: its message leaves the other kind out. */
    private static void requireOtherKind(KeyRejectedException e) throws KeyRejectedException {
        if (e.reason() != KeyRejectedException.Reason.WRONG_KIND) {
            String message = String.valueOf(e.getMessage())
                    .replaceFirst("(; expected .*)a private key", "$1a private or a public key");
            throw new KeyRejectedException(e.reason(), message, e);
        }
    }

    /** Tries a random key: data sealed with a passphrase are refused as such, before any computation. */
    private static boolean isSealedWithKey(byte[] content) throws KeyRejectedException {
        byte[] random = new byte[32];
        new SecureRandom().nextBytes(random);
        Sealer other = Sealer.withKey(random);
        try {
            IdentityPublicKey.read(content, other);
            return true;
        } catch (SealedDataException e) {
            return e.reason() == SealedDataException.Reason.NOT_AUTHENTIC;
        } finally {
            other.destroy();
        }
    }

    /** Names the form of a key that could be read. */
    private static String form(byte[] content) {
        if (isPem(content)) {
            return "PEM";
        }
        return switch (firstInDerSequence(content)) {
            case DER_INTEGER -> "PKCS#8";
            case DER_SEQUENCE -> "X.509";
            default -> "a Themis container";
        };
    }

    /** Reads all of a file or of standard input, up to a limit. */
    public static byte[] content(Terminal terminal, String file, int maxLength) throws IOException, Failure {
        if (file.equals(STANDARD_INPUT)) {
            return content(terminal.in(), "standard input", maxLength);
        }
        Path path = path(file);
        if (Files.isDirectory(path)) {
            throw new Failure(file + " is a directory");
        }
        try (InputStream in = Files.newInputStream(path)) {
            return content(in, file, maxLength);
        }
    }

    static Path path(String file) throws Failure {
        try {
            return Path.of(file);
        } catch (InvalidPathException e) {
            throw new Failure("not a file name: " + file, e);
        }
    }

    private static byte[] content(InputStream in, String name, int maxLength) throws IOException, Failure {
        byte[] content = in.readNBytes(maxLength + 1);
        if (content.length > maxLength) {
            Arrays.fill(content, (byte) 0);
            throw new Failure(name + " has more than " + maxLength + " bytes");
        }
        return content;
    }

    /** Warns if others than the owner can read a file with a secret. */
    public static void warnIfReadableByOthers(Terminal terminal, Path file) throws IOException {
        if (!file.getFileSystem().supportedFileAttributeViews().contains("posix") || !Files.isRegularFile(file)) {
            return;
        }
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
        if (permissions.contains(PosixFilePermission.GROUP_READ)
                || permissions.contains(PosixFilePermission.OTHERS_READ)) {
            terminal.warn("others can read " + file + " (" + PosixFilePermissions.toString(permissions)
                    + "); make it private: chmod 600 " + file);
        }
    }

    public static boolean isPem(byte[] content) {
        return contains(content, "-----BEGIN ");
    }

    public static boolean isSealed(byte[] content) {
        return content.length >= 4
                && content[0] == 0
                && content[1] == 1
                && content[2] == 1
                && (content[3] == SEALED_WITH_KEY || content[3] == SEALED_WITH_PASSPHRASE);
    }

    /** The tag of the first element of a DER sequence, by which PKCS#8 and X.509 differ; 0 if it is none. */
    public static int firstInDerSequence(byte[] content) {
        if (content.length < 2 || content[0] != DER_SEQUENCE) {
            return 0;
        }
        int lengthBytes = content[1] < 0 ? content[1] & 0x7F : 0;
        return 2 + lengthBytes < content.length ? content[2 + lengthBytes] : 0;
    }

    public static boolean startsWith(byte[] content, String start) {
        return content.length >= start.length() && matches(content, 0, start);
    }

    private static boolean contains(byte[] content, String part) {
        for (int at = 0; at + part.length() <= content.length; at++) {
            if (matches(content, at, part)) {
                return true;
            }
        }
        return false;
    }

    private static boolean matches(byte[] content, int at, String part) {
        for (int i = 0; i < part.length(); i++) {
            if (content[at + i] != part.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Reads a key that is not sealed. */
    private interface Reading<K> {
        K read(byte[] content) throws KeyRejectedException;
    }

    /** Reads a key that is sealed with a passphrase. */
    private interface SealedReading<K> {
        K read(byte[] content, Sealer sealer) throws KeyRejectedException, SealedDataException;
    }

    public static final String STANDARD_INPUT = "-";

    private static final String SEALED = "sealed data";

    private static final int MAX_KEY_LENGTH = 1 << 16;
    private static final int DER_SEQUENCE = 0x30;
    private static final int DER_INTEGER = 0x02;
    private static final int SEALED_WITH_KEY = 0x40;
    private static final int SEALED_WITH_PASSPHRASE = 0x41;
}
