package dev.securesession;

/**
 * The elliptic curves an identity key can live on: P-256 by default, the two larger ones where a policy asks for them.
 *
 * <p>Key agreement is always on P-256, whatever the identity keys are (PROTOCOL.md, section 1).
 */
public enum Curve {
    /** NIST P-256, also called secp256r1 or prime256v1: what every peer generates by default. */
    P256,
    /** NIST P-384, also called secp384r1. */
    P384,
    /** NIST P-521, also called secp521r1. */
    P521
}
