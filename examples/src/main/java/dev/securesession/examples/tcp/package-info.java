/** A server and a client over TCP. */
@org.jspecify.annotations.NullMarked
package dev.securesession.examples.tcp;
