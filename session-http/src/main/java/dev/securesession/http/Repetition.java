package dev.securesession.http;

/** Whether a client may repeat a request that got no authentic answer (PROTOCOL.md EX-5). */
public enum Repetition {
    /** Acting twice could do harm: the caller gets {@link RequestUncertainException} and decides. */
    NEVER,
    /** Acting twice does no harm: the client repeats the request once, as a new request. */
    HARMLESS
}
