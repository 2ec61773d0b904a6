package dev.securesession;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.securesession.internal.crypto.Suites;
import java.security.SecureRandom;
import java.security.Security;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CryptoProvidersTest {
    private final CryptoProviders platform = CryptoProviders.platform();

    @Test
    void choosesWhatThePlatformPrefers() {
        assertThat(platform.aead()).isEqualTo(Suites.AEAD);
        assertThat(platform.mac()).isEqualTo(Suites.MAC);
        assertThat(platform.ec().getService("KeyAgreement", "ECDH")).isNotNull();
        assertThat(platform.toString())
                .contains(platform.ec().getName())
                .contains(platform.aead().getName())
                .contains(platform.random().getAlgorithm());
    }

    @Test
    void passesOverAProviderOfThePlatformThatLacksAPartOfEllipticCurves() {
        FakeProvider lacking = new FakeProvider("Lacking").withEcOf(Suites.EC).without("KeyAgreement", "ECDH");
        Security.insertProviderAt(lacking, 1);
        try {
            assertThat(CryptoProviders.platform().ec()).isEqualTo(Suites.EC);
        } finally {
            Security.removeProvider(lacking.getName());
        }
    }

    @Test
    void changesOnePartAtATime() {
        SecureRandom random = new SecureRandom();
        FakeProvider ec = new FakeProvider("Ec").withEcOf(Suites.EC);
        FakeProvider aead = new FakeProvider("Aead").with("Cipher", "AES/GCM/NoPadding", Suites.AEAD);
        FakeProvider mac = new FakeProvider("Mac").with("Mac", "HmacSHA256", Suites.MAC);

        CryptoProviders all = platform.withEc(ec).withAead(aead).withMac(mac).withRandom(random);

        assertThat(all.ec()).isSameAs(ec);
        assertThat(all.aead()).isSameAs(aead);
        assertThat(all.mac()).isSameAs(mac);
        assertThat(all.random()).isSameAs(random);
        assertThat(platform.ec()).isEqualTo(Suites.EC);
    }

    @ParameterizedTest
    @CsvSource({
        "KeyPairGenerator, EC",
        "KeyFactory, EC",
        "KeyAgreement, ECDH",
        "Signature, SHA256withECDSA",
    })
    void refusesProvidersThatLackAPartOfEllipticCurves(String type, String algorithm) {
        FakeProvider lacking = new FakeProvider("Lacking").withEcOf(Suites.EC).without(type, algorithm);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> platform.withEc(lacking))
                .withMessage("provider Lacking has no " + type + " " + algorithm);
    }

    @Test
    void refusesProvidersThatLackTheirOneAlgorithm() {
        FakeProvider empty = new FakeProvider("Empty");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> platform.withAead(empty))
                .withMessage("provider Empty has no Cipher AES/GCM/NoPadding");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> platform.withMac(empty))
                .withMessage("provider Empty has no Mac HmacSHA256");
    }
}
