/** The tunnel: {@code serve} in front of services, {@code proxy} beside clients. */
@NullMarked
package dev.securesession.cli.tunnel;

import org.jspecify.annotations.NullMarked;
