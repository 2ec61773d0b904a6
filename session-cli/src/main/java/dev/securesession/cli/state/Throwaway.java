package dev.securesession.cli.state;

import dev.securesession.Curve;
import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.cli.command.FastestProviders;
import java.util.List;

/** A configuration for work that opens and seals states and establishes no session: its identity is of this run. */
final class Throwaway {
    private Throwaway() {}

    static SessionConfig config() {
        PeerDirectory nobody = peer -> List.of();
        return SessionConfig.of(
                        LocalIdentity.of(
                                PeerId.ofUtf8("secure-session state"),
                                IdentityKeyPair.generate(Curve.P256).privateKey()),
                        nobody)
                .withCrypto(FastestProviders.get());
    }
}
