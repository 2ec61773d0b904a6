/** How fast Secure Session is, beside what a user would take instead. */
@NullMarked
package dev.securesession.benchmarks;

import org.jspecify.annotations.NullMarked;
