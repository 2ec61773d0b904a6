/** A server in a Netty pipeline. */
@org.jspecify.annotations.NullMarked
package dev.securesession.examples.netty;
