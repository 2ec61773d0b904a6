/** What the tests of several modules share. */
@org.jspecify.annotations.NullMarked
package dev.securesession.testsupport;
