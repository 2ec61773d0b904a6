/**
 * Sessions that outlive a process and a machine: kept in a store, sealed, and used by one owner at a time.
 *
 * <p>A service uses a {@link dev.securesession.store.SessionManager}, which takes messages of any session on any node. Under
 * it, {@link dev.securesession.store.StoredSessions} claims a session and gives back a
 * {@link dev.securesession.store.SessionClaim}; a {@link dev.securesession.store.SessionStore} keeps sealed
 * {@link dev.securesession.store.SessionRecord records} and compares before it replaces.
 *
 * <p>PROTOCOL.md S-1, S-3 to S-6.
 */
@NullMarked
package dev.securesession.store;

import org.jspecify.annotations.NullMarked;
