package dev.securesession.store;

import dev.securesession.StateRejectedException.Reason;
import java.time.Duration;

/**
 * Observes stored sessions, for metrics and logs. Called after the event, while no lock is held; what it throws is dropped.
 * Implementations are safe for use by several threads, may use sessions, and return soon: a message may be waiting.
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
