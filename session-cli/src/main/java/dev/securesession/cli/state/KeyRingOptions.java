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
            paramLabel = StateKeyFile.NAMED_FORM,
            converter = StateKeyFile.Converter.class,
            order = 10,
            description =
                    "The current state key, 32 bytes, with the name that it has in the key ring of the services. The name is needed "
                            + "here: it is stored beside each state.")
    @SuppressWarnings("NullAway.Init")
    private StateKeyFile current;

    @Option(
            names = "--earlier-key",
            paramLabel = StateKeyFile.NAMED_FORM,
            converter = StateKeyFile.Converter.class,
            order = 11,
            description = "An earlier state key with its name, for reading; may be given several times.")
    private List<StateKeyFile> earlier = new ArrayList<>();

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    /** The keys of a ring, which are destroyed with this. A class, since a record would compare the keys and show them. */
    static final class Keys implements AutoCloseable {
        private final KeyRing ring;
        private final List<StateKey> keys;

        private Keys(KeyRing ring, List<StateKey> keys) {
            this.ring = ring;
            this.keys = keys;
        }

        KeyRing ring() {
            return ring;
        }

        @Override
        public void close() {
            keys.forEach(StateKey::destroy);
        }
    }

    /** Reads the keys, the caller's to close. */
    Keys read(Terminal terminal) throws IOException, Failure {
        Map<String, StateKeyFile> files = new LinkedHashMap<>();
        for (StateKeyFile key : earlier) {
            add(files, "--earlier-key", key);
        }
        add(files, "--state-key", current);
        List<StateKey> keys = new ArrayList<>();
        boolean read = false;
        try {
            KeyRing ring = null;
            for (Map.Entry<String, StateKeyFile> file : files.entrySet()) {
                StateKey key = file.getValue().read(terminal);
                keys.add(key);
                ring = ring == null ? KeyRing.of(file.getKey(), key) : ring.withCurrent(file.getKey(), key);
            }
            if (ring == null) {
                throw new AssertionError("picocli requires --state-key");
            }
            read = true;
            return new Keys(ring, keys);
        } finally {
            if (!read) {
                keys.forEach(StateKey::destroy);
            }
        }
    }

    private void add(Map<String, StateKeyFile> files, String option, StateKeyFile key) {
        String name = key.name();
        if (name == null) {
            throw new ParameterException(
                    command.commandLine(),
                    option + ": " + key.file()
                            + " without a name; give NAME=FILE with the name that the key has in the key ring of the"
                            + " services, for example 2026-11=" + key.file());
        }
        if (files.put(name, key) != null) {
            throw new ParameterException(
                    command.commandLine(),
                    option + ": two keys with the name " + name
                            + "; give each key the name that it has in the key ring");
        }
    }
}
