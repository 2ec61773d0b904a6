/** What the tunnel and the command share; no part of the API. */
@NullMarked
package dev.securesession.tunnel.internal;

import org.jspecify.annotations.NullMarked;
