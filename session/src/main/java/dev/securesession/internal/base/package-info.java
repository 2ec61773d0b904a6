/** What every layer and the modules above the library share: the telling of listeners, text that is shown, closed peers. */
@NullMarked
package dev.securesession.internal.base;

import org.jspecify.annotations.NullMarked;
