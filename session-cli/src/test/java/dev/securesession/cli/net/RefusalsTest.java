package dev.securesession.cli.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.cli.command.Terminal;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

class RefusalsTest {
    private final StringWriter err = new StringWriter();
    private long nanos;

    private final Refusals refusals = new Refusals(
            new Terminal(
                    InputStream.nullInputStream(),
                    OutputStream.nullOutputStream(),
                    new PrintWriter(Writer.nullWriter()),
                    new PrintWriter(err),
                    null,
                    false),
            () -> nanos);

    @Test
    void printsTheFirstRefusalsAndSummarizesTheOthers() {
        refuse(Refusals.MAX_SINGLE + 1000);
        assertThat(err.toString().lines()).hasSize(Refusals.MAX_SINGLE);

        nanos += Refusals.PERIOD.toNanos();
        refuse(1);

        assertThat(err.toString().lines()).hasSize(Refusals.MAX_SINGLE + 1);
        assertThat(err.toString()).contains("refused 1001 more connections, the last one 127.0.0.1:7: no reason");
    }

    @Test
    @SuppressWarnings("AddressSelection") // The address is a literal.
    void printsAddressesAsTheCommandLineTakesThem() throws Exception {
        refusals.refused(new InetSocketAddress(InetAddress.getByName("::1"), 7000), new IOException("no reason"));

        assertThat(err.toString()).contains("refused [::1]:7000: no reason");
    }

    @Test
    void printsAtMostOneSummaryInEachPeriod() {
        for (int second = 0; second < 100; second++) {
            refuse(100);
            nanos += Refusals.PERIOD.toNanos() / 10;
        }

        assertThat(err.toString().lines()).hasSizeLessThanOrEqualTo(Refusals.MAX_SINGLE + 10);
    }

    @Test
    void closingLeavesNoRefusalUnmentioned() {
        refuse(Refusals.MAX_SINGLE + 2);

        refusals.close();
        refusals.close();

        assertThat(err.toString().lines()).hasSize(Refusals.MAX_SINGLE + 1);
        assertThat(err.toString()).contains("refused 2 more connections");
    }

    private void refuse(int times) {
        for (int i = 0; i < times; i++) {
            refusals.refused(new InetSocketAddress(InetAddress.getLoopbackAddress(), 7), new IOException("no reason"));
        }
    }
}
