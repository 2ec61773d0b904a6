package dev.securesession.cli.state;

import dev.securesession.StateKey;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Terminal;
import dev.securesession.store.KeyRing;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that name the keys of a key ring. */
final class KeyRingOptions {
    @Option(
            names = "--state-key",
            required = true,
            paramLabel = "NAME=FILE",
            order = 10,
            description = "The current state key, with its name in the key ring.")
    @SuppressWarnings("NullAway.Init")
    private String current;

    @Option(
            names = "--earlier-key",
            paramLabel = "NAME=FILE",
            order = 11,
            description = "An earlier state key, for reading; may be given several times.")
    private List<String> earlier = new ArrayList<>();

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    /** The keys of a ring, which are destroyed with this. */
    record Keys(KeyRing ring, List<StateKey> keys) implements AutoCloseable {
        @Override
        public void close() {
            keys.forEach(StateKey::destroy);
        }
    }

    /** Reads the keys, the caller's to close. */
    Keys read(Terminal terminal) throws IOException, Failure {
        Map<String, String> files = new LinkedHashMap<>();
        for (String key : earlier) {
            addFile(files, "--earlier-key", key);
        }
        addFile(files, "--state-key", current);
        List<StateKey> keys = new ArrayList<>();
        boolean read = false;
        try {
            KeyRing ring = null;
            for (Map.Entry<String, String> file : files.entrySet()) {
                StateKey key = StateKeyFile.read(terminal, file.getValue());
                keys.add(key);
                ring = ring == null ? KeyRing.of(file.getKey(), key) : ring.withCurrent(file.getKey(), key);
            }
            if (ring == null) {
                throw new AssertionError("picocli requires --state-key");
            }
            read = true;
            return new Keys(ring, keys);
        } catch (IllegalArgumentException e) {
            throw new Failure(String.valueOf(e.getMessage()), e);
        } finally {
            if (!read) {
                keys.forEach(StateKey::destroy);
            }
        }
    }

    private void addFile(Map<String, String> files, String option, String value) {
        int separator = value.indexOf('=');
        if (separator <= 0 || separator == value.length() - 1) {
            throw new ParameterException(
                    command.commandLine(),
                    option + ": \"" + value + "\" is not NAME=FILE, for example 2026-11=2026-11.key");
        }
        if (files.put(value.substring(0, separator), value.substring(separator + 1)) != null) {
            throw new ParameterException(
                    command.commandLine(), option + ": two keys with the name " + value.substring(0, separator));
        }
    }
}
