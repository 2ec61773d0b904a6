/**
 * The common parts of all formats (PROTOCOL.md, section 2): containers, their checksum, and integers in arrays.
 */
@NullMarked
package dev.securesession.internal.codec;

import org.jspecify.annotations.NullMarked;
