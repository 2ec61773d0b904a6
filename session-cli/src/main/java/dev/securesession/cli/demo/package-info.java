/** {@code demo}: two processes that show a session at work. */
@NullMarked
package dev.securesession.cli.demo;

import org.jspecify.annotations.NullMarked;
