package dev.securesession.cli.command;

/** The failure of a command, with a sentence for the user. */
public final class Failure extends Exception {
    private static final long serialVersionUID = 1L;

    public Failure(String sentence) {
        super(sentence);
    }

    public Failure(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
