/**
 * The bytes of the protocol (PROTOCOL.md, sections 2 to 11): each layout drawn once, beside its constants, with reading
 * and writing side by side. Bytes become checked types here; nobody else looks at offsets.
 */
@NullMarked
package dev.securesession.internal.state;

import org.jspecify.annotations.NullMarked;
