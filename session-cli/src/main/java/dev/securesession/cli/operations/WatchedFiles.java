package dev.securesession.cli.operations;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Notices that files have changed, by looking at their sizes and times: works on every file system, and with files that are
 * replaced or are symbolic links. A change counts when two looks in a row see the same state, so that a file that is being
 * written is not read in the middle. For one thread.
 */
public final class WatchedFiles {
    private Collection<Path> paths;
    private Map<Path, String> applied;
    private Map<Path, String> seen;

    /**
     * @param paths files, and folders whose entries count
     */
    public WatchedFiles(Collection<Path> paths) {
        this.paths = List.copyOf(paths);
        this.applied = look();
        this.seen = applied;
    }

    /** Watches other files from now on, whose state at this moment has been applied. */
    public void watch(Collection<Path> others) {
        paths = List.copyOf(others);
        applied = look();
        seen = applied;
    }

    /** Watches these files from now on; those that were watched before keep the state that has been applied. */
    public void add(Collection<Path> others) {
        Map<Path, String> earlier = applied;
        paths = List.copyOf(others);
        applied = look();
        applied.replaceAll((path, state) -> earlier.getOrDefault(path, state));
        seen = applied;
    }

    /** Tells once whether the files have changed since they were last reported, and have been stable for one look. */
    public boolean haveChanged() {
        Map<Path, String> now = look();
        boolean stable = now.equals(seen);
        seen = now;
        if (stable && !now.equals(applied)) {
            applied = now;
            return true;
        }
        return false;
    }

    private Map<Path, String> look() {
        Map<Path, String> states = new TreeMap<>();
        for (Path path : paths) {
            states.put(path, state(path));
            if (Files.isDirectory(path)) {
                try (Stream<Path> entries = Files.list(path)) {
                    entries.limit(MAX_ENTRIES).forEach(entry -> states.put(entry, state(entry)));
                } catch (IOException | UncheckedIOException e) {
                    states.put(path, "unreadable");
                }
            }
        }
        return states;
    }

    private static String state(Path path) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            return attributes.lastModifiedTime().toInstant() + " " + attributes.size() + " " + attributes.fileKey();
        } catch (IOException e) {
            return "absent";
        }
    }

    private static final int MAX_ENTRIES = 10_001;
}
