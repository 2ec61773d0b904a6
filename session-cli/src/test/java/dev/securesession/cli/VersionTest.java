package dev.securesession.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.CryptoProviders;
import org.junit.jupiter.api.Test;

class VersionTest {
    private static final String THIS_BUILD = "secure-session " + System.getProperty("project.version");

    @Test
    void optionPrintsTheVersionOfThisBuild() {
        Cli.Result result = new Cli().run("--version").succeeded();

        assertThat(result.out().strip()).isEqualTo(THIS_BUILD);
        assertThat(result.err()).isEmpty();
    }

    @Test
    void commandAlsoTellsOfJavaAndTheProviders() {
        Cli.Result result = new Cli().run("version").succeeded();

        assertThat(result.out().lines().toList())
                .hasSize(3)
                .satisfies(lines -> assertThat(lines.get(0)).isEqualTo(THIS_BUILD))
                .satisfies(lines -> assertThat(lines.get(1)).contains(System.getProperty("java.version")))
                .satisfies(lines -> assertThat(lines.get(2))
                        .contains("EC ", "AES-GCM ", "HMAC ")
                        .isEqualTo(CryptoProviders.fastest().toString()));
    }
}
