/** What the drop-in adds to the classes that it replaces: the choice of providers, and a check of the class path. */
@NullMarked
package dev.securesession.compat;

import org.jspecify.annotations.NullMarked;
