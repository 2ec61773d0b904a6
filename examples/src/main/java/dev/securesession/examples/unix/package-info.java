/** A server and a client over a Unix-domain socket. */
@org.jspecify.annotations.NullMarked
package dev.securesession.examples.unix;
