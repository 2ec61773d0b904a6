/** {@code listen} and {@code connect}: standard input and output over a session. */
@NullMarked
package dev.securesession.cli.connect;

import org.jspecify.annotations.NullMarked;
