package dev.securesession.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class ErrorsTest {
    /** Text of a peer can be among the words of an exception. */
    @Test
    void sentencesShowNoTextThatTerminalsObey() {
        String text = "the peer said: \u009b2J\u001b[31m red \u202e back\u2028next\r\nline \u00e4 \ud83d\ude00\n";

        assertThat(Errors.sentence(new IOException(text)))
                .isEqualTo("the peer said: ?2J?[31m red ? back?next line \u00e4 \ud83d\ude00");
    }
}
