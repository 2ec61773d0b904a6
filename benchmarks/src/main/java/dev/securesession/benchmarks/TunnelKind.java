package dev.securesession.benchmarks;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The tunnels to compare, each with its default settings. */
enum TunnelKind {
    SECURE_SESSION("Secure Session, BouncyCastle", new SecureTunnel(SecureTunnel.Provider.BOUNCY_CASTLE)),
    SECURE_SESSION_CORRETTO("Secure Session, ACCP", new SecureTunnel(SecureTunnel.Provider.CORRETTO)),
    STUNNEL("stunnel, TLS 1.3", new StunnelTunnel(), StunnelTunnel.PROGRAM),
    SPIPED("spiped", new SpipedTunnel(), SpipedTunnel.PROGRAM),
    HITCH("hitch and stunnel, TLS 1.3", new HitchTunnel(), HitchTunnel.PROGRAM, StunnelTunnel.PROGRAM),
    SOCAT("socat, no encryption", new SocatTunnel(), SocatTunnel.PROGRAM);

    private final String label;

    @SuppressWarnings("ImmutableEnumChecker") // The functions have no mutable state.
    private final Tunnel.Starter starter;

    @SuppressWarnings("ImmutableEnumChecker") // Made of List.of.
    private final List<String> programs;

    TunnelKind(String label, Tunnel.Starter starter, String... programs) {
        this.label = label;
        this.starter = starter;
        this.programs = List.of(programs);
    }

    String label() {
        return label;
    }

    /** Tells whether all programs that the tunnel needs are installed. */
    boolean isInstalled() {
        return programs.stream().allMatch(TunnelKind::isOnPath);
    }

    /** Starts a tunnel to a port on this machine. */
    Tunnel open(int targetPort) throws Exception {
        return Tunnel.open(starter, targetPort);
    }

    private static boolean isOnPath(String program) {
        String path = System.getenv("PATH");
        return path != null
                && Arrays.stream(path.split(File.pathSeparator, -1))
                        .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
    }
}
