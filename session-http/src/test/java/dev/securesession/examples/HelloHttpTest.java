package dev.securesession.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.testsupport.PastedProgram;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program of docs/http.md runs as it stands there. */
@Timeout(180)
class HelloHttpTest {
    @Test
    void runsAsItIsPasted(@TempDir Path folder) throws Exception {
        assertThat(PastedProgram.run("http.md", "http-hello", "HelloHttp.java", folder))
                .containsExactly("0.50 for \"client\"", "no price: we do not sell plum");
    }
}
