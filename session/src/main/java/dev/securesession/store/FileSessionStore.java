package dev.securesession.store;

import dev.securesession.PeerId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps each record in a file of its own, in a directory that one process uses at a time: for programs with up to some
 * thousand sessions and no database. A record is written to a new file, forced to the disk and then renamed, so that after a
 * failure of the machine there is the old record or the new one. Only the owner of the process may read the files, where the
 * file system knows owners.
 *
 * <p>{@link #list(int)} reads the names of files only. {@link #list(PeerId)}, {@link #deleteAll}, {@link #deleteExpired} and
 * {@link #listNotSealedBy} read all files of the directory, at any limit. Safe for use by several threads, one at a time.
 */
public final class FileSessionStore implements SessionStore {
    private static final String SUFFIX = ".session";
    private static final String NEW_SUFFIX = ".new";
    private static final String LOCK_NAME = ".lock";

    /** The directories that stores of this virtual machine use. */
    private static final Set<Path> IN_USE = ConcurrentHashMap.newKeySet();

    private final Path directory;
    private final Path real;
    private final FileChannel lockChannel;
    private final boolean posix;
    private boolean closed;

    private FileSessionStore(Path directory, Path real, FileChannel lockChannel, boolean posix) {
        this.directory = directory;
        this.real = real;
        this.lockChannel = lockChannel;
        this.posix = posix;
    }

    /**
     * Opens the store in a directory, which is made if there is none.
     *
     * @param directory for this store alone
     * @return the store, the caller's to close
     * @throws IOException if the directory cannot be made or used, or another process or store uses it
     */
    public static FileSessionStore open(Path directory) throws IOException {
        boolean posix = directory.getFileSystem().supportedFileAttributeViews().contains("posix");
        Files.createDirectories(directory, attributes(posix, "rwx------"));
        Path real = directory.toRealPath();
        // Closing any channel of the lock file would drop the lock of this process: no second one is opened.
        if (!IN_USE.add(real)) {
            throw inUse(directory);
        }
        boolean opened = false;
        try {
            FileSessionStore store = lock(directory, real, posix);
            opened = true;
            return store;
        } finally {
            if (!opened) {
                IN_USE.remove(real);
            }
        }
    }

    private static FileSessionStore lock(Path directory, Path real, boolean posix) throws IOException {
        FileChannel channel = FileChannel.open(
                directory.resolve(LOCK_NAME),
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                attributes(posix, "rw-------"));
        boolean locked = false;
        try {
            if (!isLocked(channel)) {
                throw inUse(directory);
            }
            FileSessionStore store = new FileSessionStore(directory, real, channel, posix);
            store.deleteLeftOver();
            locked = true;
            return store;
        } finally {
            if (!locked) {
                channel.close();
            }
        }
    }

    private static FileSystemException inUse(Path directory) {
        return new FileSystemException(
                directory.toString(), null, "in use by another process or store; close that one first");
    }

    @SuppressWarnings("EmptyCatch") // A store of this process has the directory: not locked, which is the answer.
    private static boolean isLocked(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException sameProcess) {
            return false;
        }
    }

    /** A file that was not renamed is of a change that was not made. */
    private void deleteLeftOver() throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + NEW_SUFFIX)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
    }

    @Override
    public synchronized boolean insert(SessionRecord record) throws IOException {
        requireOpen();
        if (exists(file(record.id()))) {
            return false;
        }
        write(record);
        forceDirectory();
        return true;
    }

    /** Not {@link Files#exists}, which answers no if the question fails: the file would be replaced. */
    private static boolean exists(Path file) throws IOException {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class) != null;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    @Override
    public synchronized Optional<SessionRecord> find(String id) throws IOException {
        requireOpen();
        try {
            return Optional.of(RecordFile.read(Files.readAllBytes(file(id)), id));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    @Override
    public synchronized List<Boolean> replaceAll(List<Change> changes) throws IOException {
        List<Boolean> made = new ArrayList<>();
        for (Change change : changes) {
            boolean current = isCurrent(change.id(), change.epoch(), change.version());
            if (current) {
                write(change.next());
            }
            made.add(current);
        }
        forceDirectory();
        return made;
    }

    @Override
    public synchronized boolean delete(SessionRecord record) throws IOException {
        boolean current = isCurrent(record.id(), record.epoch(), record.version());
        if (current) {
            Files.delete(file(record.id()));
            forceDirectory();
        }
        return current;
    }

    @Override
    public synchronized List<String> list(int limit) throws IOException {
        requireOpen();
        List<String> ids = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
            for (Iterator<Path> file = files.iterator(); file.hasNext() && ids.size() < limit; ) {
                String id = id(file.next());
                if (SessionRecord.isName(id)) {
                    ids.add(id);
                }
            }
        }
        return ids;
    }

    @Override
    public synchronized List<String> list(PeerId peer) throws IOException {
        List<String> ids = new ArrayList<>();
        for (SessionRecord record : all()) {
            if (MemorySessionStore.isOf(record, peer)) {
                ids.add(record.id());
            }
        }
        return ids;
    }

    @Override
    public synchronized List<String> deleteAll(PeerId peer) throws IOException {
        List<String> ids = list(peer);
        for (String id : ids) {
            Files.delete(file(id));
        }
        forceDirectory();
        return ids;
    }

    @Override
    public synchronized int deleteExpired(Instant now, int limit) throws IOException {
        int deleted = 0;
        for (SessionRecord record : all()) {
            if (deleted < limit && record.expires().isBefore(now)) {
                Files.delete(file(record.id()));
                deleted++;
            }
        }
        forceDirectory();
        return deleted;
    }

    @Override
    public synchronized List<String> listNotSealedBy(String keyName, int limit) throws IOException {
        List<String> ids = new ArrayList<>();
        for (SessionRecord record : all()) {
            if (ids.size() < limit && !record.keyName().equals(keyName)) {
                ids.add(record.id());
            }
        }
        return ids;
    }

    @Override
    public synchronized void close() throws IOException {
        if (!closed) {
            closed = true;
            try {
                lockChannel.close();
            } finally {
                IN_USE.remove(real);
            }
        }
    }

    @Override
    public String toString() {
        return "store in " + directory;
    }

    private boolean isCurrent(String id, long epoch, long version) throws IOException {
        return find(id).filter(stored -> stored.epoch() == epoch && stored.version() == version)
                .isPresent();
    }

    /** Returns all records but damaged ones, so that a damaged record does not keep the others from being listed. */
    private List<SessionRecord> all() throws IOException {
        requireOpen();
        List<SessionRecord> records = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
            for (Path file : files) {
                // A file that cannot be read may hold a session of the peer that is being revoked: that is a failure.
                byte[] bytes = Files.readAllBytes(file);
                try {
                    records.add(RecordFile.read(bytes, id(file)));
                } catch (IOException damaged) {
                    // The next claim of this record reports it.
                }
            }
        }
        return records;
    }

    private static String id(Path file) {
        String name = String.valueOf(file.getFileName());
        return name.substring(0, name.length() - SUFFIX.length());
    }

    private void write(SessionRecord record) throws IOException {
        Path target = file(record.id());
        Path fresh = target.resolveSibling(record.id() + NEW_SUFFIX);
        Set<StandardOpenOption> options =
                EnumSet.of(StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
        try (FileChannel channel = FileChannel.open(fresh, options, attributes(posix, "rw-------"))) {
            ByteBuffer bytes = ByteBuffer.wrap(RecordFile.write(record));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** A rename is durable once its directory is. Systems that cannot open a directory order the two by themselves. */
    private void forceDirectory() throws IOException {
        if (posix) {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    private Path file(String id) {
        return directory.resolve(SessionRecord.requireName(id, "a record") + SUFFIX);
    }

    private void requireOpen() throws IOException {
        if (closed) {
            throw new IOException("the store in " + directory + " is closed");
        }
    }

    private static FileAttribute<?>[] attributes(boolean posix, String permissions) {
        return posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }
}
