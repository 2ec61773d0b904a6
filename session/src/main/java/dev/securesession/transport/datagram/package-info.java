/**
 * Sessions over UDP: each datagram is one message, and loss, repetition, reordering and junk are survived.
 *
 * <p>A {@link dev.securesession.transport.datagram.SecureDatagrams} is the client, a
 * {@link dev.securesession.transport.datagram.SecureDatagramServer} serves many peers on one socket. The rules are in
 * PROTOCOL.md, Part 6.
 */
@NullMarked
package dev.securesession.transport.datagram;

import org.jspecify.annotations.NullMarked;
