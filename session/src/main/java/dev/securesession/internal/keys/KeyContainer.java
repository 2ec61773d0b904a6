package dev.securesession.internal.keys;

import dev.securesession.Curve;
import dev.securesession.KeyRejectedException;
import dev.securesession.internal.codec.ByteReader;
import dev.securesession.internal.codec.Container;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.EcDomain;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.InvalidPointException;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.crypto.Sha256;
import java.math.BigInteger;
import java.util.Arrays;

/**
 * Elliptic-curve keys in containers (PROTOCOL.md, section 3).
 *
 * <pre>{@code
 * UEC2 UEC3 UEC5   public key on P-256, P-384, P-521: the point, compressed or not
 * REC2 REC3 REC5   private key: one zero byte and the scalar of n bytes; also read without the zero
 * }</pre>
 */
public final class KeyContainer {
    private static final String PUBLIC = "UEC";
    private static final String PRIVATE = "REC";
    private static final String RSA_PUBLIC = "URA";
    private static final String RSA_PRIVATE = "RRA";

    private KeyContainer() {}

    public static byte[] write(EcPublicKey key) {
        return Container.write(PUBLIC + digit(key.curve()), key.compressed());
    }

    public static byte[] writeUncompressed(EcPublicKey key) {
        return Container.write(PUBLIC + digit(key.curve()), key.uncompressed());
    }

    /** SHA-256 of the compressed form, whatever form the key came in. */
    public static byte[] fingerprint(EcPublicKey key) {
        return Sha256.of(write(key));
    }

    /** The array returned holds the private key: the caller's to wipe. */
    public static byte[] write(Curve curve, Secret scalar) {
        byte[] bytes = scalar.toBytes();
        byte[] padded = new byte[1 + bytes.length];
        System.arraycopy(bytes, 0, padded, 1, bytes.length);
        byte[] container = Container.write(PRIVATE + digit(curve), padded);
        Arrays.fill(bytes, (byte) 0);
        Arrays.fill(padded, (byte) 0);
        return container;
    }

    /** Reads a public key that fills the whole array. */
    public static EcPublicKey readPublic(byte[] encoded) throws KeyRejectedException {
        return parsePublic(readWhole(encoded, KeyFormat.PUBLIC_CONTAINER));
    }

    /** Reads the next element of a message as a public key on one given curve. */
    public static EcPublicKey readPublic(Container container, Curve curve) throws MalformedException {
        String expected = PUBLIC + digit(curve);
        if (!container.tag().equals(expected)) {
            throw new MalformedException(
                    "an ephemeral key with the tag " + container.describeTag() + " instead of " + expected);
        }
        try {
            return parsePublic(container);
        } catch (KeyRejectedException e) {
            throw new MalformedException("an ephemeral key that is no key: " + e.getMessage(), e);
        }
    }

    /** Reads a private key that fills the whole array; the scalar is the caller's to wipe. */
    public static PrivateScalar readPrivate(byte[] encoded) throws KeyRejectedException {
        Container container = readWhole(encoded, KeyFormat.PRIVATE_CONTAINER);
        byte[] payload = container.payload();
        try {
            Curve curve = curve(container, PRIVATE);
            EcDomain domain = EcDomain.of(curve);
            int length = domain.fieldLength();
            boolean padded = payload.length == 1 + length && payload[0] == 0;
            if (!padded && payload.length != length) {
                throw new KeyRejectedException(
                        KeyRejectedException.Reason.MALFORMED,
                        "a private key on " + curve + " with a payload of " + payload.length + " bytes; it is " + length
                                + ", or one more with a zero in front");
            }
            byte[] scalar = Arrays.copyOfRange(payload, payload.length - length, payload.length);
            if (!domain.isScalar(new BigInteger(1, scalar))) {
                throw new KeyRejectedException(
                        KeyRejectedException.Reason.INVALID,
                        "a private key on " + curve + " that is zero or not below the order of the curve");
            }
            return new PrivateScalar(curve, Secret.owning(scalar));
        } finally {
            Arrays.fill(payload, (byte) 0);
            container.wipe();
        }
    }

    private static Container readWhole(byte[] encoded, KeyFormat expected) throws KeyRejectedException {
        ByteReader reader = new ByteReader(encoded);
        try {
            Container container = Container.read(reader, "a key");
            reader.requireEnd("a key");
            return container;
        } catch (MalformedException e) {
            throw KeyFormat.refusal(encoded, expected, e.getMessage());
        }
    }

    private static EcPublicKey parsePublic(Container container) throws KeyRejectedException {
        Curve curve = curve(container, PUBLIC);
        try {
            return EcPublicKey.decode(curve, container.payload());
        } catch (InvalidPointException e) {
            throw new KeyRejectedException(
                    KeyRejectedException.Reason.INVALID, "a public key with " + e.getMessage(), e);
        }
    }

    private static Curve curve(Container container, String expected) throws KeyRejectedException {
        String tag = container.tag();
        String family = tag.substring(0, 3);
        if (family.equals(RSA_PUBLIC) || family.equals(RSA_PRIVATE)) {
            throw new KeyRejectedException(
                    KeyRejectedException.Reason.RSA,
                    "an RSA key (" + container.describeTag() + "); sessions take elliptic-curve keys only");
        }
        if (family.equals(expected.equals(PUBLIC) ? PRIVATE : PUBLIC)) {
            throw new KeyRejectedException(
                    KeyRejectedException.Reason.WRONG_KIND,
                    expected.equals(PUBLIC)
                            ? "a private key where a public one belongs"
                            : "a public key where a private one belongs");
        }
        for (Curve curve : Curve.values()) {
            if (tag.equals(expected + digit(curve))) {
                return curve;
            }
        }
        throw new KeyRejectedException(
                KeyRejectedException.Reason.UNSUPPORTED,
                "a container with the tag " + container.describeTag() + "; here " + expected + "2, " + expected
                        + "3 or " + expected + "5 belongs");
    }

    private static char digit(Curve curve) {
        return switch (curve) {
            case P256 -> '2';
            case P384 -> '3';
            case P521 -> '5';
        };
    }

    /** A private scalar and its curve. */
    public static final class PrivateScalar {
        private final Curve curve;
        private final Secret scalar;

        PrivateScalar(Curve curve, Secret scalar) {
            this.curve = curve;
            this.scalar = scalar;
        }

        public Curve curve() {
            return curve;
        }

        public Secret scalar() {
            return scalar;
        }
    }
}
