/** {@code inspect}: explains keys, messages and states field by field. */
@NullMarked
package dev.securesession.cli.inspect;

import org.jspecify.annotations.NullMarked;
