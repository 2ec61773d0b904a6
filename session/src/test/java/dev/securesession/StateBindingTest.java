package dev.securesession;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.rules.Rule;
import dev.securesession.rules.Rule.Kind;
import dev.securesession.testkit.Pair;
import org.junit.jupiter.api.Test;

class StateBindingTest {
    private final StateKey key = StateKey.of(new byte[StateKey.LENGTH]);
    private final Pair pair = Pair.create();

    @Test
    void namesOwnerAndGeneration() {
        StateBinding binding = StateBinding.of("orders-7", 3);

        assertThat(binding.owner()).isEqualTo("orders-7");
        assertThat(binding.generation()).isEqualTo(3);
        assertThat(binding.next()).isEqualTo(StateBinding.of("orders-7", 4));
        assertThat(binding)
                .isEqualTo(StateBinding.of("orders-7", 3))
                .hasSameHashCodeAs(StateBinding.of("orders-7", 3))
                .isNotEqualTo(StateBinding.of("orders-7", 2))
                .isNotEqualTo(StateBinding.of("orders-8", 3))
                .isNotEqualTo("orders-7");
    }

    @Test
    void refusesBindingsToNothing() {
        assertThatIllegalArgumentException().isThrownBy(() -> StateBinding.of("", 0));
        assertThatIllegalArgumentException().isThrownBy(() -> StateBinding.of("orders-7", -1));
        assertThatThrownBy(() -> StateBinding.of("orders-7", Long.MAX_VALUE).next())
                .isInstanceOf(ArithmeticException.class);
    }

    @Test
    @Rule(value = "S-6", kind = Kind.ACCEPTS)
    void suspendingAHandshakeSavesAndClosesIt() throws Exception {
        try (Pair.Exchange handshake = pair.begin()) {
            byte[] message2 = handshake.message2();
            byte[] state = handshake.client().suspend(key, Settings.BINDING);

            assertThatThrownBy(() -> handshake.client().receive(message2)).isInstanceOf(IllegalStateException.class);
            Handshake restored = Handshake.restore(state, key, Settings.BINDING, pair.client());
            assertThat(restored.receive(message2)).isInstanceOf(HandshakeStep.Reply.class);
            assertThat(restored.toString()).contains("CLIENT").contains("client");
            restored.close();
        }
    }

    @Test
    @Rule(value = "S-6", kind = Kind.REFUSES)
    void aHandshakeThatCannotBeSavedStaysOpen() throws Exception {
        StateKey destroyed = StateKey.of(new byte[StateKey.LENGTH]);
        destroyed.destroy();
        try (Pair.Exchange handshake = pair.begin()) {
            handshake.message2();
            assertThatThrownBy(() -> handshake.client().suspend(destroyed, Settings.BINDING))
                    .isInstanceOf(IllegalStateException.class);
            handshake.finish().close();
        }
    }
}
