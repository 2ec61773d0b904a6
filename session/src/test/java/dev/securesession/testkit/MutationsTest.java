package dev.securesession.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.testkit.Mutations.Mutation;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MutationsTest {
    private static final byte[] CONTAINER =
            HostilePeer.container("TSPM", HostilePeer.container("TSID", new byte[] {1, 2, 3}), new byte[] {4, 5});

    @Test
    void areAllDifferentFromTheOriginalAndFromEachOther() {
        Set<String> seen = new HashSet<>(Set.of(Arrays.toString(CONTAINER)));
        List<Mutation> mutations = Mutations.of(CONTAINER);

        assertThat(mutations).hasSizeGreaterThan(10 * CONTAINER.length);
        for (Mutation mutation : mutations) {
            assertThat(seen.add(Arrays.toString(mutation.bytes())))
                    .as(mutation.name())
                    .isTrue();
        }
    }

    @Test
    void areTheSameEachTime() {
        List<Mutation> one = Mutations.of(CONTAINER);
        List<Mutation> other = Mutations.of(CONTAINER);

        assertThat(one).hasSameSizeAs(other);
        for (int i = 0; i < one.size(); i++) {
            assertThat(one.get(i)).hasToString(other.get(i).name());
            assertThat(one.get(i).bytes()).isEqualTo(other.get(i).bytes());
        }
    }

    @Test
    void damageEveryByteAndEveryLength() {
        List<Mutation> mutations = Mutations.of(CONTAINER);

        for (int i = 0; i < CONTAINER.length; i++) {
            int at = i;
            assertThat(mutations)
                    .anyMatch(mutation ->
                            mutation.bytes().length == CONTAINER.length && mutation.bytes()[at] != CONTAINER[at])
                    .anyMatch(mutation -> Arrays.equals(mutation.bytes(), Arrays.copyOf(CONTAINER, at)));
        }
    }

    @Test
    void repairPutsInnerAndOuterChecksumsRight() {
        byte[] damaged = CONTAINER.clone();
        damaged[25] ^= 1;

        byte[] repaired = Mutations.repaired(damaged);

        assertThat(repaired)
                .isEqualTo(HostilePeer.container(
                        "TSPM", HostilePeer.container("TSID", new byte[] {1, 3, 3}), new byte[] {4, 5}));
        assertThat(Mutations.repaired(CONTAINER)).isEqualTo(CONTAINER);
    }

    @Test
    void refittingPutsTheSizeRight() {
        byte[] cut = Arrays.copyOf(CONTAINER, CONTAINER.length - 2);

        assertThat(Mutations.refitted(cut))
                .isEqualTo(HostilePeer.container("TSPM", HostilePeer.container("TSID", new byte[] {1, 2, 3})));
        assertThat(Mutations.refitted(new byte[5])).isEqualTo(new byte[5]);
    }

    @Test
    void signaturesAreDamagedInEveryNamedWay() {
        byte[] signature = Signatures.sequence(BigInteger.valueOf(300), BigInteger.valueOf(70));

        List<Mutation> mutations = Mutations.ofSignature(signature, HostilePeer.order());

        assertThat(mutations).hasSize(26).noneMatch(mutation -> Arrays.equals(mutation.bytes(), signature));
        assertThat(Signatures.numbers(signature)).containsExactly(BigInteger.valueOf(300), BigInteger.valueOf(70));
        assertThat(HostilePeer.otherS(HostilePeer.otherS(signature))).isEqualTo(signature);
        assertThat(HostilePeer.isHighS(signature)).isFalse();
        assertThat(HostilePeer.isHighS(HostilePeer.otherS(signature))).isTrue();
    }
}
