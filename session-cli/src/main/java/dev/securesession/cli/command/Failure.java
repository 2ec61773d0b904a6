package dev.securesession.cli.command;

/** Says in one sentence why a command has failed. */
public final class Failure extends Exception {
    private static final long serialVersionUID = 1L;

    public Failure(String sentence) {
        super(sentence);
    }

    public Failure(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
