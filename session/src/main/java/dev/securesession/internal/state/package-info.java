/**
 * Sessions, handshakes and data in the forms in which they are stored (PROTOCOL.md, sections 9 and 11; S-1, S-2): each
 * layout drawn once, next to its constants, with reading and writing side by side.
 */
@NullMarked
package dev.securesession.internal.state;

import org.jspecify.annotations.NullMarked;
