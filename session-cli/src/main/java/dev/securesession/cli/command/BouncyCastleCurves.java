package dev.securesession.cli.command;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.Provider;
import java.util.Properties;

/**
 * The elliptic curves of BouncyCastle that sessions need. BouncyCastle's own provider registers all of its algorithms, from a
 * thousand classes; a command would load them before its first connection.
 */
final class BouncyCastleCurves extends Provider {
    BouncyCastleCurves() {
        super("BC", version(), "The elliptic curves of BouncyCastle");
        put("KeyPairGenerator.EC", PACKAGE + "KeyPairGeneratorSpi$EC");
        put("KeyFactory.EC", PACKAGE + "KeyFactorySpi$EC");
        put("KeyAgreement.ECDH", PACKAGE + "KeyAgreementSpi$DH");
        put("Signature.SHA256withECDSA", PACKAGE + "SignatureSpi$ecDSA256");
    }

    /** Returns the version of BouncyCastle, which Maven writes into {@code bouncycastle.properties}. */
    private static String version() {
        try (InputStream resource = BouncyCastleCurves.class.getResourceAsStream("bouncycastle.properties")) {
            if (resource == null) {
                throw new AssertionError("bouncycastle.properties is missing from this build");
            }
            Properties properties = new Properties();
            properties.load(resource);
            return properties.getProperty("version");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final String PACKAGE = "org.bouncycastle.jcajce.provider.asymmetric.ec.";
    private static final long serialVersionUID = 1L;
}
