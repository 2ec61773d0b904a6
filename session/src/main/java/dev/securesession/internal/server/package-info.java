/** What the servers of all transports share, those of other modules included. */
@NullMarked
package dev.securesession.internal.server;

import org.jspecify.annotations.NullMarked;
