/** Tests of the store in Redis. */
package dev.securesession.store.redis;
