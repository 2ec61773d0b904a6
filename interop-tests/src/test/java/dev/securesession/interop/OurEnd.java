package dev.securesession.interop;

import dev.securesession.EarlyData;
import dev.securesession.Handshake;
import dev.securesession.HandshakeStep;
import dev.securesession.PeerId;
import dev.securesession.Role;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.StateRejectedException;

/** An end of this library: a handshake, then its session. */
final class OurEnd implements End {
    private static final byte[] NOTHING = {};

    private final Handshake handshake;
    private SecureSession session;

    private OurEnd(Handshake handshake, SecureSession session) {
        this.handshake = handshake;
        this.session = session;
    }

    /** Returns an end that accepts the expected peer only, or any known peer if none is expected. */
    static OurEnd of(Role role, SessionConfig config, PeerId expectedPeer) {
        if (expectedPeer == null) {
            return new OurEnd(
                    role == Role.CLIENT ? Handshake.clientAcceptingAnyKnownPeer(config) : Handshake.server(config),
                    null);
        }
        return new OurEnd(
                role == Role.CLIENT ? Handshake.client(config, expectedPeer) : Handshake.server(config, expectedPeer),
                null);
    }

    static OurEnd load(byte[] state, SessionConfig config) throws StateRejectedException {
        return new OurEnd(null, SecureSession.restoreUnsealedTssc(state, config));
    }

    @Override
    public byte[] request() {
        return handshake.start();
    }

    @Override
    public byte[] reply(byte[] message) throws Exception {
        HandshakeStep step = handshake.receive(message);
        if (step instanceof HandshakeStep.Established established) {
            session = established.session();
        }
        return step.message().orElse(NOTHING);
    }

    EarlyData earlyData() {
        return handshake.earlyData().orElseThrow();
    }

    SecureSession session() {
        if (session == null) {
            throw new IllegalStateException("the handshake is not finished");
        }
        return session;
    }

    @Override
    public byte[] wrap(byte[] payload) {
        return session().wrap(payload);
    }

    @Override
    public byte[] unwrap(byte[] message) throws Exception {
        return session().unwrap(message);
    }

    @Override
    public byte[] save() {
        return session().saveUnsealedTsscCopy();
    }

    @Override
    public byte[] remote() {
        return session().peer().toBytes();
    }

    @Override
    public boolean isEstablished() {
        return session != null;
    }

    @Override
    public void close() {
        if (handshake != null) {
            handshake.close();
        }
        if (session != null) {
            session.close();
        }
    }
}
