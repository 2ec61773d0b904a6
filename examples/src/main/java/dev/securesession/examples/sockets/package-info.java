/** Programs that know sockets only, over sessions: a relay for any server, a database client, an HTTP client. */
@org.jspecify.annotations.NullMarked
package dev.securesession.examples.sockets;
