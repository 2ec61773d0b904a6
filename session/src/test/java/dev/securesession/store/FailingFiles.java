package dev.securesession.store;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The file system of this machine, with one call that fails. For one thread. */
final class FailingFiles extends FileSystem {
    /** When the call fails. */
    enum Moment {
        /** Before it has done anything. */
        BEFORE,
        /** After it has done everything; a write has written half. */
        AFTER
    }

    /** A call of the file system. */
    @FunctionalInterface
    private interface Call<T> {
        T run() throws IOException;
    }

    private final FileSystem real;
    private final int failing;
    private final Moment moment;
    private final Provider provider = new Provider();
    private int calls;
    private String failed = "";

    /**
     * Makes a file system.
     *
     * @param failing the number of the call that fails, from 1
     */
    FailingFiles(FileSystem real, int failing, Moment moment) {
        this.real = real;
        this.failing = failing;
        this.moment = moment;
    }

    /** Returns the same path on this file system. */
    Path path(Path path) {
        return (Path) Proxy.newProxyInstance(
                FailingFiles.class.getClassLoader(), new Class<?>[] {Path.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("getFileSystem")) {
                        return this;
                    }
                    if (method.getName().equals("toRealPath")) {
                        return call("toRealPath", () -> path(path.toRealPath()));
                    }
                    Object[] plain = new Object[arguments == null ? 0 : arguments.length];
                    for (int i = 0; i < plain.length; i++) {
                        plain[i] = arguments[i] instanceof Path other ? unwrap(other) : arguments[i];
                    }
                    try {
                        Object result = method.invoke(path, plain);
                        return result instanceof Path other ? path(other) : result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    /** Returns the name of the call that has failed, empty while none has. */
    String failed() {
        return failed;
    }

    private Path unwrap(Path path) {
        return real.getPath(path.toString());
    }

    private <T> T call(String name, Call<T> call) throws IOException {
        calls++;
        boolean fails = calls == failing;
        if (fails) {
            failed = name;
        }
        if (fails && moment == Moment.BEFORE) {
            throw new IOException(name + " fails before");
        }
        T result = call.run();
        if (fails) {
            if (result instanceof AutoCloseable open) {
                close(open);
            }
            throw new IOException(name + " fails after");
        }
        return result;
    }

    private static void close(AutoCloseable open) throws IOException {
        try {
            open.close();
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        }
    }

    @Override
    public FileSystemProvider provider() {
        return provider;
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean isOpen() {
        return real.isOpen();
    }

    @Override
    public boolean isReadOnly() {
        return real.isReadOnly();
    }

    @Override
    public String getSeparator() {
        return real.getSeparator();
    }

    @Override
    public Iterable<Path> getRootDirectories() {
        return real.getRootDirectories();
    }

    @Override
    public Iterable<FileStore> getFileStores() {
        return real.getFileStores();
    }

    @Override
    public Set<String> supportedFileAttributeViews() {
        return real.supportedFileAttributeViews();
    }

    @Override
    public Path getPath(String first, String... more) {
        return path(real.getPath(first, more));
    }

    @Override
    public PathMatcher getPathMatcher(String pattern) {
        PathMatcher matcher = real.getPathMatcher(pattern);
        return path -> matcher.matches(unwrap(path));
    }

    @Override
    public UserPrincipalLookupService getUserPrincipalLookupService() {
        return real.getUserPrincipalLookupService();
    }

    @Override
    public WatchService newWatchService() {
        throw new UnsupportedOperationException();
    }

    private final class Provider extends FileSystemProvider {
        private FileSystemProvider to() {
            return real.provider();
        }

        @Override
        public String getScheme() {
            return "failing";
        }

        @Override
        public FileSystem newFileSystem(URI uri, Map<String, ?> env) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileSystem getFileSystem(URI uri) {
            return FailingFiles.this;
        }

        @Override
        public Path getPath(URI uri) {
            throw new UnsupportedOperationException();
        }

        @Override
        public SeekableByteChannel newByteChannel(
                Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes) throws IOException {
            return newFileChannel(path, options, attributes);
        }

        @Override
        public FileChannel newFileChannel(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
                throws IOException {
            return call("open", () -> new Channel(to().newFileChannel(unwrap(path), options, attributes)));
        }

        @Override
        public DirectoryStream<Path> newDirectoryStream(Path directory, DirectoryStream.Filter<? super Path> filter)
                throws IOException {
            return call("newDirectoryStream", () -> {
                List<Path> paths = new ArrayList<>();
                try (DirectoryStream<Path> found = to().newDirectoryStream(unwrap(directory), path -> true)) {
                    for (Path path : found) {
                        if (filter.accept(path(path))) {
                            paths.add(path(path));
                        }
                    }
                }
                return new DirectoryStream<Path>() {
                    @Override
                    public java.util.Iterator<Path> iterator() {
                        return paths.iterator();
                    }

                    @Override
                    public void close() {}
                };
            });
        }

        @Override
        public void createDirectory(Path directory, FileAttribute<?>... attributes) throws IOException {
            call("createDirectory", () -> {
                to().createDirectory(unwrap(directory), attributes);
                return "";
            });
        }

        @Override
        public void delete(Path path) throws IOException {
            call("delete", () -> {
                to().delete(unwrap(path));
                return "";
            });
        }

        @Override
        public void copy(Path source, Path target, CopyOption... options) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void move(Path source, Path target, CopyOption... options) throws IOException {
            call("move", () -> {
                to().move(unwrap(source), unwrap(target), options);
                return "";
            });
        }

        @Override
        public boolean isSameFile(Path path, Path other) throws IOException {
            return to().isSameFile(unwrap(path), unwrap(other));
        }

        @Override
        public boolean isHidden(Path path) throws IOException {
            return to().isHidden(unwrap(path));
        }

        @Override
        public FileStore getFileStore(Path path) throws IOException {
            return to().getFileStore(unwrap(path));
        }

        @Override
        public void checkAccess(Path path, AccessMode... modes) throws IOException {
            call("checkAccess", () -> {
                to().checkAccess(unwrap(path), modes);
                return "";
            });
        }

        @Override
        public <V extends FileAttributeView> V getFileAttributeView(Path path, Class<V> type, LinkOption... options) {
            return to().getFileAttributeView(unwrap(path), type, options);
        }

        @Override
        public <A extends BasicFileAttributes> A readAttributes(Path path, Class<A> type, LinkOption... options)
                throws IOException {
            return call("readAttributes", () -> to().readAttributes(unwrap(path), type, options));
        }

        @Override
        public Map<String, Object> readAttributes(Path path, String attributes, LinkOption... options)
                throws IOException {
            return call("readAttributes", () -> to().readAttributes(unwrap(path), attributes, options));
        }

        @Override
        public void setAttribute(Path path, String attribute, Object value, LinkOption... options) throws IOException {
            call("setAttribute", () -> {
                to().setAttribute(unwrap(path), attribute, value, options);
                return "";
            });
        }
    }

    private final class Channel extends FileChannel {
        private final FileChannel to;

        Channel(FileChannel to) {
            this.to = to;
        }

        @Override
        public int read(ByteBuffer target) throws IOException {
            return call("read", () -> to.read(target));
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            if (calls + 1 == failing && moment == Moment.AFTER) {
                source.limit(source.position() + source.remaining() / 2);
            }
            return call("write", () -> to.write(source));
        }

        @Override
        public long position() throws IOException {
            return to.position();
        }

        @Override
        public FileChannel position(long position) throws IOException {
            to.position(position);
            return this;
        }

        @Override
        public long size() throws IOException {
            return call("size", to::size);
        }

        @Override
        public void force(boolean metaData) throws IOException {
            call("force", () -> {
                to.force(metaData);
                return "";
            });
        }

        @Override
        public FileLock tryLock(long position, long size, boolean shared) throws IOException {
            FileLock lock = call("tryLock", () -> to.tryLock(position, size, shared));
            return lock;
        }

        @Override
        protected void implCloseChannel() throws IOException {
            // A close that fails has closed the file all the same.
            to.close();
            call("close", () -> "");
        }

        @Override
        public long read(ByteBuffer[] targets, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long write(ByteBuffer[] sources, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileChannel truncate(long size) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel target) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long transferFrom(ReadableByteChannel source, long position, long count) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int read(ByteBuffer target, long position) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int write(ByteBuffer source, long position) {
            throw new UnsupportedOperationException();
        }

        @Override
        public MappedByteBuffer map(MapMode mode, long position, long size) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileLock lock(long position, long size, boolean shared) {
            throw new UnsupportedOperationException();
        }
    }
}
