package dev.securesession.http;

/** The HTTP statuses of PROTOCOL.md, Part 5, "Exchange over HTTP". */
final class Status {
    static final int OK = 200;
    static final int BAD_MESSAGE = 400;
    static final int UNKNOWN_TOKEN = 401;
    static final int REFUSED = 403;
    static final int NO_SUCH_PATH = 404;
    static final int WRONG_METHOD = 405;
    static final int REPEATED = 409;
    static final int TOO_LONG = 413;
    static final int TOO_MANY = 429;
    static final int NO_ROOM = 503;

    private Status() {}

    /** Explains a status to people. */
    static String explain(int status) {
        String meaning = switch (status) {
            case BAD_MESSAGE -> "the message was refused";
            case UNKNOWN_TOKEN -> "the session is not known there, or has expired";
            case REFUSED -> "the handshake was refused";
            case NO_SUCH_PATH -> "no such path; the address must be that of the handler";
            case WRONG_METHOD -> "wrong method";
            case REPEATED -> "the message was accepted before, or is too old";
            case TOO_LONG -> "the body is too long";
            case TOO_MANY -> "too many at once";
            case NO_ROOM -> "no room, or closing";
            default -> "not a status of this protocol";
        };
        return "status " + status + " (" + meaning + ")";
    }
}
