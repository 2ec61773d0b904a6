/** The manual pages and the completion for shells, for packages of the command. */
@NullMarked
package dev.securesession.cli.manual;

import org.jspecify.annotations.NullMarked;
