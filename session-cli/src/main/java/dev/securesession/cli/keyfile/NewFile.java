package dev.securesession.cli.keyfile;

import dev.securesession.cli.command.Failure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.AclEntry;
import java.nio.file.attribute.AclEntryPermission;
import java.nio.file.attribute.AclEntryType;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A file that appears under its name complete or not at all: it is written under another name beside it first. A secret
 * one is readable by its owner only from the moment it is created.
 */
public final class NewFile implements AutoCloseable {
    private final Path target;
    private final Path temporary;
    private final Existing existing;
    private @Nullable Path replaced;

    private NewFile(Path target, Path temporary, Existing existing) {
        this.target = target;
        this.temporary = temporary;
        this.existing = existing;
    }

    /** Writes the content to a temporary file, which {@link #appear} renames. */
    public static NewFile write(Path path, byte[] content, Readers readers, Existing existing)
            throws IOException, Failure {
        requireFree(path, existing);
        // A link to the old file stays a link, to the new one.
        Path target = Files.isSymbolicLink(path) ? path.toRealPath() : path.toAbsolutePath();
        Path temporary = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
        NewFile file = new NewFile(target, temporary, existing);
        try (FileChannel channel = FileChannel.open(
                temporary,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                attributes(target, readers))) {
            ByteBuffer rest = ByteBuffer.wrap(content);
            while (rest.hasRemaining()) {
                channel.write(rest);
            }
            channel.force(true);
        } catch (AccessDeniedException e) {
            throw new Failure("no permission to write " + path, e);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
        return file;
    }

    /** Fails if the path is taken by something that must not be replaced. */
    public static void requireFree(Path path, Existing existing) throws Failure {
        if (path.getFileName() == null || Files.isDirectory(path)) {
            throw new Failure(path + " is a directory");
        }
        Path directory = path.toAbsolutePath().getParent();
        if (directory != null && !Files.isDirectory(directory)) {
            throw new Failure("no such directory: " + directory);
        }
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (existing != Existing.REPLACE) {
            throw taken(path, existing);
        }
        if (!Files.isRegularFile(path)) {
            throw new Failure(path + " is not a regular file; it cannot be replaced");
        }
    }

    private static Failure taken(Path path, Existing existing) {
        return new Failure(path + " exists already"
                + (existing == Existing.KEEP
                        ? "; --force replaces it"
                        : " and is never replaced; choose another name"));
    }

    public void appear() throws IOException, Failure {
        if (existing == Existing.REPLACE) {
            try {
                Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
            }
            return;
        }
        try {
            // Unlike a move, this fails on every system if the name was taken meanwhile.
            Files.createLink(target, temporary);
        } catch (FileAlreadyExistsException e) {
            throw taken(target, existing);
        } catch (IOException | UnsupportedOperationException e) {
            Files.move(temporary, target);
        }
    }

    /** Puts all files into their places, or none of them: if one fails, those before it are taken back. */
    public static void appearTogether(NewFile... files) throws IOException, Failure {
        for (int i = 0; i < files.length; i++) {
            try {
                files[i].keepReplaced();
                files[i].appear();
            } catch (IOException | Failure | RuntimeException e) {
                for (int before = i - 1; before >= 0; before--) {
                    files[before].takeBack(e);
                }
                throw e;
            }
        }
    }

    private void keepReplaced() throws IOException {
        if (existing == Existing.REPLACE && Files.exists(target)) {
            Path copy = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".old");
            try {
                Files.createLink(copy, target);
            } catch (UnsupportedOperationException | FileSystemException e) {
                Files.copy(target, copy, StandardCopyOption.COPY_ATTRIBUTES);
            }
            replaced = copy;
        }
    }

    private void takeBack(Exception cause) {
        try {
            if (replaced == null) {
                Files.deleteIfExists(target);
            } else {
                Files.move(replaced, target, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    /** Removes temporary files and the copies of replaced ones. */
    @Override
    public void close() throws IOException {
        Files.deleteIfExists(temporary);
        if (replaced != null) {
            Files.deleteIfExists(replaced);
        }
    }

    private static FileAttribute<?>[] attributes(Path target, Readers readers) {
        Set<String> views = target.getFileSystem().supportedFileAttributeViews();
        if (readers == Readers.ANYONE) {
            return new FileAttribute<?>[0];
        }
        if (views.contains("posix")) {
            return new FileAttribute<?>[] {
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
            };
        }
        return views.contains("acl") ? ownerOnly(target) : new FileAttribute<?>[0];
    }

    private static FileAttribute<?>[] ownerOnly(Path target) {
        try {
            UserPrincipal owner = target.getFileSystem()
                    .getUserPrincipalLookupService()
                    .lookupPrincipalByName(System.getProperty("user.name"));
            AclEntry everything = AclEntry.newBuilder()
                    .setType(AclEntryType.ALLOW)
                    .setPrincipal(owner)
                    .setPermissions(EnumSet.allOf(AclEntryPermission.class))
                    .build();
            return new FileAttribute<?>[] {new AclOfOwner(List.of(everything))};
        } catch (IOException | UnsupportedOperationException e) {
            return new FileAttribute<?>[0];
        }
    }

    /** The users who may read a file. */
    public enum Readers {
        OWNER,
        ANYONE
    }

    /** The treatment of an existing file. */
    public enum Existing {
        /** It stays: the command replaces it with {@code --force} only, which was not given. */
        KEEP,
        /** It stays: the command has no {@code --force}. */
        KEEP_ALWAYS,
        REPLACE
    }

    private record AclOfOwner(List<AclEntry> value) implements FileAttribute<List<AclEntry>> {
        @Override
        public String name() {
            return "acl:acl";
        }
    }
}
