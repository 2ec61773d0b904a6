/** Tests of stored sessions. */
package dev.securesession.store;
