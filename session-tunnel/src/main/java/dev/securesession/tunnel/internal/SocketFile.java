package dev.securesession.tunnel.internal;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Set;

/**
 * The file of a Unix-domain socket that only its owner can use, from the moment it appears under its name.
 *
 * <p>Java cannot set the mode of a socket before it is bound. So the socket is bound in a folder that only its owner can enter,
 * gets its mode there, and a link to it appears under its name, which fails if the name was taken meanwhile.
 */
public final class SocketFile {
    private SocketFile() {}

    /** Listens on the path that it is given. */
    public interface Binder<T> {
        /**
         * Listens.
         *
         * @param path where
         * @return what listens
         * @throws IOException if that is not possible
         */
        T bind(Path path) throws IOException;
    }

    /** Closes what listens, after a failure. */
    public interface Closer<T> {
        /**
         * Closes.
         *
         * @param listening what to close
         * @throws IOException if that is not possible
         */
        void close(T listening) throws IOException;
    }

    /**
     * Listens on a path, after the file that a killed process has left there was removed. The socket itself may know another
     * path, which is gone.
     *
     * @param path the name of the socket
     * @param binder listens
     * @param closer closes what listens if its file cannot get its name or its mode
     * @return what listens
     * @throws BindException if the file exists and is no socket, or another process may be listening on it
     * @throws IOException if it cannot be listened on
     */
    public static <T> T listen(Path path, Binder<T> binder, Closer<T> closer) throws IOException {
        removeStale(path);
        Set<String> views = path.getFileSystem().supportedFileAttributeViews();
        if (!views.contains("posix")) {
            return binder.bind(path);
        }
        Path folder = path.resolveSibling(PREFIX + random());
        if (folder.toString().getBytes(StandardCharsets.UTF_8).length + 2 > MAX_PATH_LENGTH) {
            // The system has no room for the longer name: without a folder there is a moment with the mode of the
            // umask.
            T listening = binder.bind(path);
            boolean ofOwner = false;
            try {
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(OWNER_ONLY));
                ofOwner = true;
            } finally {
                if (!ofOwner) {
                    closer.close(listening);
                    Files.deleteIfExists(path);
                }
            }
            return listening;
        }
        Files.createDirectory(folder, FOLDER_OF_OWNER);
        Path hidden = folder.resolve("s");
        try {
            T listening = binder.bind(hidden);
            boolean named = false;
            try {
                Files.setPosixFilePermissions(hidden, PosixFilePermissions.fromString(OWNER_ONLY));
                name(hidden, path);
                named = true;
            } finally {
                if (!named) {
                    closer.close(listening);
                }
            }
            return listening;
        } finally {
            Files.deleteIfExists(hidden);
            Files.delete(folder);
        }
    }

    private static void name(Path hidden, Path path) throws IOException {
        try {
            Files.createLink(path, hidden);
        } catch (FileAlreadyExistsException e) {
            throw anotherListens();
        } catch (FileSystemException | UnsupportedOperationException e) {
            // A file system without links.
            Files.move(hidden, path);
        }
    }

    /** The file of a socket outlives its process: removes it if nobody listens any more, and for no other reason. */
    private static void removeStale(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!isSocket(path)) {
            throw new BindException("the file exists and is no socket");
        }
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            // A process whose queue is full makes a blocking connect wait.
            probe.configureBlocking(false);
            probe.connect(UnixDomainSocketAddress.of(path));
        } catch (ConnectException nobodyListens) {
            Files.delete(path);
            return;
        } catch (IOException e) {
            BindException unknown = new BindException(
                    "the file exists, and another process may be listening on it; remove it if none does ("
                            + e.getMessage() + ")");
            unknown.initCause(e);
            throw unknown;
        }
        throw anotherListens();
    }

    private static boolean isSocket(Path path) throws IOException {
        if (path.getFileSystem().supportedFileAttributeViews().contains("unix")) {
            return Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) instanceof Integer mode
                    && (mode & TYPE_MASK) == TYPE_SOCKET;
        }
        return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .isOther();
    }

    private static BindException anotherListens() {
        return new BindException("another process listens on it");
    }

    private static String random() {
        byte[] bytes = new byte[4];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    private static final String PREFIX = ".s";
    private static final String OWNER_ONLY = "rw-------";
    private static final FileAttribute<?> FOLDER_OF_OWNER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    /** Linux has 108 bytes for the name of a socket and the zero after it, macOS 104. */
    private static final int MAX_PATH_LENGTH = 103;

    private static final int TYPE_MASK = 0170000;
    private static final int TYPE_SOCKET = 0140000;
}
