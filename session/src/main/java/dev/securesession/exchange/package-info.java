/**
 * Requests and answers above payloads: answers are bound to their requests inside the encryption. Without I/O; between
 * peers of this library.
 *
 * <p>PROTOCOL.md, Part 5.
 */
@NullMarked
package dev.securesession.exchange;

import org.jspecify.annotations.NullMarked;
