package dev.securesession.internal.message;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.internal.message.ReplayWindow.Verdict;
import dev.securesession.rules.Rule;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReplayWindowTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 63, 64, 65, 127, 128, 129, 1024, 65_536})
    @Rule(value = "D-1", kind = ACCEPTS)
    void acceptsEachIndexOnceDownToItsEdge(int size) {
        long highest = 3L * size + 200;
        ReplayWindow window = ReplayWindow.empty(size);
        assertAccepts(window, highest);
        for (long index = highest - 1; index > highest - size; index -= Math.max(1, size / 100)) {
            assertAccepts(window, index);
        }
        assertThat(window.check(highest)).isEqualTo(Verdict.SEEN);
        assertThat(window.check(highest - size)).isEqualTo(Verdict.TOO_OLD);
        assertThat(window.check(0)).isEqualTo(Verdict.TOO_OLD);
        assertThat(window.check(highest + 1)).isEqualTo(Verdict.NEW);
        assertThat(window.highest()).isEqualTo(highest);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 63, 64, 65, 1024, 65_536})
    @Rule(value = "D-1", kind = REFUSES)
    void refusesEverythingTwiceInSequence(int size) {
        ReplayWindow window = ReplayWindow.empty(size);
        for (long index = 0; index < 200; index++) {
            assertThat(window.isNext(index)).isTrue();
            assertAccepts(window, index);
            for (long older = index; older >= 0 && older > index - size; older--) {
                assertThat(window.check(older)).isEqualTo(Verdict.SEEN);
            }
            assertThat(window.isNext(index)).isFalse();
            assertThat(window.isNext(index + 2)).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 63, 64, 65, 1024, 65_536})
    void dropsFromTheWindowWhatTheHighestIndexLeavesBehind(int size) {
        for (long step : new long[] {1, size - 1, size, size + 1, 64L * size, 1L << 31}) {
            if (step == 0) {
                continue;
            }
            ReplayWindow window = ReplayWindow.empty(size);
            window.accept(10);
            window.accept(10 + step);
            assertThat(window.check(10))
                    .as("size %d, step %d", size, step)
                    .isEqualTo(step < size ? Verdict.SEEN : Verdict.TOO_OLD);
            assertThat(window.check(9)).isEqualTo(step + 1 < size ? Verdict.NEW : Verdict.TOO_OLD);
            if (step > 1 && size > 1) {
                assertThat(window.check(10 + step - 1)).isEqualTo(Verdict.NEW);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 63, 64, 65, 1024, 65_536})
    void reachesTheLastIndexThereIs(int size) {
        long last = (1L << 32) - 1;
        ReplayWindow window = ReplayWindow.upTo(size, last - 1);
        assertThat(window.check(last - 1)).isEqualTo(Verdict.SEEN);
        assertAccepts(window, last);
        assertThat(window.check(last)).isEqualTo(Verdict.SEEN);
        assertThat(window.check(0)).isEqualTo(Verdict.TOO_OLD);
    }

    @Test
    @Rule(value = "S-2", kind = ACCEPTS)
    void letsTheFirstIndexInOnceWhenNobodyKnows() {
        for (int size : new int[] {2, 64, 1024}) {
            ReplayWindow window = ReplayWindow.firstUnknown(size);
            assertThat(window.isFirstUnknown()).isTrue();
            assertThat(window.isNext(0)).isTrue();
            assertThat(window.isNext(1)).isTrue();
            assertThat(window.isNext(2)).isFalse();
            assertAccepts(window, 1);
            assertThat(window.isFirstUnknown()).isFalse();
            assertThat(window.isNext(0)).isFalse();
            assertAccepts(window, 0);
            assertThat(window.check(0)).isEqualTo(Verdict.SEEN);
            assertThat(window.isNext(2)).isTrue();
        }
    }

    @Test
    @Rule(value = "M-3", kind = REFUSES)
    void keepsNoBitmapWhileNothingIsMissing() throws Exception {
        java.lang.reflect.Field bitmap = ReplayWindow.class.getDeclaredField("accepted");
        bitmap.setAccessible(true);
        ReplayWindow window = ReplayWindow.empty(1024);
        for (long index = 0; index < 3000; index++) {
            window.accept(index);
        }
        assertThat(bitmap.get(window)).isNull();

        window.accept(3001);
        assertThat(bitmap.get(window)).isNotNull();

        for (long index = 3002; index < 3000 + 1025; index++) {
            window.accept(index);
        }
        assertThat(bitmap.get(window)).isNull();
        assertThat(window.check(3000)).isEqualTo(Verdict.TOO_OLD);
        assertThat(window.check(3001)).isEqualTo(Verdict.SEEN);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 8, 9, 63, 65, 1023})
    @Rule(value = "D-1", kind = REFUSES)
    void acceptsNothingTwiceWhenRestoredWithALargerSize(int size) {
        ReplayWindow window = ReplayWindow.empty(size);
        for (long index = 0; index < 2000; index++) {
            window.accept(index);
        }
        ReplayWindow restored =
                ReplayWindow.restore(size + 100, window.highest(), window.isFirstUnknown(), window.toBitmap());
        for (long index = 0; index < 2000; index++) {
            assertThat(restored.check(index)).as("index %d", index).isNotEqualTo(Verdict.NEW);
        }
    }

    @Test
    @Rule(value = "D-1", kind = ACCEPTS)
    void acceptsTheFirstIndexAfterRestoringIfItWasMissing() {
        ReplayWindow window = ReplayWindow.empty(64);
        window.accept(1);
        ReplayWindow restored = ReplayWindow.restore(64, 1, false, window.toBitmap());
        assertThat(restored.check(1)).isEqualTo(Verdict.SEEN);
        assertAccepts(restored, 0);
    }

    /** A window of 9 is saved in 16 bits; a larger window must not accept the indices of the other 7. */
    @Test
    @Rule(value = "D-1", kind = REFUSES)
    void acceptsNoMissingIndexOlderThanTheSavedWindow() {
        ReplayWindow window = ReplayWindow.empty(9);
        window.accept(20);
        ReplayWindow restored = ReplayWindow.restore(100, 20, false, window.toBitmap());
        assertThat(restored.check(12)).isEqualTo(Verdict.NEW);
        for (long index = 11; index >= 0; index--) {
            assertThat(restored.check(index)).as("index %d", index).isEqualTo(Verdict.SEEN);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 63, 64, 65, 127, 191, 192, 1024, 65_536})
    void agreesWithASimpleModel(int size) {
        long seed = new Random().nextLong();
        System.out.println("ReplayWindowTest with size " + size + ": seed " + seed);
        Random random = new Random(seed);
        for (int run = 0; run < 40; run++) {
            ReplayWindow window = random.nextBoolean() ? ReplayWindow.empty(size) : ReplayWindow.upTo(size, 500);
            Model model = new Model(size, window.highest());
            for (int step = 0; step < 500; step++) {
                long index = nextIndex(random, model.size, window.highest());
                Verdict verdict = window.check(index);
                assertThat(verdict)
                        .as("seed %d, size %d, run %d, step %d, index %d", seed, size, run, step, index)
                        .isEqualTo(model.check(index));
                assertThat(window.isNext(index)).isEqualTo(index == model.highest + 1);
                if (verdict == Verdict.NEW) {
                    window.accept(index);
                    model.accept(index);
                }
                assertThat(window.highest()).isEqualTo(model.highest);
                if (random.nextInt(100) == 0) {
                    int otherSize = random.nextBoolean() ? model.size : 1 + random.nextInt(3 * model.size);
                    window = ReplayWindow.restore(
                            otherSize, window.highest(), window.isFirstUnknown(), window.toBitmap());
                    model.resize(otherSize);
                }
            }
        }
    }

    private static long nextIndex(Random random, int size, long highest) {
        long index = switch (random.nextInt(8)) {
            case 0, 1 -> highest + 1;
            case 2 -> highest + 2 + random.nextInt(4);
            case 3 -> highest + 1 + random.nextInt(3 * size + 130);
            case 4 -> highest - size + random.nextInt(5) - 2;
            case 5 -> highest - random.nextInt(4);
            default -> highest - random.nextInt(size + 2);
        };
        return Math.max(0, index);
    }

    private static void assertAccepts(ReplayWindow window, long index) {
        assertThat(window.check(index)).as("index %d", index).isEqualTo(Verdict.NEW);
        window.accept(index);
        assertThat(window.check(index)).as("index %d", index).isEqualTo(Verdict.SEEN);
    }

    /** Remembers everything, and forgets by comparison. */
    private static final class Model {
        final Set<Long> accepted = new HashSet<>();
        int size;
        long highest;
        /** Everything below counts as accepted. */
        long floor;

        Model(int size, long highest) {
            this.size = size;
            this.highest = highest;
            this.floor = highest + 1;
        }

        Verdict check(long index) {
            if (index <= highest - size) {
                return Verdict.TOO_OLD;
            }
            return index < floor || accepted.contains(index) ? Verdict.SEEN : Verdict.NEW;
        }

        void accept(long index) {
            accepted.add(index);
            highest = Math.max(highest, index);
        }

        /** The saved bitmap says nothing of what was behind the old window. */
        void resize(int other) {
            floor = Math.max(floor, highest - size + 1);
            size = other;
        }
    }
}
