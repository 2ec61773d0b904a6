/**
 * The handshake as a state machine without I/O (PROTOCOL.md, section 5): one small immutable class for each state. A
 * state handles a message by returning the next state.
 */
@NullMarked
package dev.securesession.internal.handshake;

import org.jspecify.annotations.NullMarked;
