package dev.securesession.internal.crypto;

import dev.securesession.Curve;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Provider;
import java.security.ProviderException;
import java.security.PublicKey;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * A validated point on a curve, and the key object that a provider made of it.
 *
 * <p>The key object is kept because making one costs time, and because some providers store precomputed tables in it.
 */
public final class EcPublicKey {
    private final Curve curve;
    private final ECPoint point;
    private volatile @Nullable ProviderKey lastUsed;

    private EcPublicKey(Curve curve, ECPoint point) {
        this.curve = curve;
        this.point = point;
    }

    public static EcPublicKey decode(Curve curve, byte[] encodedPoint) throws InvalidPointException {
        return new EcPublicKey(curve, EcDomain.of(curve).decode(encodedPoint));
    }

    public static EcPublicKey of(Curve curve, ECPoint point) throws InvalidPointException {
        EcDomain.of(curve).requireOnCurve(point);
        return new EcPublicKey(curve, point);
    }

    public Curve curve() {
        return curve;
    }

    public byte[] compressed() {
        return EcDomain.of(curve).compress(point);
    }

    public byte[] uncompressed() {
        return EcDomain.of(curve).uncompressed(point);
    }

    /** Tells whether two points are the same or each other's negative: they give the same shared secret. */
    public boolean hasSameX(EcPublicKey other) {
        return curve == other.curve && point.getAffineX().equals(other.point.getAffineX());
    }

    @SuppressWarnings("ReferenceEquality") // Provider.equals compares all entries of the provider.
    public PublicKey toJca(Provider provider) {
        ProviderKey key = lastUsed;
        if (key == null || key.provider != provider) {
            key = new ProviderKey(provider, importInto(provider));
            lastUsed = key;
        }
        return key.publicKey;
    }

    private PublicKey importInto(Provider provider) {
        try {
            ECPublicKeySpec spec = new ECPublicKeySpec(point, EcDomain.of(curve).parameters());
            return KeyFactory.getInstance(EcKeys.ALGORITHM, provider).generatePublic(spec);
        } catch (GeneralSecurityException e) {
            throw new ProviderException("provider " + provider.getName() + " refused a valid " + curve + " point", e);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof EcPublicKey that && curve == that.curve && point.equals(that.point);
    }

    @Override
    public int hashCode() {
        BigInteger x = point.getAffineX();
        return x.hashCode();
    }

    private static final class ProviderKey {
        final Provider provider;
        final PublicKey publicKey;

        ProviderKey(Provider provider, PublicKey publicKey) {
            this.provider = provider;
            this.publicKey = publicKey;
        }
    }
}
