package dev.securesession.internal.crypto;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.rules.Rule;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScratchPoolTest {
    private static final int HINT = 3;

    private final ScratchPool pool = new ScratchPool();

    @ParameterizedTest
    @ValueSource(ints = {1, 512, 4095, 4096, 4097, 12_288, 70_000, 3_000_000})
    @Rule(value = "M-1", kind = ACCEPTS)
    void wipesWhatWasUsedAndNoMore(int used) {
        byte[] array = pool.acquire(HINT, used + 10);
        Arrays.fill(array, (byte) 7);

        pool.release(HINT, array, used);

        assertThat(Arrays.copyOf(array, used)).containsOnly(0);
        assertThat(Arrays.copyOfRange(array, used, array.length)).containsOnly(7);
    }

    @Test
    void givesAnArrayToOneAtATime() {
        byte[] first = pool.acquire(HINT, 100);
        assertThat(pool.acquire(HINT, 100)).isNotSameAs(first);

        pool.release(HINT, first, 100);

        assertThat(pool.acquire(HINT, 100)).isSameAs(first);
        assertThat(pool.acquire(HINT, 100)).isNotSameAs(first);
    }

    @Test
    void keepsNoVeryLargeArrays() {
        byte[] large = pool.acquire(HINT, 3_000_000);
        pool.release(HINT, large, 1);

        assertThat(pool.acquire(HINT, 3_000_000)).isNotSameAs(large);
    }
}
