package dev.securesession;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URL;
import java.net.URLClassLoader;
import java.util.Arrays;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FasterProvidersTest {
    @ParameterizedTest(name = "without {0}: {1}")
    @DisplayName("takes the fastest provider that is there")
    @CsvSource({
        "nothing, AmazonCorrettoCryptoProvider",
        "Corretto, Conscrypt",
        "Corretto conscrypt, BC",
        "Corretto conscrypt bcprov, SunEC"
    })
    void takesTheFastestThatIsThere(String missing, String expected) throws Exception {
        URL[] classPath = Arrays.stream(System.getProperty("java.class.path").split(java.io.File.pathSeparator))
                .filter(entry -> Arrays.stream(missing.split(" ")).noneMatch(entry::contains))
                .map(FasterProvidersTest::url)
                .toArray(URL[]::new);
        try (URLClassLoader loader = new URLClassLoader(classPath, ClassLoader.getPlatformClassLoader())) {
            Object chosen = loader.loadClass("dev.securesession.CryptoProviders")
                    .getMethod("fastest")
                    .invoke(null);
            assertThat(chosen.toString()).startsWith("EC " + expected);
        }
    }

    private static URL url(String entry) {
        try {
            return new java.io.File(entry).toURI().toURL();
        } catch (java.net.MalformedURLException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
