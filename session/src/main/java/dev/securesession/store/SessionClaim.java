package dev.securesession.store;

import dev.securesession.MessageRejectedException;
import dev.securesession.NumberedMessage;
import dev.securesession.NumberedPayload;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A stored session that this process owns. The number of a message is durable before {@link #wrap} returns the message, and the
 * receipt of a message is durable before {@link #unwrap} returns the payload. Once another process has claimed the session, each
 * call throws a {@link ClaimLostException} and returns neither a message nor a payload.
 *
 * <p>After an {@link IOException} the claim may have ended: claim the session again with {@link StoredSessions#claim}. That
 * is right also when the store failed and may or may not have stored the last change. A payload whose commit failed is not
 * returned: the peer repeats the message, and if the repeated message is refused as a replay, it sends the payload in a new one.
 *
 * <p>Safe for use by several threads. Calls of many threads and many sessions share commits. PROTOCOL.md S-3, S-4.
 */
public final class SessionClaim implements Closeable {
    private final ClaimState state;
    private final Committer committer;
    private final SessionStore store;
    private final RollbackGuard guard;

    SessionClaim(ClaimState state, Committer committer, SessionStore store, RollbackGuard guard) {
        this.state = state;
        this.committer = committer;
        this.store = store;
        this.guard = guard;
    }

    /**
     * Returns the name of the session in its store.
     *
     * @return the id
     */
    public String id() {
        return state.id();
    }

    /**
     * Returns the peer, which has proved its identity in the handshake.
     *
     * @return the id of the peer
     */
    public PeerId peer() {
        return state.session().peer();
    }

    /**
     * Returns a value that is the same at both ends of this session and of no other.
     *
     * @return as {@link SecureSession#transcriptHash()}
     */
    public byte[] transcriptHash() {
        return state.session().transcriptHash();
    }

    /**
     * Wraps a payload for the peer. Send the message or drop it: its number is used either way.
     *
     * @param payload 1 byte or more; not kept
     * @return the message, a new array, the caller's to keep
     * @throws ClaimLostException if the session has a newer owner, has expired, was deleted or released: claim it again
     * @throws IOException if the store fails: claim the session again
     * @throws IllegalArgumentException if the payload is empty or too long
     * @throws dev.securesession.SessionExhaustedException if no message number is left: start a new handshake
     */
    public byte[] wrap(byte[] payload) throws IOException {
        return wrapNumbered(payload).message();
    }

    /**
     * Wraps a payload for the peer and tells the number of the message. Send the message or drop it: its number is used
     * either way.
     *
     * @param payload 1 byte or more; not kept
     * @return the message and its number
     * @throws ClaimLostException if the session has a newer owner, has expired, was deleted or released: claim it again
     * @throws IOException if the store fails: claim the session again
     * @throws IllegalArgumentException if the payload is empty or too long
     * @throws dev.securesession.SessionExhaustedException if no message number is left: start a new handshake
     */
    public NumberedMessage wrapNumbered(byte[] payload) throws IOException {
        committer.requireUnexpired(state);
        boolean owned = false;
        while (true) {
            if (!state.hasReserved()) {
                // The commit compares the epoch, so it is the check of ownership as well.
                committer.commit(state, state.changed());
                owned = true;
            } else if (!owned) {
                committer.requireOwned(state);
                owned = true;
            }
            NumberedMessage message = state.wrap(payload);
            if (message != null) {
                return message;
            }
        }
    }

    /**
     * Unwraps a message of the peer.
     *
     * @param message the whole message; not kept
     * @return the payload, a new array, handed out once whatever happens
     * @throws MessageRejectedException if the message is refused; nothing has changed
     * @throws ClaimLostException if the session has a newer owner, has expired, was deleted or released: claim it again
     * @throws IOException if the store fails: claim the session again
     */
    public byte[] unwrap(byte[] message) throws IOException, MessageRejectedException {
        return unwrapNumbered(message).payload();
    }

    /**
     * Unwraps a message of the peer and tells its number.
     *
     * @param message the whole message; not kept
     * @return the payload and the number of its message, handed out once whatever happens
     * @throws MessageRejectedException if the message is refused; nothing has changed
     * @throws ClaimLostException if the session has a newer owner, has expired, was deleted or released: claim it again
     * @throws IOException if the store fails: claim the session again
     */
    public NumberedPayload unwrapNumbered(byte[] message) throws IOException, MessageRejectedException {
        committer.requireUnexpired(state);
        ClaimState.Opened opened = state.open(message);
        committer.commit(state, opened.change);
        return opened.payload;
    }

    /**
     * Unwraps a message. An interrupt does not end the wait for the commit, since another thread may make the receipt durable, and
     * a payload that is not returned then is lost. The thread stays interrupted.
     */
    NumberedPayload unwrapUninterruptibly(byte[] message) throws IOException, MessageRejectedException {
        committer.requireUnexpired(state);
        ClaimState.Opened opened = state.open(message);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    committer.commit(state, opened.change);
                    return opened.payload;
                } catch (InterruptedIOException e) {
                    // Only the wait ended; the commit may still be running on another thread.
                    interrupted |= Thread.interrupted();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Tells whether the claim has ended or is about to end. */
    boolean isOver() {
        return state.isOver();
    }

    /**
     * Unwraps several messages of the peer with one commit. A refused message ends the list: the payloads before it are
     * handed out, and the call with the rest says why.
     *
     * @param messages in the order of their arrival; not kept
     * @return the payloads of the messages up to the first that is refused, in their order; one or more
     * @throws MessageRejectedException if the first message is refused; nothing has changed
     * @throws IllegalArgumentException if there are no messages
     * @throws ClaimLostException if the session has a newer owner, has expired, was deleted or released: claim it again
     * @throws IOException if the store fails: claim the session again
     */
    public List<NumberedPayload> unwrapAll(List<byte[]> messages) throws IOException, MessageRejectedException {
        if (messages.isEmpty()) {
            throw new IllegalArgumentException("no messages to unwrap; give one or more");
        }
        committer.requireUnexpired(state);
        List<NumberedPayload> payloads = new ArrayList<>(messages.size());
        ClaimState.Opened opened = state.open(messages.get(0));
        payloads.add(opened.payload);
        try {
            for (byte[] message : messages.subList(1, messages.size())) {
                opened = state.open(message);
                payloads.add(opened.payload);
            }
        } catch (MessageRejectedException | ClaimLostException refused) {
            // The messages before this one were accepted, so their payloads are returned; the caller sees that the list
            // is shorter.
        }
        committer.commit(state, opened.change);
        return payloads;
    }

    /**
     * Releases the session, with the numbers that were reserved and not used. The next owner continues without a
     * gap. Does nothing if the claim is over.
     *
     * @throws IOException if the store fails; the session can be claimed all the same
     */
    public void release() throws IOException {
        try {
            if (!state.release() || state.isStored()) {
                return;
            }
            committer.commit(state, state.changed());
        } catch (ClaimLostException alreadyOver) {
            // There is nothing to release.
            return;
        } finally {
            committer.end(
                    state, new ClaimLostException("the session " + id() + " was released; claim it again to use it"));
        }
    }

    /**
     * Ends the session for good: deletes it from the store and wipes its keys.
     *
     * @throws ClaimLostException if the session has a newer owner, which goes on with it
     * @throws IOException if the store fails; the session may still be there
     */
    public void delete() throws IOException {
        state.release();
        // Each commit changes the stored record, so running commits end before the record is compared.
        committer.commit(state, state.changed());
        if (!store.delete(state.stored())) {
            committer.lost(state);
            state.requireOwned();
        }
        try {
            guard.advance(id(), RollbackGuard.ENDED);
        } finally {
            endAsDeleted();
        }
    }

    /** Ends the claim of a session that was deleted from the store. */
    void endAsDeleted() {
        committer.end(state, new ClaimLostException("the session " + id() + " was deleted"));
    }

    /** Returns the record that was stored last. */
    SessionRecord stored() {
        return state.stored();
    }

    /** Calls {@link #release()}. */
    @Override
    public void close() throws IOException {
        release();
    }

    /**
     * Describes the claim for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return "claim of " + state.stored();
    }
}
