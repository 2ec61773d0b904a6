/**
 * Identity keys in their formats (PROTOCOL.md, section 3): containers, PEM, PKCS#8 and X.509. Bytes become checked types
 * here.
 */
@NullMarked
package dev.securesession.internal.keys;

import org.jspecify.annotations.NullMarked;
