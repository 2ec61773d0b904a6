package dev.securesession.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.CryptoProviders;
import dev.securesession.Curve;
import dev.securesession.testkit.Pair;
import java.io.File;
import java.security.Provider;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FastestProvidersTest {
    private static final String COMMAND_ALONE = "secure-session.jar";

    @Test
    void registersTheClassesThatBouncyCastleRegisters() {
        Provider all = new BouncyCastleProvider();
        Provider curves = new BouncyCastleCurves();

        assertThat(curves.getServices())
                .hasSize(4)
                .allSatisfy(service -> assertThat(service.getClassName())
                        .isEqualTo(all.getService(service.getType(), service.getAlgorithm())
                                .getClassName()));
        assertThat(curves).hasToString(all.toString());
    }

    @ParameterizedTest
    @EnumSource
    void curvesOfBouncyCastleTalkToThoseOfThePlatform(Curve curve) throws Exception {
        CryptoProviders curves = FastestProviders.choose(COMMAND_ALONE);
        Pair pair = Pair.create(curve, curve).withServer(config -> config.withCrypto(curves));

        try (Pair.Sessions sessions = pair.establish()) {
            byte[] message = sessions.client().wrap(new byte[] {1});

            assertThat(sessions.server().unwrap(message)).containsExactly(1);
        }
    }

    @Test
    void commandAloneTakesTheCurvesOfBouncyCastle() {
        assertThat(FastestProviders.choose(COMMAND_ALONE).ec()).isInstanceOf(BouncyCastleCurves.class);
    }

    @Test
    void choosesAmongAllProvidersWhenTheClassPathHasMore() {
        assertThat(FastestProviders.choose(COMMAND_ALONE + File.pathSeparator + "provider.jar"))
                .hasToString(CryptoProviders.fastest().toString())
                .satisfies(chosen -> assertThat(chosen.ec()).isNotInstanceOf(BouncyCastleCurves.class));
    }
}
