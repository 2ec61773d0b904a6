/** The command {@code bench}: how fast sessions and tunnels are on this machine. */
@NullMarked
package dev.securesession.cli.bench;

import org.jspecify.annotations.NullMarked;
