package dev.securesession.exchange;

/** What a message of the peer carries: a request, the answer to a request of ours, or its failure. */
public sealed interface Received permits Request, Answer, Failure {
    /**
     * Returns the number of the request that this is or belongs to.
     *
     * @return 0 or more; unique among the requests of one direction of a session
     */
    long number();
}
