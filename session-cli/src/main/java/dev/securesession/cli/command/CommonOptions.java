package dev.securesession.cli.command;

import picocli.CommandLine.Option;

/** The options of every command. */
// Picocli acts upon these options, and Errors upon the second one.
@SuppressWarnings("UnusedVariable")
public final class CommonOptions {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            order = 100,
            description = "Show this help and exit.")
    private boolean help;

    @Option(names = DEBUG, order = 101, description = "Show the stack trace of an error.")
    private boolean debug;

    public static final String DEBUG = "--debug";

    /** The option that asks a person for a passphrase, where a command takes one. */
    public static final String PASSPHRASE = "--passphrase";
}
