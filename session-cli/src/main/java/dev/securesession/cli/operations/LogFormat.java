package dev.securesession.cli.operations;

/** How a log is written. */
public enum LogFormat {
    /** A line for people. */
    TEXT,
    /** A JSON object on a line of its own. */
    JSON;

    @Override
    public String toString() {
        return this == TEXT ? "text" : "json";
    }
}
