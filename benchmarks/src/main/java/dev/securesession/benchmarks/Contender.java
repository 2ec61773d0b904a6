package dev.securesession.benchmarks;

/** Something that makes connections: Secure Session with some providers, or what a user would take instead. */
interface Contender {
    /** Does a whole mutual handshake. */
    Connection connect() throws Exception;
}
