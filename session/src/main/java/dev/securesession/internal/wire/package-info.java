/**
 * Messages on the wire (PROTOCOL.md, sections 5 to 8): each layout drawn once, next to its constants, with reading
 * and writing side by side. Bytes become checked types here; no other package uses offsets.
 */
@NullMarked
package dev.securesession.internal.wire;

import org.jspecify.annotations.NullMarked;
