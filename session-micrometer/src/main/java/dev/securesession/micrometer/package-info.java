/** Meters of Micrometer for stored sessions. */
@NullMarked
package dev.securesession.micrometer;

import org.jspecify.annotations.NullMarked;
