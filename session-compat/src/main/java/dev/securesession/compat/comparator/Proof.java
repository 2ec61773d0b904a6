package dev.securesession.compat.comparator;

import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;

/**
 * Makes and checks proofs that the sender of group elements knows the numbers behind them (docs/comparing-secrets.md,
 * "Proofs").
 *
 * <pre>
 *   | challenge: SHA-512(commitments | position) mod order, 32 | a response of 32 bytes for each number |
 *   response = challenge * number + nonce
 * </pre>
 *
 * <p>The position is one byte and differs for each proof of a comparison, so that no proof can stand in another place.
 */
final class Proof {
    private final byte position;

    private Proof(int position) {
        this.position = (byte) position;
    }

    static Proof at(int position) {
        return new Proof(position);
    }

    /** Proves knowledge of a in A = a B. Two fields of 32 bytes. */
    void ofLogarithm(BigInteger a, SecureRandom random, byte[] message, int offset) {
        BigInteger nonce = Scalar.random(random);
        BigInteger challenge = challenge(GroupElement.BASE.timesSecret(nonce, random));
        write(challenge, message, offset);
        write(response(challenge, a, nonce), message, offset + FIELD);
    }

    void checkLogarithm(GroupElement publicA, byte[] message, int offset) throws ComparisonFailedException {
        BigInteger challenge = Scalar.decode(message, offset);
        BigInteger response = Scalar.decode(message, offset + FIELD);
        require(challenge, commitment(GroupElement.BASE, response, publicA, challenge));
    }

    /** Proves knowledge of r and x in P = r g3 and Q = x g2 + r B. Three fields of 32 bytes. */
    void ofSecret(
            BigInteger r,
            BigInteger x,
            GroupElement g2,
            GroupElement g3,
            SecureRandom random,
            byte[] message,
            int offset) {
        BigInteger nonceR = Scalar.random(random);
        BigInteger nonceX = Scalar.random(random);
        BigInteger challenge = challenge(
                g3.timesSecret(nonceR, random),
                g2.timesSecret(nonceX, random).plus(GroupElement.BASE.timesSecret(nonceR, random)));
        write(challenge, message, offset);
        write(response(challenge, r, nonceR), message, offset + FIELD);
        write(response(challenge, x, nonceX), message, offset + 2 * FIELD);
    }

    void checkSecret(GroupElement p, GroupElement q, GroupElement g2, GroupElement g3, byte[] message, int offset)
            throws ComparisonFailedException {
        BigInteger challenge = Scalar.decode(message, offset);
        BigInteger responseR = Scalar.decode(message, offset + FIELD);
        BigInteger responseX = Scalar.decode(message, offset + 2 * FIELD);
        GroupElement first = commitment(g3, responseR, p, challenge);
        GroupElement second =
                g2.timesPublic(responseX, GroupElement.BASE, responseR).minus(q.timesPublic(challenge));
        require(challenge, first, second);
    }

    /** Proves that the same a is in A = a B and R = a X. Two fields of 32 bytes. */
    void ofSameLogarithm(BigInteger a, GroupElement x, SecureRandom random, byte[] message, int offset) {
        BigInteger nonce = Scalar.random(random);
        BigInteger challenge = challenge(GroupElement.BASE.timesSecret(nonce, random), x.timesSecret(nonce, random));
        write(challenge, message, offset);
        write(response(challenge, a, nonce), message, offset + FIELD);
    }

    void checkSameLogarithm(GroupElement publicA, GroupElement x, GroupElement r, byte[] message, int offset)
            throws ComparisonFailedException {
        BigInteger challenge = Scalar.decode(message, offset);
        BigInteger response = Scalar.decode(message, offset + FIELD);
        require(
                challenge,
                commitment(GroupElement.BASE, response, publicA, challenge),
                commitment(x, response, r, challenge));
    }

    private void require(BigInteger challenge, GroupElement... commitments) throws ComparisonFailedException {
        if (!challenge(commitments).equals(challenge)) {
            throw new ComparisonFailedException();
        }
    }

    private BigInteger challenge(GroupElement... commitments) {
        MessageDigest hash = sha512();
        for (GroupElement commitment : commitments) {
            hash.update(commitment.encoded());
        }
        hash.update(position);
        return Scalar.number(hash.digest()).mod(Scalar.ORDER);
    }

    /** Returns base * response - result * challenge: the commitment, if the result is base * number. */
    private static GroupElement commitment(
            GroupElement base, BigInteger response, GroupElement result, BigInteger challenge) {
        return base.timesPublic(response, result, challenge.negate().mod(Scalar.ORDER));
    }

    private static BigInteger response(BigInteger challenge, BigInteger number, BigInteger nonce) {
        return challenge.multiply(number).add(nonce).mod(Scalar.ORDER);
    }

    private static void write(BigInteger number, byte[] message, int offset) {
        System.arraycopy(Scalar.encoded(number), 0, message, offset, FIELD);
    }

    private static MessageDigest sha512() {
        try {
            return MessageDigest.getInstance("SHA-512");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-512", e);
        }
    }

    private static final int FIELD = 32;
}
