package dev.securesession;

/** How the transport of a session delivers messages, which determines whether a session accepts gaps. */
public enum Delivery {
    /** Messages may get lost and overtake each other; each is accepted at most once (PROTOCOL.md D-1). */
    UNORDERED,
    /** Every message arrives, in order: a message other than the next one is an attack or a bug (PROTOCOL.md D-2). */
    ORDERED
}
