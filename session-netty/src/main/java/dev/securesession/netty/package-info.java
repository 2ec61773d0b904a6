/**
 * Secure sessions in Netty pipelines.
 *
 * <p>{@link dev.securesession.netty.SecureSessionHandler} performs the handshake and then wraps and unwraps messages;
 * {@link dev.securesession.netty.SecureStreamHandler} on top of it makes a stream of bytes of them.
 */
@NullMarked
package dev.securesession.netty;

import org.jspecify.annotations.NullMarked;
