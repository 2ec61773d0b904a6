package dev.securesession.cli.manual;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.securesession.cli.Cli;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ManualTest {
    @TempDir
    Path directory;

    @Test
    void everyCommandOfTheHelpHasOnePageAndHiddenOnesHaveNone() throws IOException {
        write();

        List<String> commands = new ArrayList<>(commandsIn("secure-session", "--help"));
        commands.addAll(commandsIn("secure-session-state", "state", "--help"));
        assertThat(commands).contains("secure-session-keygen", "secure-session-listen", "secure-session-state-move");
        assertThat(pages())
                .containsExactlyInAnyOrderElementsOf(Stream.concat(Stream.of("secure-session"), commands.stream())
                        .map(name -> name + ".1.gz")
                        .toList());
    }

    private static List<String> commandsIn(String prefix, Object... help) {
        return new Cli()
                .run(help)
                .out()
                .lines()
                .filter(line -> line.matches("  [a-z-]+ +[A-Z].*"))
                .map(line -> prefix + "-" + line.strip().split(" ", 2)[0])
                .toList();
    }

    @Test
    void pageHoldsWhatTheHelpSays() throws IOException {
        write();

        assertThat(page("secure-session-listen"))
                .startsWith(".TH \"SECURE\\-SESSION\\-LISTEN\" \"1\"")
                .contains("secure\\-session\\-listen \\- Waits for a peer, and joins", "\n.SH \"SYNOPSIS\"\n")
                .contains("\\fB\\-\\-host=HOST\\fR\nThe address to listen on. Default: 127.0.0.1.\n")
                .contains(
                        "\n.SH \"EXIT STATUS\"\n",
                        "\\fB1\\fR\nIt failed: what has arrived is incomplete, here or there.\n")
                .contains("\n.nf\n  secure\\-session listen \\-\\-id bob")
                .doesNotContain("${", "%n", "@|");
        assertThat(page("secure-session")).contains("\\fBsecure\\-session\\-keygen\\fR(1)");
    }

    @Test
    void pagesAndCompletionAreTheSameEachTime() throws IOException {
        write();
        byte[] page = Files.readAllBytes(file("secure-session-keygen"));
        String completion = completion();
        write();

        assertThat(file("secure-session-keygen")).hasBinaryContent(page);
        assertThat(completion()).isEqualTo(completion);
    }

    @Test
    void formatterHasNothingToComplainOf() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/groff")), "groff is not installed");
        write();

        for (String page : pages()) {
            Process groff = new ProcessBuilder("/usr/bin/groff", "-man", "-ww", "-z", "-Tutf8", "-Kutf8")
                    .redirectErrorStream(true)
                    .start();
            try (var input = groff.getOutputStream()) {
                input.write(page(page.replace(".1.gz", "")).getBytes(UTF_8));
            }
            String complaints = new String(groff.getInputStream().readAllBytes(), UTF_8);
            assertThat(complaints).as(page).isEmpty();
            assertThat(groff.waitFor()).as(page).isZero();
        }
    }

    @Test
    void shellCompletesCommandsAndOptions() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "bash is not installed");
        write();

        assertThat(complete("secure-session", "key")).containsExactly("keygen");
        assertThat(complete("secure-session", "keygen", "--cur")).containsExactly("--curve");
        assertThat(complete("secure-session", "demo-s")).isEmpty();
    }

    private List<String> complete(String... words) throws Exception {
        // The shell refuses its own compopt outside of a completion.
        String script =
                "compopt() { :; }; source \"$1\"; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMP_TYPE=9; "
                        + "_complete_secure-session; printf '%s\\n' \"${COMPREPLY[@]}\"";
        List<String> command = new ArrayList<>(List.of(
                "/bin/bash",
                "-c",
                script,
                "bash",
                directory.resolve("bash-completion/completions/secure-session").toString()));
        command.addAll(List.of(words));
        Process shell = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed = new String(shell.getInputStream().readAllBytes(), UTF_8);
        assertThat(shell.waitFor()).as(printed).isZero();
        return printed.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();
    }

    private void write() {
        assertThat(new Cli().run("manual", directory).succeeded().out()).isEmpty();
    }

    private String completion() throws IOException {
        String script = Files.readString(directory.resolve("bash-completion/completions/secure-session"));
        assertThat(script).doesNotStartWith("#!");
        return script;
    }

    private List<String> pages() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("man/man1"))) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    private Path file(String name) {
        return directory.resolve("man/man1/" + name + ".1.gz");
    }

    private String page(String name) throws IOException {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(file(name)))) {
            return new String(in.readAllBytes(), UTF_8);
        }
    }
}
