/** A server and a client over UDP, which may lose, double and reorder what they send. */
@org.jspecify.annotations.NullMarked
package dev.securesession.examples.udp;
