package dev.securesession.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.securesession.transport.Framing;
import io.netty.channel.ChannelFuture;
import java.io.EOFException;
import java.net.ProtocolException;
import org.junit.jupiter.api.Test;

/** Framed messages without a session. */
class FramingCodecTest {
    private static Wire wire(Framing framing, int limit) {
        Wire wire = new Wire(new FramingCodec(framing, limit), new FramingCodec(framing, limit));
        wire.connect();
        return wire;
    }

    @Test
    void carriesMessagesOverAStream() {
        for (Framing framing : new Framing[] {Framing.lengthPrefix(), Framing.themisSocket()}) {
            try (Wire wire = wire(framing, 100)) {
                wire.client.write("one");
                wire.client.write("two");
                wire.exchange(length -> 1);
                assertThat(wire.server.texts()).containsExactly("one", "two");
            }
        }
    }

    @Test
    void refusesMessagesBeyondTheLimitInBothDirections() {
        try (Wire wire = wire(Framing.lengthPrefix(), 5)) {
            ChannelFuture write = wire.client.channel.writeOneOutbound(wire.client.buffer("123456"));
            assertThat(write.cause()).isInstanceOf(IllegalArgumentException.class);
            wire.server.arrives(new byte[] {0, 0, 0, 6});
            assertThat(wire.server.exception()).isInstanceOf(ProtocolException.class);
            assertThat(wire.server.channel.isOpen()).isFalse();
        }
    }

    @Test
    void reportsAMessageThatIsCutOff() {
        try (Wire wire = wire(Framing.lengthPrefix(), 5)) {
            wire.server.arrives(new byte[] {0, 0, 0, 5, 1});
            wire.server.channel.close();
            assertThat(wire.server.exception()).isInstanceOf(EOFException.class);
        }
    }

    @Test
    void refusesALimitOfNothing() {
        assertThatIllegalArgumentException().isThrownBy(() -> new FramingCodec(Framing.lengthPrefix(), 0));
    }
}
