/** Peers, faults and clocks for tests of programs that use Secure Session. */
@NullMarked
package dev.securesession.testkit;

import org.jspecify.annotations.NullMarked;
