/** A store of sessions in Redis or Valkey. */
@NullMarked
package dev.securesession.store.redis;

import org.jspecify.annotations.NullMarked;
