package dev.securesession.store;

import dev.securesession.StateRejectedException.Reason;
import java.time.Duration;

/**
 * Observes stored sessions, for metrics and logs. What a listener throws is dropped.
 *
 * <p><b>Threads.</b> A method runs after its event, on the thread whose call has caused the event, before that call returns. So it
 * should return soon. Methods run on several threads at a time, while no lock is held. They may use sessions, except that a
 * {@link SessionManager} throws an {@link IllegalStateException} for a session that the same thread is releasing or ending. The
 * commit of many sessions runs on one of the threads that wait for it, which is not always a thread of the session.
 *
 * <p><b>Order.</b> Events of one thread come in their order: {@link #lost} of each overtaken owner in a commit, then
 * {@link #committed}; {@link #commitFailed} instead of both if the store failed. Events of different threads come in any order:
 * the loss of a claim can be told before the thread that has made the claim tells of it.
 */
public interface StoreListener {
    /**
     * A session was claimed.
     *
     * @param id the session
     */
    default void claimed(String id) {}

    /**
     * A claim was lost to a newer owner, or because the session was deleted.
     *
     * @param id the session
     */
    default void lost(String id) {}

    /**
     * A session was refused at a claim, or a message to a {@link SessionManager} because of its token.
     *
     * @param id the session or handshake; empty if the text is no id, since it may come from anybody
     * @param reason why
     */
    default void refused(String id, Reason reason) {}

    /**
     * States of one or more sessions were committed together; those of overtaken owners do not count.
     *
     * @param sessions how many
     * @param took how long the store took
     */
    default void committed(int sessions, Duration took) {}

    /**
     * A commit failed: the claims of its sessions have ended, and whether the store has the changes is not known.
     *
     * @param sessions how many
     */
    default void commitFailed(int sessions) {}
}
