package dev.securesession;

import java.util.Optional;

/**
 * The result of a handshake message: something to send, a question, the session, or nothing.
 *
 * <p>Whatever the kind of step, send its {@link #message()} if there is one.
 */
public sealed interface HandshakeStep {
    /**
     * Returns what to send to the peer.
     *
     * @return the message, a new array, the caller's to keep; or empty if nothing is to be sent
     */
    Optional<byte[]> message();

    /** The handshake continues: send the message and wait for the next one. Answers a repeated message as well. */
    final class Reply implements HandshakeStep {
        private final byte[] message;

        Reply(byte[] message) {
            this.message = message;
        }

        @Override
        public Optional<byte[]> message() {
            return Optional.of(message);
        }

        @Override
        public String toString() {
            return "reply of " + message.length + " bytes";
        }
    }

    /**
     * The handshake needs the public keys of the peer: look them up and call {@link Handshake#resolve}, or
     * {@link Handshake#refusePeer}. Occurs only with {@link SessionConfig#askingForKeys}.
     */
    final class NeedPeerKey implements HandshakeStep {
        private final PeerId peer;

        NeedPeerKey(PeerId peer) {
            this.peer = peer;
        }

        /**
         * Returns the id that the peer claims.
         *
         * @return the id to look up; nothing is proved yet
         */
        public PeerId peer() {
            return peer;
        }

        @Override
        public Optional<byte[]> message() {
            return Optional.empty();
        }

        @Override
        public String toString() {
            return "question for the keys of " + peer;
        }
    }

    /** The message changed nothing and needs no answer: a repetition, or a message during a key look-up. Drop it. */
    final class Ignored implements HandshakeStep {
        Ignored() {}

        @Override
        public Optional<byte[]> message() {
            return Optional.empty();
        }

        @Override
        public String toString() {
            return "ignored";
        }
    }

    /** The handshake is over: send the message, if there is one, and use the session. */
    final class Established implements HandshakeStep {
        private final SecureSession session;
        private final Optional<byte[]> message;

        Established(SecureSession session, Optional<byte[]> message) {
            this.session = session;
            this.message = message;
        }

        /**
         * Returns the session.
         *
         * @return the session, the caller's to close
         */
        public SecureSession session() {
            return session;
        }

        @Override
        public Optional<byte[]> message() {
            return message;
        }

        @Override
        public String toString() {
            return "established " + session;
        }
    }
}
