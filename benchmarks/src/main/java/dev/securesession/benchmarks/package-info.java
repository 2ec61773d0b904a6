/** Measures the speed of Secure Session in comparison with its alternatives. */
@NullMarked
package dev.securesession.benchmarks;

import org.jspecify.annotations.NullMarked;
