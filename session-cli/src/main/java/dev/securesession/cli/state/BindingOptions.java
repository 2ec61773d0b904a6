package dev.securesession.cli.state;

import dev.securesession.StateBinding;
import dev.securesession.StateKey;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Terminal;
import java.io.IOException;
import picocli.CommandLine.Option;

/** The options that say what seals a saved session and what it belongs to. */
final class BindingOptions {
    @Option(
            names = "--state-key",
            required = true,
            paramLabel = StateKeyFile.FORM,
            converter = StateKeyFile.Converter.class,
            order = 10,
            description = "The state key, 32 bytes. Its name may be left out: it is not part of this form.")
    @SuppressWarnings("NullAway.Init")
    private StateKeyFile keyFile;

    @Option(
            names = "--owner",
            required = true,
            paramLabel = "NAME",
            order = 11,
            description = "What the state belongs to, as StateBinding.of takes it.")
    @SuppressWarnings("NullAway.Init")
    private String owner;

    @Option(
            names = "--generation",
            paramLabel = "N",
            defaultValue = "0",
            order = 12,
            description = "Counts the states of this owner. Default: ${DEFAULT-VALUE}.")
    private long generation;

    StateBinding binding() throws Failure {
        try {
            return StateBinding.of(owner, generation);
        } catch (IllegalArgumentException e) {
            throw new Failure(String.valueOf(e.getMessage()), e);
        }
    }

    /** Reads the key, the caller's to destroy. */
    StateKey key(Terminal terminal) throws IOException, Failure {
        return keyFile.read(terminal);
    }
}
