/** Sessions between two parties who know each other's public key. */
@NullMarked
package dev.securesession;

import org.jspecify.annotations.NullMarked;
