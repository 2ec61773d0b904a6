package dev.securesession.store;

import dev.securesession.Handshake;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.StateRejectedException;
import dev.securesession.StateRejectedException.Reason;
import dev.securesession.internal.base.Listeners;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The sessions of one identity in a store: adds them, claims them for one owner at a time, revokes them, and keeps them sealed
 * under the current key.
 *
 * <pre>{@code
 * StoredSessions sessions = StoredSessions.of(store, KeyRing.of("2026-11", key), config);
 * try (SessionClaim claim = sessions.claim(id)) {
 *     byte[] payload = claim.unwrap(message);
 *     send(claim.wrap(answer));
 * }
 * }</pre>
 *
 * <p>A claim does not wait for an earlier owner: it shuts it out. The directory of the configuration is asked again at each claim,
 * and refuses a peer whose key is gone. A configuration that {@linkplain SessionConfig#asksForKeys asks for keys} leaves that
 * check to the caller. Safe for use by several threads and, with a store that is, by several machines. PROTOCOL.md S-3 to
 * S-5.
 */
public final class StoredSessions {
    private static final int ID_BYTES = 16;
    private static final int RESERVED_WITH_REFERENCE = 2;
    private static final int RESERVED_WITH_OTHERS = 64;

    private final SessionStore store;
    private final SessionConfig config;
    private final StoreOptions options;
    private final KeyHolder keys;
    private final int ahead;
    private final Committer committer;
    private final KeyRotation rotation;
    private final SecureRandom random = new SecureRandom();

    private StoredSessions(SessionStore store, KeyRing keys, SessionConfig config, StoreOptions options) {
        this.store = store;
        this.config = config;
        this.options = options;
        this.keys = new KeyHolder(keys);
        this.ahead = ahead(config, options);
        this.committer = new Committer(store, options, this.keys, ahead);
        this.rotation = new KeyRotation(store, this.keys, config);
    }

    /**
     * Returns the sessions in a store, with the default options.
     *
     * @param store where they are kept; stays the caller's to close, after the last use of this object
     * @param keys seal and read them
     * @param config with the identity that the sessions are established with
     * @return the sessions
     */
    public static StoredSessions of(SessionStore store, KeyRing keys, SessionConfig config) {
        return of(store, keys, config, StoreOptions.defaults());
    }

    /**
     * Returns the sessions in a store.
     *
     * @param store where they are kept; stays the caller's to close, after the last use of this object
     * @param keys seal and read them
     * @param config with the identity that the sessions are established with
     * @param options reserved numbers, lifetimes and more
     * @return the sessions
     * @throws IllegalArgumentException if the options reserve more numbers than peers of the configuration can skip
     */
    public static StoredSessions of(SessionStore store, KeyRing keys, SessionConfig config, StoreOptions options) {
        return new StoredSessions(store, keys, config, options);
    }

    private static int ahead(SessionConfig config, StoreOptions options) {
        boolean reference = config.allowsReferencePeers();
        if (options.reservedNumbers == 0) {
            return reference ? RESERVED_WITH_REFERENCE : RESERVED_WITH_OTHERS;
        }
        if (reference && options.reservedNumbers > StoreOptions.MAX_RESERVED_WITH_REFERENCE) {
            throw new IllegalArgumentException(options.reservedNumbers
                    + " reserved numbers where a peer may be the reference, which takes "
                    + StoreOptions.MAX_RESERVED_WITH_REFERENCE
                    + " at most; reserve fewer, or configure the sessions with withSequenceWrap()");
        }
        return options.reservedNumbers;
    }

    /**
     * Adds a session under a new id and claims it. Use the claim from now on: the session is closed with it.
     *
     * @param session with a known peer, of the identity of the configuration; taken over
     * @return the claim, the caller's to release
     * @throws IllegalStateException if the session was closed, or nothing proves who its peer is
     * @throws IOException if the store fails; the session is closed, since the store may have it
     */
    public SessionClaim add(SecureSession session) throws IOException {
        KeyRing ring = keys.ring();
        SessionRecord place =
                place(newId(), SessionRecord.SESSION, ring, options.expiry()).withPeer(session.peer());
        SessionRecord record = place.withState(session.saveCopyAhead(ring.current(), place.binding(), ahead));
        long asked = options.clock.millis();
        boolean added = false;
        try {
            insert(record);
            added = true;
        } finally {
            if (!added) {
                session.close();
            }
        }
        SessionClaim claim = claimOf(session, record, ahead, asked);
        tellClaimed(claim);
        return claim;
    }

    /**
     * Claims a session: an earlier owner is shut out, and its numbers are not used again.
     *
     * @param id what {@link SessionClaim#id()} returned
     * @return the claim, the caller's to release
     * @throws StateRejectedException if there is no such session, it has expired, or its state, its peer or its key is
     *     refused: start a new handshake
     * @throws ClaimLostException if another owner claimed the session at the same time
     * @throws IOException if the store fails: try again
     */
    public SessionClaim claim(String id) throws IOException, StateRejectedException {
        try {
            SessionClaim claim = claimUntold(id);
            tellClaimed(claim);
            return claim;
        } catch (StateRejectedException refused) {
            throw told(id, refused);
        }
    }

    /** Claims a session; the caller tells the listener of the claim or of the refusal. */
    SessionClaim claimUntold(String id) throws IOException, StateRejectedException {
        SessionRecord found = require(id, SessionRecord.SESSION);
        return claim(found, restore(found), 0);
    }

    /** Tells the listener of a claim. */
    void tellClaimed(SessionClaim claim) {
        Listeners.tell(options.listener, listener -> listener.claimed(claim.id()));
    }

    /** Tells the listener of a refusal. */
    StateRejectedException told(String id, StateRejectedException refused) {
        String name = SessionRecord.isName(id) ? id : "";
        Listeners.tell(options.listener, listener -> listener.refused(name, refused.reason()));
        return refused;
    }

    /**
     * Asks the directory again for the peer of a new session. Whoever took the peer out since the handshake was read, and then
     * deleted all its sessions, has not seen this one.
     */
    void requireKnown(SessionClaim claim) throws StateRejectedException, IOException {
        boolean known = false;
        try {
            restore(claim.stored()).close();
            known = true;
        } finally {
            if (!known) {
                claim.delete();
            }
        }
    }

    /**
     * Stores what a session has become since its record was read, in the name of a new owner. If that fails, the session is
     * closed. The caller tells the listener.
     */
    SessionClaim claim(SessionRecord found, SecureSession session, int reserve) throws IOException {
        boolean claimed = false;
        try {
            KeyRing ring = keys.ring();
            SessionRecord place = place(found.id(), SessionRecord.SESSION, ring, options.expiry())
                    .withPeer(session.peer())
                    .at(found.epoch() + 1, found.version() + 1);
            SessionRecord next = place.withState(session.saveCopyAhead(ring.current(), place.binding(), reserve));
            long asked = options.clock.millis();
            replace(found, next);
            SessionClaim claim = claimOf(session, next, reserve, asked);
            claimed = true;
            return claim;
        } finally {
            if (!claimed) {
                session.close();
            }
        }
    }

    /** Returns a session as its record has it; nothing is claimed yet. */
    SecureSession restore(SessionRecord found) throws StateRejectedException {
        return SecureSession.restoreAcceptingAnyKnownPeer(found.state(), keys.of(found), found.binding(), config);
    }

    /** Returns a handshake as its record has it. */
    Handshake restoreHandshake(SessionRecord found) throws StateRejectedException {
        return Handshake.restore(found.state(), keys.of(found), found.binding(), config);
    }

    /** How many numbers are reserved when a session is about to be used for sending. */
    int reserve() {
        return ahead;
    }

    /**
     * Suspends a handshake into the store, where it waits for its next message.
     *
     * @param handshake closed afterwards
     * @return the id, for {@link #claimHandshake}
     * @throws IllegalStateException if the handshake is over or closed
     * @throws IOException if the store fails; the handshake is closed, begin a new one
     */
    public String add(Handshake handshake) throws IOException {
        SessionRecord record = suspend(newId(), handshake);
        insert(record);
        return record.id();
    }

    /** Suspends a handshake into a record that is not stored yet, under an id of {@link #newId}. */
    SessionRecord suspend(String id, Handshake handshake) {
        KeyRing ring = keys.ring();
        Instant expires = options.clock.instant().plus(options.handshakeLifetime);
        SessionRecord place = place(id, SessionRecord.HANDSHAKE, ring, expires);
        return place.withState(handshake.suspend(ring.current(), place.binding()));
    }

    /** Deletes a handshake. If another machine has made a session of it meanwhile, the session stays. */
    void deleteHandshake(String id) throws IOException {
        Optional<SessionRecord> found = store.find(id);
        if (found.isPresent() && found.get().format() == SessionRecord.HANDSHAKE) {
            store.delete(found.get());
        }
    }

    /**
     * Takes a handshake out of the store: it is there no more, so nobody else continues with it.
     *
     * @param id what {@link #add(Handshake)} returned
     * @return the handshake, the caller's to continue, to add again, or to close
     * @throws StateRejectedException if there is no such handshake, it has expired, or its state or its peer is refused: begin
     *     a new one
     * @throws ClaimLostException if another owner took it at the same time
     * @throws IOException if the store fails: try again
     */
    public Handshake claimHandshake(String id) throws IOException, StateRejectedException {
        SessionRecord found = require(id, SessionRecord.HANDSHAKE);
        Handshake handshake = restoreHandshake(found);
        boolean deleted = false;
        try {
            deleted = store.delete(found);
        } finally {
            if (!deleted) {
                handshake.close();
            }
        }
        if (!deleted) {
            throw overtaken(id);
        }
        boolean remembered = false;
        try {
            options.guard.advance(id, RollbackGuard.ENDED);
            remembered = true;
        } finally {
            if (!remembered) {
                handshake.close();
            }
        }
        return handshake;
    }

    /** Returns a record that may be used, of any format that this version knows. */
    SessionRecord require(String id) throws IOException, StateRejectedException {
        requireId(id);
        Optional<SessionRecord> stored = store.find(id);
        if (!stored.isPresent()) {
            throw new StateRejectedException(
                    Reason.NOT_FOUND, "nothing is stored as " + id + "; start a new handshake");
        }
        SessionRecord found = stored.get();
        if (found.expires().isBefore(options.clock.instant())) {
            throw new StateRejectedException(
                    Reason.EXPIRED, id + " expired at " + found.expires() + "; start a new handshake");
        }
        if (found.format() != SessionRecord.SESSION && found.format() != SessionRecord.HANDSHAKE) {
            throw new StateRejectedException(
                    Reason.WRONG_KIND,
                    found.format() >= SessionRecord.MOVING
                            ? id + " is being moved to another store; \"secure-session state move\" ends that"
                            : id + " is of format " + found.format() + ", which this version does not know; update it");
        }
        long highest = options.guard.highest(id);
        if (highest > found.version()) {
            throw new StateRejectedException(
                    Reason.ROLLED_BACK,
                    id + " is stored in version " + found.version() + " where "
                            + (highest == RollbackGuard.ENDED ? "its end" : "version " + highest)
                            + " is remembered: the store was put back; start a new handshake");
        }
        return found;
    }

    /** Refuses a text that cannot be an id. The text may come from anybody, so no message repeats it. */
    static void requireId(String id) throws StateRejectedException {
        if (!SessionRecord.isName(id)) {
            throw new StateRejectedException(
                    Reason.NOT_FOUND,
                    "an id of " + id.length() + " characters that is none of a stored session; start a new handshake");
        }
    }

    private SessionRecord require(String id, int format) throws IOException, StateRejectedException {
        SessionRecord found = require(id);
        if (found.format() != format) {
            throw new StateRejectedException(
                    Reason.WRONG_KIND, id + " is a " + (format == SessionRecord.SESSION ? "handshake" : "session"));
        }
        return found;
    }

    /**
     * Ends all sessions with a peer, whoever owns them: their next use fails. Take the peer out of the directory first, so that
     * it does not start a new one.
     *
     * @param peer the peer
     * @return how many sessions were deleted
     * @throws IOException if the store fails; some may have been deleted, so try again
     */
    public int revoke(PeerId peer) throws IOException {
        return revoke(peer, id -> {});
    }

    /** Ends all sessions with a peer, and tells of each that was deleted. */
    int revoke(PeerId peer, Consumer<String> ended) throws IOException {
        // First, so that a revocation which fails here can be repeated: nothing names sessions that are deleted.
        List<String> known = store.list(peer);
        rememberEnds(known);
        List<String> deleted = store.deleteAll(peer);
        deleted.forEach(ended);
        List<String> addedMeanwhile = new ArrayList<>(deleted);
        addedMeanwhile.removeAll(new HashSet<>(known));
        rememberEnds(addedMeanwhile);
        return deleted.size();
    }

    private void rememberEnds(List<String> ids) throws IOException {
        if (!ids.isEmpty()) {
            Map<String, Long> ends = new HashMap<>();
            ids.forEach(id -> ends.put(id, RollbackGuard.ENDED));
            options.guard.advanceAll(ends);
        }
    }

    /** Deletes a session or handshake, whoever owns it. */
    void delete(String id) throws IOException, StateRejectedException {
        SessionRecord found = require(id);
        if (!store.delete(found)) {
            throw overtaken(id);
        }
        options.guard.advance(id, RollbackGuard.ENDED);
    }

    /**
     * Lists the sessions with a peer.
     *
     * @param peer the peer
     * @return their ids, in any order
     * @throws IOException if the store fails
     */
    public List<String> list(PeerId peer) throws IOException {
        return store.list(peer);
    }

    /**
     * Deletes sessions and handshakes that have expired. Call it now and then, on one machine or on all.
     *
     * @param limit how many to delete at most, 1 or more
     * @return how many were deleted; fewer than the limit if no more have expired
     * @throws IOException if the store fails
     */
    public int deleteExpired(int limit) throws IOException {
        return store.deleteExpired(options.clock.instant(), limit);
    }

    /**
     * Exchanges the keys. Sessions in use are sealed by the new current key at their next commit, the others by
     * {@link #rotate}.
     *
     * @param ring with a new current key, and the earlier ones for reading
     */
    public void useKeys(KeyRing ring) {
        keys.use(ring);
    }

    /**
     * Seals states with the current key that were sealed by others. Owners of sessions do not notice. Call it until it returns
     * 0; then an earlier key can be taken out of the ring. A state that cannot be read does not hold up the others: it is
     * reported when nothing else is left.
     *
     * @param limit how many to seal at most, 1 or more
     * @return how many were found, some of which may have been sealed by their owners meanwhile
     * @throws StateRejectedException if all that is left cannot be read, because the ring lacks its key or it is damaged; the
     *     message tells how many, and why the first
     * @throws IOException if the store fails
     */
    public int rotate(int limit) throws IOException, StateRejectedException {
        return rotation.rotate(limit);
    }

    @Override
    public String toString() {
        return "sessions of " + config.identity().id() + " in " + store;
    }

    SessionConfig config() {
        return config;
    }

    StoreOptions options() {
        return options;
    }

    /** Returns a record whose state is still to be sealed for it. */
    private static SessionRecord place(String id, int format, KeyRing ring, Instant expires) {
        return SessionRecord.of(id, format, ring.currentName(), expires, new byte[0]);
    }

    /** Stores a new record. */
    void insert(SessionRecord record) throws IOException {
        if (!store.insert(record)) {
            throw new AssertionError("a random id of " + ID_BYTES + " bytes that is in use: " + record.id());
        }
        options.guard.advance(record.id(), record.version());
    }

    private void replace(SessionRecord found, SessionRecord next) throws IOException {
        if (!store.replace(SessionStore.Change.of(found, next))) {
            throw overtaken(found.id());
        }
        options.guard.advance(next.id(), next.version());
    }

    private static ClaimLostException overtaken(String id) {
        return new ClaimLostException(id + " was changed by another owner at the same time; claim it again");
    }

    private SessionClaim claimOf(SecureSession session, SessionRecord record, int reserved, long asked) {
        ClaimState state = new ClaimState(session, record, reserved, options.clock, asked);
        return new SessionClaim(state, committer, store, options.guard);
    }

    /** Draws an id that nobody can guess or has drawn before. */
    String newId() {
        byte[] bytes = new byte[ID_BYTES];
        random.nextBytes(bytes);
        return SessionRecord.hex(bytes);
    }
}
