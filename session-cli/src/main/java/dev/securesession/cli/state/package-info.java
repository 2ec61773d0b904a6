/** Saved and stored sessions: their keys, their forms, and the stores that they are kept in. */
@NullMarked
package dev.securesession.cli.state;

import org.jspecify.annotations.NullMarked;
