package dev.securesession;

import dev.securesession.KeyRejectedException.Reason;
import dev.securesession.internal.crypto.EcDomain;
import java.security.Key;
import java.security.spec.ECParameterSpec;

/** Checks which JCA keys can be identity keys. */
final class JcaKeys {
    private JcaKeys() {}

    /** Returns the curve with these parameters; providers name it differently. */
    static Curve curve(ECParameterSpec parameters) throws KeyRejectedException {
        for (Curve curve : Curve.values()) {
            ECParameterSpec known = EcDomain.of(curve).parameters();
            if (known.getOrder().equals(parameters.getOrder())
                    && known.getGenerator().equals(parameters.getGenerator())
                    && known.getCurve().getField().equals(parameters.getCurve().getField())
                    && known.getCurve().getA().equals(parameters.getCurve().getA())
                    && known.getCurve().getB().equals(parameters.getCurve().getB())) {
                return curve;
            }
        }
        throw new KeyRejectedException(
                Reason.UNSUPPORTED, "a key on a curve that is not P-256, P-384 or P-521; sessions take no other");
    }

    static KeyRejectedException unsupported(Key key) {
        boolean rsa = key.getAlgorithm().equals("RSA");
        return new KeyRejectedException(
                rsa ? Reason.RSA : Reason.UNSUPPORTED,
                "a key for " + key.getAlgorithm() + "; sessions take elliptic-curve keys only");
    }
}
