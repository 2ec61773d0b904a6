package dev.securesession.cli.operations;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WatchedFilesTest {
    @TempDir
    private Path directory;

    @Test
    void reportsChangeOnceWhenItIsStable() throws IOException {
        Path file = Files.writeString(directory.resolve("peers"), "a");
        WatchedFiles watched = new WatchedFiles(List.of(file));
        assertThat(watched.haveChanged()).isFalse();

        Files.writeString(file, "half");
        assertThat(watched.haveChanged()).isFalse();
        Files.writeString(file, "whole text");
        assertThat(watched.haveChanged()).isFalse();
        assertThat(watched.haveChanged()).isTrue();
        assertThat(watched.haveChanged()).isFalse();
    }

    @Test
    void reportsFileThatIsReplacedOrGone() throws IOException {
        Path file = Files.writeString(directory.resolve("peers"), "a");
        WatchedFiles watched = new WatchedFiles(List.of(file));
        Path other = Files.writeString(directory.resolve("other"), "b");
        Files.setLastModifiedTime(other, Files.getLastModifiedTime(file));
        Files.delete(file);
        Files.move(other, file);
        assertThat(changed(watched)).isTrue();

        Files.delete(file);
        assertThat(changed(watched)).isTrue();
    }

    @Test
    void entriesOfFolderCount() throws IOException {
        Path folder = Files.createDirectory(directory.resolve("peers"));
        WatchedFiles watched = new WatchedFiles(List.of(folder));
        Path added = Files.writeString(folder.resolve("alice.pub"), "a");
        assertThat(changed(watched)).isTrue();
        Files.writeString(added, "other");
        assertThat(changed(watched)).isTrue();
    }

    @Test
    void otherFilesBeginFromTheirStateOfThatMoment() throws IOException {
        Path first = Files.writeString(directory.resolve("first"), "a");
        Path second = Files.writeString(directory.resolve("second"), "a");
        WatchedFiles watched = new WatchedFiles(List.of(first));
        Files.writeString(first, "changed");
        watched.watch(List.of(second));
        assertThat(changed(watched)).isFalse();
        Files.writeString(second, "changed");
        assertThat(changed(watched)).isTrue();
    }

    private static boolean changed(WatchedFiles watched) {
        boolean first = watched.haveChanged();
        return watched.haveChanged() || first;
    }
}
