package dev.securesession.compat.comparator;

import java.math.BigInteger;
import java.security.SecureRandom;
import java.util.Arrays;

/**
 * One end of a comparison of two secrets, of which neither end learns more than whether they are equal.
 *
 * <p>The state is the message that is awaited. Each state checks all of its message before it answers; a message that is
 * refused ends the comparison. For one thread at a time.
 *
 * <pre>
 *   first end                                       second end
 *      | -- 1: G2a proof 1 | G3a proof 2 ---------------> |
 *      | <- 2: G2b proof 3 | G3b proof 4 | Pb Qb proof 5  |
 *      | -- 3: Pa Qa proof 6 | Ra proof 7 --------------> |
 *      | <- 4: Rb proof 8 ------------------------------- |
 * </pre>
 *
 * <p>G2 = a2 B and G3 = a3 B with random a2, a3; g2 = a2 G2 and g3 = a3 G3 of the peer; P = r g3 and Q = x g2 + r B with a
 * random r and the secret x; R = a3 (Qa - Qb). The secrets are equal if a3 R of the peer is Pa - Pb.
 */
public final class Comparison {
    /** The result so far, or at the end. */
    public enum Result {
        /** Messages are missing. */
        NOT_READY,
        /** The secrets differ, or the comparison failed. */
        NO_MATCH,
        /** The secrets are equal. */
        MATCH
    }

    private final SecureRandom random;
    private State state;
    private Result result = Result.NOT_READY;

    /**
     * Returns if the library of the group operations is there.
     *
     * @throws NoClassDefFoundError if it is not
     */
    public static void requireLibrary() {
        GroupElement.requireLibrary();
    }

    /**
     * Begins a comparison in which this end may send first or second.
     *
     * @param hash SHA-256 of the secret; only read
     */
    public Comparison(byte[] hash, SecureRandom random) {
        this.random = random;
        this.state = new ExpectFirst(clamped(hash));
    }

    /**
     * Returns message 1.
     *
     * @throws IllegalStateException if a message was sent or received before
     */
    public byte[] begin() {
        if (!(state instanceof ExpectFirst start)) {
            throw new IllegalStateException("the comparison has begun already");
        }
        Exponents own = new Exponents(Scalar.random(random), Scalar.random(random));
        byte[] message = new byte[FIRST_LENGTH];
        own.write(1, message);
        state = new ExpectSecond(start.secret, own);
        return message;
    }

    /**
     * Takes in a message of the peer.
     *
     * @return the answer, or an empty array after message 4
     * @throws ComparisonFailedException if the message is refused: the result is {@link Result#NO_MATCH}, unless there was
     *     one before
     */
    public byte[] proceed(byte[] message) throws ComparisonFailedException {
        State current = state;
        state = new Ended();
        try {
            if (message.length != current.messageLength()) {
                throw new ComparisonFailedException();
            }
            return current.accept(message);
        } catch (ComparisonFailedException e) {
            if (result == Result.NOT_READY) {
                result = Result.NO_MATCH;
            }
            throw e;
        }
    }

    public Result result() {
        return result;
    }

    private void decide(boolean equal) {
        result = equal ? Result.MATCH : Result.NO_MATCH;
    }

    /** Awaits one message; what it holds is all that later steps need. */
    private abstract static class State {
        abstract int messageLength();

        abstract byte[] accept(byte[] message) throws ComparisonFailedException;
    }

    /** Nothing has been sent or received: this end can still become the first or the second. */
    private final class ExpectFirst extends State {
        final BigInteger secret;

        ExpectFirst(BigInteger secret) {
            this.secret = secret;
        }

        @Override
        int messageLength() {
            return FIRST_LENGTH;
        }

        @Override
        byte[] accept(byte[] first) throws ComparisonFailedException {
            PeerElements peer = PeerElements.read(1, first);
            Exponents own = new Exponents(Scalar.random(random), Scalar.random(random));
            Bases bases = Bases.of(own, peer, random);
            Commitment commitment = Commitment.to(secret, bases, random);

            byte[] second = new byte[SECOND_LENGTH];
            own.write(3, second);
            commitment.p.encode(second, 6 * FIELD);
            commitment.q.encode(second, 7 * FIELD);
            Proof.at(5).ofSecret(commitment.r, secret, bases.g2, bases.g3, random, second, 8 * FIELD);
            state = new ExpectThird(own.third, peer.third, bases, commitment);
            return second;
        }
    }

    /** Of the first end: message 1 was sent. */
    private final class ExpectSecond extends State {
        private final BigInteger secret;
        private final Exponents own;

        ExpectSecond(BigInteger secret, Exponents own) {
            this.secret = secret;
            this.own = own;
        }

        @Override
        int messageLength() {
            return SECOND_LENGTH;
        }

        @Override
        byte[] accept(byte[] second) throws ComparisonFailedException {
            PeerElements peer = PeerElements.read(3, second);
            GroupElement peerP = GroupElement.decode(second, 6 * FIELD);
            GroupElement peerQ = GroupElement.decode(second, 7 * FIELD);
            Bases bases = Bases.of(own, peer, random);
            Proof.at(5).checkSecret(peerP, peerQ, bases.g2, bases.g3, second, 8 * FIELD);
            Commitment commitment = Commitment.to(secret, bases, random);
            GroupElement difference = difference(commitment.q, peerQ);
            GroupElement pDifference = difference(commitment.p, peerP);

            byte[] third = new byte[THIRD_LENGTH];
            commitment.p.encode(third, 0);
            commitment.q.encode(third, FIELD);
            Proof.at(6).ofSecret(commitment.r, secret, bases.g2, bases.g3, random, third, 2 * FIELD);
            difference.timesSecret(own.third, random).encode(third, 5 * FIELD);
            Proof.at(7).ofSameLogarithm(own.third, difference, random, third, 6 * FIELD);
            state = new ExpectFourth(own.third, peer.third, difference, pDifference);
            return third;
        }
    }

    /** Of the second end: message 2 was sent. */
    private final class ExpectThird extends State {
        private final BigInteger ownThird;
        private final GroupElement peerThird;
        private final Bases bases;
        private final Commitment commitment;

        ExpectThird(BigInteger ownThird, GroupElement peerThird, Bases bases, Commitment commitment) {
            this.ownThird = ownThird;
            this.peerThird = peerThird;
            this.bases = bases;
            this.commitment = commitment;
        }

        @Override
        int messageLength() {
            return THIRD_LENGTH;
        }

        @Override
        byte[] accept(byte[] third) throws ComparisonFailedException {
            GroupElement peerP = GroupElement.decode(third, 0);
            GroupElement peerQ = GroupElement.decode(third, FIELD);
            GroupElement peerR = GroupElement.decode(third, 5 * FIELD);
            Proof.at(6).checkSecret(peerP, peerQ, bases.g2, bases.g3, third, 2 * FIELD);
            GroupElement difference = difference(peerQ, commitment.q);
            Proof.at(7).checkSameLogarithm(peerThird, difference, peerR, third, 6 * FIELD);
            GroupElement pDifference = difference(peerP, commitment.p);

            byte[] fourth = new byte[FOURTH_LENGTH];
            difference.timesSecret(ownThird, random).encode(fourth, 0);
            Proof.at(8).ofSameLogarithm(ownThird, difference, random, fourth, FIELD);
            decide(peerR.timesSecret(ownThird, random).isSameAs(pDifference));
            return fourth;
        }
    }

    /** Of the first end: message 3 was sent. */
    private final class ExpectFourth extends State {
        private final BigInteger ownThird;
        private final GroupElement peerThird;
        private final GroupElement difference;
        private final GroupElement pDifference;

        ExpectFourth(BigInteger ownThird, GroupElement peerThird, GroupElement difference, GroupElement pDifference) {
            this.ownThird = ownThird;
            this.peerThird = peerThird;
            this.difference = difference;
            this.pDifference = pDifference;
        }

        @Override
        int messageLength() {
            return FOURTH_LENGTH;
        }

        @Override
        byte[] accept(byte[] fourth) throws ComparisonFailedException {
            GroupElement peerR = GroupElement.decode(fourth, 0);
            Proof.at(8).checkSameLogarithm(peerThird, difference, peerR, fourth, FIELD);
            decide(peerR.timesSecret(ownThird, random).isSameAs(pDifference));
            return NOTHING;
        }
    }

    /** Accepts nothing any more. */
    private static final class Ended extends State {
        @Override
        int messageLength() {
            return -1;
        }

        @Override
        byte[] accept(byte[] message) throws ComparisonFailedException {
            throw new ComparisonFailedException();
        }
    }

    /** The random exponents a2 and a3 of this end. */
    private final class Exponents {
        final BigInteger second;
        final BigInteger third;

        Exponents(BigInteger second, BigInteger third) {
            this.second = second;
            this.third = third;
        }

        /** Writes G2 and G3, each with its proof, the first at the given position. */
        void write(int position, byte[] message) {
            GroupElement.BASE.timesSecret(second, random).encode(message, 0);
            Proof.at(position).ofLogarithm(second, random, message, FIELD);
            GroupElement.BASE.timesSecret(third, random).encode(message, 3 * FIELD);
            Proof.at(position + 1).ofLogarithm(third, random, message, 4 * FIELD);
        }
    }

    /** G2 and G3 of the peer, proved to be powers that it knows. */
    private static final class PeerElements {
        final GroupElement second;
        final GroupElement third;

        private PeerElements(GroupElement second, GroupElement third) {
            this.second = second;
            this.third = third;
        }

        static PeerElements read(int position, byte[] message) throws ComparisonFailedException {
            GroupElement second = GroupElement.decode(message, 0);
            Proof.at(position).checkLogarithm(second, message, FIELD);
            GroupElement third = GroupElement.decode(message, 3 * FIELD);
            Proof.at(position + 1).checkLogarithm(third, message, 4 * FIELD);
            return new PeerElements(second, third);
        }
    }

    /** The bases g2 and g3 that both ends have agreed on. */
    private static final class Bases {
        final GroupElement g2;
        final GroupElement g3;

        private Bases(GroupElement g2, GroupElement g3) {
            this.g2 = g2;
            this.g3 = g3;
        }

        static Bases of(Exponents own, PeerElements peer, SecureRandom random) {
            return new Bases(peer.second.timesSecret(own.second, random), peer.third.timesSecret(own.third, random));
        }
    }

    /** P and Q of this end, which commit it to its secret, and the random number in them. */
    private static final class Commitment {
        final BigInteger r;
        final GroupElement p;
        final GroupElement q;

        private Commitment(BigInteger r, GroupElement p, GroupElement q) {
            this.r = r;
            this.p = p;
            this.q = q;
        }

        static Commitment to(BigInteger secret, Bases bases, SecureRandom random) {
            BigInteger r = Scalar.random(random);
            return new Commitment(
                    r,
                    bases.g3.timesSecret(r, random),
                    bases.g2.timesSecret(secret, random).plus(GroupElement.BASE.timesSecret(r, random)));
        }
    }

    /** Subtracts elements of the two ends, which an honest peer makes equal only by an accident that never happens. */
    private static GroupElement difference(GroupElement first, GroupElement second) throws ComparisonFailedException {
        GroupElement difference = first.minus(second);
        if (difference.isNeutral()) {
            throw new ComparisonFailedException();
        }
        return difference;
    }

    /** Makes a number of the hash as X25519 does: a multiple of 8 from 2^254 to 2^255. */
    private static BigInteger clamped(byte[] hash) {
        byte[] bytes = hash.clone();
        bytes[0] &= (byte) 0xF8;
        bytes[31] &= 0x7F;
        bytes[31] |= 0x40;
        BigInteger number = Scalar.number(bytes).mod(Scalar.ORDER);
        Arrays.fill(bytes, (byte) 0);
        return number;
    }

    private static final int FIELD = 32;
    private static final int FIRST_LENGTH = 6 * FIELD;
    private static final int SECOND_LENGTH = 11 * FIELD;
    private static final int THIRD_LENGTH = 8 * FIELD;
    private static final int FOURTH_LENGTH = 3 * FIELD;
    private static final byte[] NOTHING = {};
}
