package dev.securesession.interop.compat;

import static org.assertj.core.api.Assertions.assertThat;

import com.cossacklabs.themis.SecureCompare;
import com.cossacklabs.themis.SecureCompare.CompareResult;
import dev.securesession.interop.ForeignPeer;
import dev.securesession.interop.ReferencePeer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Comparisons of secrets between the drop-in and the foreign peer, each of them in both roles. */
@ExtendWith(ReferencePeer.class)
class DropInCompareTest {
    private static final int COMPARISONS = 200;

    private final long seed = Long.getLong("securesession.seed", System.nanoTime());
    private final Random random = new Random(seed);

    @BeforeEach
    void printSeed() {
        System.out.println("DropInCompareTest: -Dsecuresession.seed=" + seed);
    }

    @Test
    void oursBegins(ForeignPeer peer) throws Exception {
        for (int i = 0; i < COMPARISONS; i++) {
            byte[] secret = secret();
            byte[] other = i % 2 == 0 ? secret : secret();
            SecureCompare ours = new SecureCompare(secret);
            ask(peer, "comparator", other);

            byte[] third = ours.proceed(ask(peer, "proceed", ours.begin()));
            assertThat(ours.proceed(ask(peer, "proceed", third))).isNull();

            assertResult(ours, peer, i % 2 == 0, i);
        }
    }

    @Test
    void theForeignPeerBegins(ForeignPeer peer) throws Exception {
        for (int i = 0; i < COMPARISONS; i++) {
            byte[] secret = secret();
            byte[] other = i % 2 == 0 ? secret : secret();
            SecureCompare ours = new SecureCompare(secret);
            ask(peer, "comparator", other);

            byte[] third = ask(peer, "proceed", ours.proceed(ask(peer, "compare")));
            assertThat(ask(peer, "proceed", ours.proceed(third))).isEmpty();

            assertResult(ours, peer, i % 2 == 0, i);
        }
    }

    private void assertResult(SecureCompare ours, ForeignPeer peer, boolean equal, int comparison) throws Exception {
        CompareResult expected = equal ? CompareResult.MATCH : CompareResult.NO_MATCH;
        assertThat(ours.getResult())
                .as("comparison %d of seed %d", comparison, seed)
                .isEqualTo(expected);
        assertThat(new String(ask(peer, "result"), StandardCharsets.US_ASCII)).isEqualTo(expected.name());
    }

    private byte[] secret() {
        byte[] secret = new byte[4 + random.nextInt(100)];
        random.nextBytes(secret);
        return secret;
    }

    private static byte[] ask(ForeignPeer peer, String request, byte[]... arguments) {
        return peer.ask(
                        request,
                        Arrays.stream(arguments)
                                .map(Base64.getEncoder()::encodeToString)
                                .toArray(String[]::new))
                .get(0);
    }
}
