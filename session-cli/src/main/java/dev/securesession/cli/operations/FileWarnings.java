package dev.securesession.cli.operations;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The warnings about the files that a tunnel reads: they wait until there is a log, and go there. For one thread. */
public final class FileWarnings implements Consumer<String> {
    private final List<String> waiting = new ArrayList<>();
    private @Nullable EventLog log;

    @Override
    public void accept(String sentence) {
        if (log == null) {
            waiting.add(sentence);
        } else {
            log.warn("file", sentence);
        }
    }

    /** Logs the warnings until now, and those to come. */
    public void sendTo(EventLog opened) {
        log = opened;
        waiting.forEach(this);
        waiting.clear();
    }
}
