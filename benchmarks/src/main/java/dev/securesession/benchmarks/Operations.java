package dev.securesession.benchmarks;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECFieldFp;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The cryptographic operations of both ends of a Secure Session handshake, without the handshake itself. The difference to
 * a handshake is the cost of the library itself. Not thread-safe.
 */
final class Operations implements Contender {
    /** Messages 1 to 3 are signed, and each signature is verified. */
    private static final int SIGNATURES = 3;

    /** Derivations at each end: the session id, five secrets and two confirmations. */
    private static final int MACS = 2 * 8;

    private final Provider ec;
    private final Provider mac;
    private final KeyPair identity;
    private final byte[] input = new byte[120];

    Operations(ProviderSet set) throws GeneralSecurityException {
        ec = set.providers().ec();
        mac = set.providers().mac();
        identity = generate();
    }

    @Override
    public Connection connect() throws GeneralSecurityException {
        for (int i = 0; i < SIGNATURES; i++) {
            if (!verify(sign())) {
                throw new AssertionError("a valid signature was refused");
            }
        }
        KeyPair client = generate();
        KeyPair server = generate();
        agree(client, decode(server));
        agree(server, decode(client));
        for (int i = 0; i < MACS; i++) {
            code();
        }
        return new Nothing();
    }

    private KeyPair generate() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", ec);
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    private byte[] sign() throws GeneralSecurityException {
        Signature ecdsa = Signature.getInstance("SHA256withECDSA", ec);
        ecdsa.initSign(identity.getPrivate());
        ecdsa.update(input);
        return ecdsa.sign();
    }

    private boolean verify(byte[] signature) throws GeneralSecurityException {
        Signature ecdsa = Signature.getInstance("SHA256withECDSA", ec);
        ecdsa.initVerify(identity.getPublic());
        ecdsa.update(input);
        return ecdsa.verify(signature);
    }

    /** Decodes a key from its x coordinate: y is a square root modulo the prime. */
    private PublicKey decode(KeyPair pair) throws GeneralSecurityException {
        ECPublicKey sent = (ECPublicKey) pair.getPublic();
        ECParameterSpec curve = sent.getParams();
        BigInteger p = ((ECFieldFp) curve.getCurve().getField()).getP();
        BigInteger x = sent.getW().getAffineX();
        BigInteger square = x.multiply(x)
                .add(curve.getCurve().getA())
                .multiply(x)
                .add(curve.getCurve().getB())
                .mod(p);
        BigInteger root = square.modPow(p.add(BigInteger.ONE).shiftRight(2), p);
        boolean odd = sent.getW().getAffineY().testBit(0);
        BigInteger y = root.testBit(0) == odd ? root : p.subtract(root);
        return KeyFactory.getInstance("EC", ec).generatePublic(new ECPublicKeySpec(new ECPoint(x, y), curve));
    }

    private byte[] agree(KeyPair own, PublicKey peer) throws GeneralSecurityException {
        KeyAgreement agreement = KeyAgreement.getInstance("ECDH", ec);
        agreement.init(own.getPrivate());
        agreement.doPhase(peer, true);
        return agreement.generateSecret();
    }

    private byte[] code() throws GeneralSecurityException {
        Mac hmac = Mac.getInstance("HmacSHA256", mac);
        hmac.init(new SecretKeySpec(input, 0, 32, "HmacSHA256"));
        hmac.update(input);
        return hmac.doFinal();
    }

    /** A connection that carries nothing: the operations establish no session. */
    private static final class Nothing implements Connection {
        @Override
        public RoundTrip roundTrip(int size) {
            throw new IllegalStateException("the operations alone cannot carry payloads");
        }

        @Override
        public void close() {}
    }
}
