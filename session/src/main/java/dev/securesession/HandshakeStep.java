package dev.securesession;

import java.util.Optional;

/**
 * What came of a handshake message: something to send, a question, or the session.
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

    /** The handshake goes on: send the message and wait for the next one. */
    final class Reply implements HandshakeStep {
        private final byte[] message;

        Reply(byte[] message) {
            this.message = message;
        }

        @Override
        public Optional<byte[]> message() {
            return Optional.of(message);
        }
    }

    /**
     * The handshake needs the public key of the peer: look it up and call {@link Handshake#resolve}, or
     * {@link Handshake#refusePeer}. Comes only where {@link SessionConfig#askingForKeys} was chosen.
     */
    final class NeedPeerKey implements HandshakeStep {
        private final PeerId peer;

        NeedPeerKey(PeerId peer) {
            this.peer = peer;
        }

        /**
         * Returns who claims to be there.
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
    }
}
