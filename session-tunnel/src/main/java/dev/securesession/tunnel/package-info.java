/**
 * A tunnel for any TCP or Unix-socket service.
 *
 * <p>A {@link dev.securesession.tunnel.TunnelServer} stands in front of services, its targets; a
 * {@link dev.securesession.tunnel.TunnelProxy} stands beside clients. What a client sends to the proxy arrives at the target,
 * and the other way round; between the two, sessions carry one connection after another. docs/tunnel-protocol.md specifies the
 * layer between them.
 */
@NullMarked
package dev.securesession.tunnel;

import org.jspecify.annotations.NullMarked;
