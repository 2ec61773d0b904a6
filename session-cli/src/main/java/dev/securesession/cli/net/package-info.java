/** Addresses and connections, as the command line names them. */
@NullMarked
package dev.securesession.cli.net;

import org.jspecify.annotations.NullMarked;
