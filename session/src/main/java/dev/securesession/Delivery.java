package dev.securesession;

/** What the transport under a session may do to wrapped messages; it decides what a session makes of missing ones. */
public enum Delivery {
    /** Messages may get lost and overtake each other; each is accepted at most once (PROTOCOL.md D-1). */
    UNORDERED,
    /** Every message arrives, in sequence: anything but the next one is an attack or a bug (PROTOCOL.md D-2). */
    ORDERED
}
