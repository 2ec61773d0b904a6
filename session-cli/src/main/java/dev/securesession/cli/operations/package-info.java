/** What the operation of tunnels needs: peers files, logs, signals, watched files, metrics and the service manager. */
@NullMarked
package dev.securesession.cli.operations;

import org.jspecify.annotations.NullMarked;
