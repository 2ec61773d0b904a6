/** Requests and answers over HTTP. */
@org.jspecify.annotations.NullMarked
package dev.securesession.examples.http;
