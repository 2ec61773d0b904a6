package dev.securesession.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class VersionTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final CommandLine command =
            Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));

    @ParameterizedTest
    @ValueSource(strings = {"version", "--version"})
    void printsTheVersionOfThisBuild(String argument) {
        assertThat(command.execute(argument)).isZero();

        assertThat(out.toString().strip()).isEqualTo("secure-session " + System.getProperty("project.version"));
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void refusesToRunWithoutSubcommand() {
        assertThat(command.execute()).isEqualTo(CommandLine.ExitCode.USAGE);

        assertThat(err.toString()).startsWith("Missing subcommand").contains("Usage: secure-session");
        assertThat(out.toString()).isEmpty();
    }
}
