package dev.securesession.cli.command;

import dev.securesession.SecureSessionException;
import dev.securesession.internal.base.VisibleText;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Prints an error as one sentence, with its stack trace only on request. */
public final class Errors implements IExecutionExceptionHandler, IParameterExceptionHandler {
    @Override
    public int handleExecutionException(Exception error, CommandLine command, @Nullable ParseResult parsed) {
        PrintWriter err = command.getErr();
        err.println(command.getCommandSpec().qualifiedName() + ": " + sentence(error));
        if (parsed != null && isDebugging(parsed)) {
            error.printStackTrace(err);
        }
        err.flush();
        return ExitCode.SOFTWARE;
    }

    @Override
    public int handleParseException(ParameterException error, String[] arguments) {
        CommandLine command = error.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        PrintWriter err = command.getErr();
        if (isUnknownCommand(error)) {
            String unknown = ((UnmatchedArgumentException) error).getUnmatched().get(0);
            err.println(name + ": unknown command \"" + oneLine(unknown) + "\"" + meant(unknown, command));
        } else {
            err.println(name + ": " + oneLine(withoutSecrets(error, arguments)));
            UnmatchedArgumentException.printSuggestions(error, err);
        }
        err.println("Try: " + name + " --help");
        if (List.of(arguments).contains(CommonOptions.DEBUG)) {
            error.printStackTrace(err);
        }
        err.flush();
        return ExitCode.USAGE;
    }

    /** Returns the reason in one line, without characters that terminals obey. */
    public static String sentence(Throwable error) {
        return oneLine(words(error));
    }

    public static String oneLine(String text) {
        return VisibleText.of(text.replaceAll("[\r\n\t]+", " ").strip());
    }

    private static String words(Throwable error) {
        String message = error.getMessage() == null ? "" : error.getMessage();
        if (error instanceof Failure || error instanceof SecureSessionException) {
            return message;
        }
        if (error instanceof NoSuchFileException) {
            return "no such file or directory: " + message;
        }
        if (error instanceof AccessDeniedException) {
            return "no permission: " + message;
        }
        if (error instanceof FileAlreadyExistsException) {
            return message + " exists already";
        }
        if (error instanceof DirectoryNotEmptyException) {
            return message + " is a directory";
        }
        if (error instanceof FileSystemException || (error instanceof IOException && !message.isEmpty())) {
            return message;
        }
        String name = error.getClass().getSimpleName();
        return "unexpected " + name + (message.isEmpty() ? "" : ": " + message) + " (--debug shows where)";
    }

    /** Tells whether the first argument that fits nothing stands where a command belongs. */
    private static boolean isUnknownCommand(ParameterException error) {
        CommandSpec spec = error.getCommandLine().getCommandSpec();
        return error instanceof UnmatchedArgumentException unmatched
                && !spec.subcommands().isEmpty()
                && spec.positionalParameters().isEmpty()
                && !unmatched.getUnmatched().get(0).startsWith("-");
    }

    /** Returns a question with the commands that have a similar name, as far as they begin in the same way. */
    private static String meant(String unknown, CommandLine command) {
        List<String> similar = command.getSubcommands().entrySet().stream()
                .filter(entry ->
                        !entry.getValue().getCommandSpec().usageMessage().hidden())
                .map(Map.Entry::getKey)
                .filter(name -> commonStart(name, unknown) >= Math.min(MIN_COMMON, unknown.length()))
                .toList();
        return similar.isEmpty() ? "" : "; did you mean " + String.join(" or ", similar) + "?";
    }

    private static int commonStart(String a, String b) {
        int length = 0;
        while (length < Math.min(a.length(), b.length()) && a.charAt(length) == b.charAt(length)) {
            length++;
        }
        return length;
    }

    /** Does not repeat a passphrase that was given as an argument by mistake. */
    private static String withoutSecrets(ParameterException error, String[] arguments) {
        for (String argument : arguments) {
            if (argument.startsWith(CommonOptions.PASSPHRASE + "=")) {
                return CommonOptions.PASSPHRASE
                        + " takes no value: it asks for the passphrase, since other users can see arguments";
            }
        }
        String message = error.getMessage() == null ? "wrong usage" : error.getMessage();
        // picocli begins some of its messages in this way, and the name of the command stands before all of them.
        return message.startsWith(PREFIX) ? message.substring(PREFIX.length()) : message;
    }

    private static boolean isDebugging(ParseResult parsed) {
        for (CommandLine command : parsed.asCommandLineList()) {
            if (command.getParseResult().hasMatchedOption(CommonOptions.DEBUG)) {
                return true;
            }
        }
        return false;
    }

    private static final String PREFIX = "Error: ";

    /** Commands that begin with as many letters of what was typed are suggested. */
    private static final int MIN_COMMON = 2;
}
