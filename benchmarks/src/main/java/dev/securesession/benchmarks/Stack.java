package dev.securesession.benchmarks;

import java.util.concurrent.Callable;

/** The contenders by name, each as its users would have it by default. */
public enum Stack {
    SECURE_SESSION("Secure Session, JDK", () -> SecureSessions.using(ProviderSet.JDK)),
    SECURE_SESSION_BOUNCY_CASTLE(
            "Secure Session, BouncyCastle for EC", () -> SecureSessions.using(ProviderSet.BOUNCY_CASTLE)),
    SECURE_SESSION_CORRETTO("Secure Session, ACCP", () -> SecureSessions.using(ProviderSet.CORRETTO)),
    SECURE_SESSION_CONSCRYPT("Secure Session, Conscrypt", () -> SecureSessions.using(ProviderSet.CONSCRYPT)),
    OPERATIONS("its operations alone, JDK", () -> new Operations(ProviderSet.JDK)),
    OPERATIONS_BOUNCY_CASTLE(
            "its operations alone, BouncyCastle for EC", () -> new Operations(ProviderSet.BOUNCY_CASTLE)),
    OPERATIONS_CORRETTO("its operations alone, ACCP", () -> new Operations(ProviderSet.CORRETTO)),
    JSSE("TLS 1.3, JSSE", Tls::jsse),
    CONSCRYPT("TLS 1.3, Conscrypt", Tls::conscrypt),
    TCNATIVE("TLS 1.3, netty-tcnative", Tls::tcnative),
    NOISE("Noise XX, noise-java", Noise::new);

    private final String label;

    @SuppressWarnings("ImmutableEnumChecker") // The functions hold nothing.
    private final Callable<Contender> maker;

    Stack(String label, Callable<Contender> maker) {
        this.label = label;
        this.maker = maker;
    }

    /** Tells whether its messages differ from those of all others: BouncyCastle has no part in them. */
    boolean carriesMessagesOfItsOwn() {
        return this != SECURE_SESSION_BOUNCY_CASTLE && !name().startsWith("OPERATIONS");
    }

    String label() {
        return label;
    }

    Contender open() throws Exception {
        return maker.call();
    }
}
