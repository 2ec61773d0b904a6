package dev.securesession.cli.command;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** What every subcommand has: where it reads and writes, and the options that are the same for all. */
@Command(
        sortOptions = false,
        parameterListHeading = "%n",
        optionListHeading = "%n",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:It is done.", "1:It failed, or something was refused.", "2:The command was used wrongly."})
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

    protected final ParameterException wrongUsage(String sentence) {
        return new ParameterException(spec.commandLine(), sentence);
    }
}
