package dev.securesession.cli.manual;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.securesession.cli.command.Subcommand;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "manual",
        hidden = true,
        description = "Writes the manual pages and the completion for shells; for the build of packages.")
public final class ManualCommand extends Subcommand {
    @Parameters(paramLabel = "DIRECTORY", description = "Gets man/man1 and bash-completion/completions.")
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        CommandLine main = spec.root().commandLine();
        Path pages = Files.createDirectories(directory.resolve("man/man1"));
        for (ManualPage page : ManualPage.allOf(main)) {
            Files.write(pages.resolve(page.name() + ".1.gz"), compressed(page.text()));
        }
        Path completions = Files.createDirectories(directory.resolve("bash-completion/completions"));
        String name = main.getCommandName();
        // Shells read the file; they do not run it.
        String script = AutoComplete.bash(name, main).replaceFirst("^#!.*\\R", "");
        Files.writeString(completions.resolve(name), script);
        return 0;
    }

    /** Returns the same bytes for the same text: without a time, and marked as the best compression. */
    private static byte[] compressed(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new BestCompression(bytes)) {
            out.write(text.getBytes(UTF_8));
        }
        byte[] file = bytes.toByteArray();
        file[EXTRA_FLAGS] = 2;
        return file;
    }

    private static final class BestCompression extends GZIPOutputStream {
        BestCompression(OutputStream out) throws IOException {
            super(out);
            def.setLevel(Deflater.BEST_COMPRESSION);
        }
    }

    /** The offset of the flags that tell the level of compression, in the header of gzip. */
    private static final int EXTRA_FLAGS = 8;
}
