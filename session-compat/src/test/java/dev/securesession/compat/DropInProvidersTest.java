package dev.securesession.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.cossacklabs.themis.KeypairGenerator;
import com.cossacklabs.themis.SecureMessage;
import dev.securesession.CryptoProviders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DropInProvidersTest {
    @Test
    void takesTheFastestByDefault() {
        assertThat(System.getProperty(DropInProviders.PROPERTY)).isNull();
        assertThat(DropInProviders.current().ec().getName())
                .as("the module brings BouncyCastle along; a run of the tests that brings more says so")
                .isEqualTo(System.getProperty("securesession.expected-provider", "BC"));
        assertThat(DropInProviders.current()).isSameAs(DropInProviders.current());
    }

    @ParameterizedTest
    @ValueSource(strings = {"platform", "SunEC"})
    void takesWhatThePropertyNames(String name) {
        assertThat(DropInProviders.named(name).ec().getName()).isEqualTo("SunEC");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "NoSuchProvider", "SunJSSE"})
    void refusesNamesOfNoUse(String name) {
        assertThatIllegalStateException()
                .isThrownBy(() -> DropInProviders.named(name))
                .withMessageContaining(DropInProviders.PROPERTY + "=" + name);
    }

    @Test
    void takesWhatTheProgramNames() throws Exception {
        CryptoProviders before = DropInProviders.current();
        CryptoProviders platform = CryptoProviders.platform();
        DropInProviders.use(platform);
        try {
            assertThat(DropInProviders.current()).isSameAs(platform);
            var pair = KeypairGenerator.generateKeypair();
            SecureMessage message = new SecureMessage(pair.getPrivateKey(), pair.getPublicKey());
            assertThat(message.verify(message.sign(new byte[] {1}))).containsExactly(1);
        } finally {
            DropInProviders.use(before);
        }
    }
}
