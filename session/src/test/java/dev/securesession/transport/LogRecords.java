package dev.securesession.transport;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Keeps what servers log meanwhile, instead of printing it. */
final class LogRecords extends Handler implements AutoCloseable {
    private final Logger logger = Logger.getLogger(SecureServer.class.getName());
    private final List<String> lines = new CopyOnWriteArrayList<>();

    LogRecords() {
        logger.addHandler(this);
        logger.setUseParentHandlers(false);
    }

    List<String> lines() {
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
