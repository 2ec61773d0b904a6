/**
 * The handshake as a state machine without I/O (PROTOCOL.md, section 5): one small immutable class for each thing that
 * can be awaited, each of which answers a message with the next.
 */
@NullMarked
package dev.securesession.internal.handshake;

import org.jspecify.annotations.NullMarked;
