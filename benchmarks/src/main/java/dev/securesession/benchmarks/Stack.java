package dev.securesession.benchmarks;

import java.util.concurrent.Callable;

/** The stacks to compare, and the cryptographic operations of Secure Session alone. */
public enum Stack {
    SECURE_SESSION("Secure Session, JDK", Part.BOTH, () -> SecureSessions.using(ProviderSet.JDK)),
    OPERATIONS("its operations alone, JDK", Part.HANDSHAKE, () -> new Operations(ProviderSet.JDK)),
    CIPHER("its cipher alone, JDK", Part.MESSAGES, () -> new BareCipher(ProviderSet.JDK)),
    /** The message benchmarks do not run it. */
    SECURE_SESSION_BOUNCY_CASTLE(
            "Secure Session, BouncyCastle for EC",
            Part.HANDSHAKE,
            () -> SecureSessions.using(ProviderSet.BOUNCY_CASTLE)),
    OPERATIONS_BOUNCY_CASTLE(
            "its operations alone, BouncyCastle for EC",
            Part.HANDSHAKE,
            () -> new Operations(ProviderSet.BOUNCY_CASTLE)),
    SECURE_SESSION_CORRETTO("Secure Session, ACCP", Part.BOTH, () -> SecureSessions.using(ProviderSet.CORRETTO)),
    OPERATIONS_CORRETTO("its operations alone, ACCP", Part.HANDSHAKE, () -> new Operations(ProviderSet.CORRETTO)),
    CIPHER_CORRETTO("its cipher alone, ACCP", Part.MESSAGES, () -> new BareCipher(ProviderSet.CORRETTO)),
    SECURE_SESSION_CONSCRYPT("Secure Session, Conscrypt", Part.BOTH, () -> SecureSessions.using(ProviderSet.CONSCRYPT)),
    JSSE("TLS 1.3, JSSE", Part.BOTH, Tls::jsse),
    /** Without handshake benchmarks: its engines keep file descriptors until garbage collection, and many handshakes exhaust them. */
    CONSCRYPT("TLS 1.3, Conscrypt", Part.MESSAGES, Tls::conscrypt),
    TCNATIVE("TLS 1.3, netty-tcnative", Part.BOTH, Tls::tcnative),
    NOISE("Noise XX, noise-java", Part.BOTH, Noise::new);

    private final String label;
    private final Part part;

    @SuppressWarnings("ImmutableEnumChecker") // The functions have no state.
    private final Callable<Contender> maker;

    Stack(String label, Part part, Callable<Contender> maker) {
        this.label = label;
        this.part = part;
        this.maker = maker;
    }

    String label() {
        return label;
    }

    /** Tells whether this is a whole stack that a user can choose, rather than a part of one. */
    boolean isChoice() {
        return switch (this) {
            case OPERATIONS, OPERATIONS_BOUNCY_CASTLE, OPERATIONS_CORRETTO, CIPHER, CIPHER_CORRETTO -> false;
            default -> true;
        };
    }

    boolean doesHandshakes() {
        return part != Part.MESSAGES;
    }

    boolean carriesMessages() {
        return part != Part.HANDSHAKE;
    }

    Contender open() throws Exception {
        return maker.call();
    }

    /** The benchmarks that run a contender. */
    private enum Part {
        HANDSHAKE,
        MESSAGES,
        BOTH
    }
}
