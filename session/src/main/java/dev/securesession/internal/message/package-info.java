/** Wrapped messages of an established session: sealing one direction, opening the other (PROTOCOL.md, section 8). */
@NullMarked
package dev.securesession.internal.message;

import org.jspecify.annotations.NullMarked;
