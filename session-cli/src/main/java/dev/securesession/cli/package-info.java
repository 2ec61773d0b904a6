/** The {@code secure-session} command. */
@NullMarked
package dev.securesession.cli;

import org.jspecify.annotations.NullMarked;
