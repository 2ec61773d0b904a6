package dev.securesession.transport;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Keeps what servers of one kind log meanwhile, instead of printing it. */
public final class LogRecords extends Handler implements AutoCloseable {
    private final Logger logger;
    private final List<String> lines = new CopyOnWriteArrayList<>();

    /** Keeps what goes to the logger with the name of a class. */
    public LogRecords(Class<?> server) {
        logger = Logger.getLogger(server.getName());
        logger.addHandler(this);
        logger.setUseParentHandlers(false);
    }

    /** Returns what has been logged until now. */
    public List<String> lines() {
        return lines;
    }

    @Override
    public void publish(LogRecord entry) {
        lines.add(entry.getMessage());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
        logger.removeHandler(this);
        logger.setUseParentHandlers(true);
    }
}
