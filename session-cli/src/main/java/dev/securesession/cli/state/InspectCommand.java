package dev.securesession.cli.state;

import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.store.SessionRecord;
import dev.securesession.store.SessionStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code state inspect}. */
@Command(
        name = "inspect",
        description = {
            "Shows what a store holds of one session or handshake, and whether it opens with its state key.",
            "",
            "Nothing is claimed or changed, and no secret is shown. For a state or a state key in a file there is "
                    + "secure-session inspect."
        },
        exitCodeList = {
            "0:Success; with --state-key, the state opens.",
            "1:A failure, or the state does not open.",
            "2:The command was used wrongly."
        },
        footer = {
            "",
            "Examples:",
            "  secure-session state inspect sqlite:sessions.db 4d2f7a0c9be1485f8cf1f1f4d0a1b2c3",
            "  secure-session state inspect --state-key 2026-11=2026-11.key sqlite:sessions.db \\",
            "      4d2f7a0c9be1485f8cf1f1f4d0a1b2c3"
        })
final class InspectCommand extends Subcommand {
    @Parameters(
            index = "0",
            paramLabel = "STORE",
            description = "The store; secure-session state --help tells how to name it.")
    @SuppressWarnings("NullAway.Init")
    private String store;

    @Parameters(index = "1", paramLabel = "ID", description = "The id, as secure-session state list prints it.")
    @SuppressWarnings("NullAway.Init")
    private String id;

    @Option(
            names = "--state-key",
            paramLabel = StateKeyFile.FORM,
            converter = StateKeyFile.Converter.class,
            order = 10,
            description =
                    "Try to open the state with this key, 32 bytes. With a name, the state must be sealed by the key of this name.")
    private @Nullable StateKeyFile stateKey;

    @Mixin
    private OpenStore stores;

    @Override
    public Integer call() throws IOException, Failure {
        SessionRecord record;
        try (SessionStore opened = stores.existing(store)) {
            record = opened.find(id).orElseThrow(() -> new Failure("nothing is stored as " + id));
        } catch (IllegalArgumentException e) {
            throw new Failure(String.valueOf(e.getMessage()), e);
        }
        PrintWriter out = terminal().out();
        out.println("kind     " + RecordText.kind(record));
        out.println("id       " + record.id());
        out.println("peer     " + RecordText.peer(record));
        out.println("epoch    " + record.epoch() + "  (owners so far)");
        out.println("version  " + record.version() + "  (states so far)");
        out.println("key      " + record.keyName());
        out.println("expires  " + record.expires());
        out.println("state    " + record.state().length + " bytes, sealed for " + record.binding());
        boolean opens = true;
        if (stateKey != null) {
            String refusal = refusal(record, stateKey);
            opens = refusal.isEmpty();
            out.println("opens    " + (opens ? "yes" : "no: " + refusal));
        }
        out.flush();
        return opens ? 0 : 1;
    }

    /** Returns why the state does not open, or nothing if it does. */
    private String refusal(SessionRecord record, StateKeyFile file) throws IOException, Failure {
        if (file.name() != null && !record.keyName().equals(file.name())) {
            return "it was sealed by the key " + record.keyName() + ", not by " + file.name()
                    + "; give the file of that key";
        }
        StateKey key = file.read(terminal());
        try {
            Arrays.fill(key.reseal(record.state(), record.binding(), key, Throwaway.config()), (byte) 0);
            return "";
        } catch (StateRejectedException e) {
            return String.valueOf(e.getMessage());
        } finally {
            key.destroy();
        }
    }
}
