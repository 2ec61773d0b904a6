package dev.securesession.cli.command;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** The base class of all subcommands: their terminal and their common options. */
@Command(
        sortOptions = false,
        parameterListHeading = "%n",
        optionListHeading = "%n",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:Success.", "1:A failure or a refusal.", "2:The command was used wrongly."})
public abstract class Subcommand implements Callable<Integer> {
    @ParentCommand
    private Terminal.Owner main;

    @Spec
    private CommandSpec spec;

    @Mixin
    @SuppressWarnings("UnusedVariable")
    private CommonOptions common;

    protected final Terminal terminal() {
        return main.terminal();
    }

    /** Returns the class whose main method this command was started by. */
    protected final Class<?> mainClass() {
        return main.getClass();
    }

    protected final CommandLine commandLine() {
        return spec.commandLine();
    }

    protected final ParameterException wrongUsage(String sentence) {
        return new ParameterException(spec.commandLine(), sentence);
    }
}
