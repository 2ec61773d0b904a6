/** The {@code secure-session} command: its main class and version. Each package below is a part of it. */
@NullMarked
package dev.securesession.cli;

import org.jspecify.annotations.NullMarked;
