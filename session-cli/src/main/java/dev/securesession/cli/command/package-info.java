/** What all commands share: the base class, the terminal, common options, error messages and the exit status. */
@NullMarked
package dev.securesession.cli.command;

import org.jspecify.annotations.NullMarked;
