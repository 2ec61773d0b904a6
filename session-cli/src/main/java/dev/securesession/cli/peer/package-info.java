/** {@code peer}: the conformance peer, which a program drives over standard input and output. */
@NullMarked
package dev.securesession.cli.peer;

import org.jspecify.annotations.NullMarked;
