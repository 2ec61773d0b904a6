package dev.securesession.benchmarks;

/** A stack that makes secure connections: Secure Session with some providers, or an alternative. */
interface Contender {
    /** Does a complete mutual handshake. */
    Connection connect() throws Exception;
}
