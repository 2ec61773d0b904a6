package dev.securesession.cli;

/** Says in one sentence why a command has failed. */
final class Failure extends Exception {
    private static final long serialVersionUID = 1L;

    Failure(String sentence) {
        super(sentence);
    }

    Failure(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
