package dev.securesession.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.rules.Rule;
import dev.securesession.rules.Rule.Kind;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ByteBudgetTest {
    private final ByteBudget budget = new ByteBudget("test messages", 100);
    private final CountDownLatch closed = new CountDownLatch(1);

    @Test
    @Rule(value = "P-4", kind = Kind.ACCEPTS)
    void allowsWhatFitsAndForgetsWhatIsReleased() throws Exception {
        ByteBudget.Account one = budget.open(closed::countDown);
        ByteBudget.Account two = budget.open(closed::countDown);
        for (int i = 0; i < 10; i++) {
            one.hold(60);
            two.hold(40);
            one.hold(10);
            two.hold(90);
            two.hold(0);
            one.release();
        }

        assertThat(budget.evicted()).isZero();
        assertThat(closed.getCount()).isEqualTo(1);
    }

    /** Honest connections with small messages go on; the one that holds the most is closed for them. */
    @Test
    @Rule(value = "P-4", kind = Kind.REFUSES)
    void closesTheLargestForAnother() throws Exception {
        ByteBudget.Account large = budget.open(closed::countDown);
        ByteBudget.Account small = budget.open(() -> {
            throw new AssertionError("closed by mistake");
        });
        small.hold(10);
        large.hold(90);
        small.hold(20);

        assertThat(closed.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(budget.evicted()).isEqualTo(1);
        assertThatThrownBy(() -> large.hold(1))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("test messages hold 100 bytes, which is the limit");
        large.release();
        small.hold(100);
        assertThat(budget.evicted()).isEqualTo(1);
    }

    @Test
    @Rule(value = "P-4", kind = Kind.REFUSES)
    void refusesTheLargestItself() throws Exception {
        ByteBudget.Account small = budget.open(closed::countDown);
        ByteBudget.Account large = budget.open(closed::countDown);
        small.hold(30);

        assertThatThrownBy(() -> large.hold(71)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> budget.open(closed::countDown).hold(101)).isInstanceOf(IOException.class);

        small.hold(100);
        assertThat(closed.getCount()).isEqualTo(1);
    }

    /** Whatever order the accounts come in: of many holders the largest one makes room, never the one that asks. */
    @Test
    @Rule(value = "P-4", kind = Kind.REFUSES)
    void findsTheLargestOfMany() throws Exception {
        ByteBudget many = new ByteBudget("test messages", 200);
        ByteBudget.Account[] small = new ByteBudget.Account[20];
        for (int i = 0; i < small.length; i++) {
            small[i] = many.open(() -> {
                throw new AssertionError("closed by mistake");
            });
            small[i].hold(5);
        }
        ByteBudget.Account large = many.open(closed::countDown);
        large.hold(100);
        small[7].hold(6);

        assertThat(closed.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(many.evicted()).isEqualTo(1);
        assertThatThrownBy(() -> large.hold(1)).isInstanceOf(IOException.class);
        for (ByteBudget.Account each : small) {
            each.hold(1);
        }
    }
}
