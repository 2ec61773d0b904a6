/** The examples of the documentation, compiled and run; {@code DocumentationTest} holds the two to the same text. */
package dev.securesession.examples;
