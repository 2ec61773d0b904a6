package dev.securesession.compat.comparator;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.security.SecureRandom;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What makes proofs and multiplications safe, which no peer notices when it is missing. */
class ProofTest {
    private static final int FIELD = 32;

    private final SecureRandom random = new SecureRandom();

    /** From two responses with one nonce anybody could compute the difference of the numbers, and try secrets without us. */
    @Test
    void eachNumberOfAProofHasANonceOfItsOwn() throws Exception {
        BigInteger r = Scalar.random(random);
        BigInteger x = Scalar.random(random);
        Set<BigInteger> nonces = new HashSet<>();
        for (int i = 0; i < 3; i++) {
            byte[] message = new byte[3 * FIELD];
            Proof.at(5).ofSecret(r, x, GroupElement.BASE, GroupElement.BASE, random, message, 0);
            BigInteger challenge = Scalar.decode(message, 0);
            nonces.add(nonce(Scalar.decode(message, FIELD), challenge, r));
            nonces.add(nonce(Scalar.decode(message, 2 * FIELD), challenge, x));
        }

        assertThat(nonces).hasSize(6);
    }

    @Test
    void proofsOfLogarithmsHaveNewNonces() throws Exception {
        BigInteger a = Scalar.random(random);
        Set<BigInteger> nonces = new HashSet<>();
        for (int i = 0; i < 3; i++) {
            byte[] message = new byte[2 * FIELD];
            Proof.at(1).ofLogarithm(a, random, message, 0);
            nonces.add(nonce(Scalar.decode(message, FIELD), Scalar.decode(message, 0), a));
            Proof.at(7).ofSameLogarithm(a, GroupElement.BASE, random, message, 0);
            nonces.add(nonce(Scalar.decode(message, FIELD), Scalar.decode(message, 0), a));
        }

        assertThat(nonces).hasSize(6);
    }

    /** The shares of a secret are random, so the same multiplication never does the same steps twice. */
    @Test
    void aMultiplicationBySecretsAsksForRandomShares() {
        int[] asked = {0};
        SecureRandom counting = new SecureRandom() {
            private static final long serialVersionUID = 1L;

            @Override
            public void nextBytes(byte[] bytes) {
                asked[0]++;
                super.nextBytes(bytes);
            }
        };
        BigInteger secret = Scalar.random(random);
        GroupElement blinded = GroupElement.BASE.timesSecret(secret, counting);

        assertThat(asked[0]).isPositive();
        assertThat(blinded.encoded())
                .isEqualTo(GroupElement.BASE.timesSecret(secret, random).encoded());
    }

    private static BigInteger nonce(BigInteger response, BigInteger challenge, BigInteger number) {
        return response.subtract(challenge.multiply(number)).mod(Scalar.ORDER);
    }
}
