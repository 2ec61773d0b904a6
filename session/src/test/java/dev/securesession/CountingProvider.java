package dev.securesession;

import java.security.Provider;
import java.security.PublicKey;
import java.security.Security;
import java.security.Signature;
import java.util.concurrent.atomic.AtomicInteger;

/** Elliptic curves of the JDK, with a count of the signatures that are verified. */
final class CountingProvider extends Provider {
    private static final long serialVersionUID = 1L;

    private final AtomicInteger verifications = new AtomicInteger();

    CountingProvider() {
        super("Counting", "1", "counts verifications");
        Provider ec = Security.getProvider("SunEC");
        for (Service service : ec.getServices()) {
            putService(
                    service.getType().equals("Signature")
                                    && service.getAlgorithm().equals("SHA256withECDSA")
                            ? new CountedSignature(ec)
                            : new Forwarded(service));
        }
    }

    int verificationsIn(Action action) throws Exception {
        int before = verifications.get();
        action.run();
        return verifications.get() - before;
    }

    /** Something that may verify signatures. */
    interface Action {
        void run() throws Exception;
    }

    /** A service of another provider under this one's name. */
    private final class Forwarded extends Service {
        private final Service service;

        Forwarded(Service service) {
            super(CountingProvider.this, service.getType(), service.getAlgorithm(), service.getClassName(), null, null);
            this.service = service;
        }

        @Override
        public Object newInstance(Object parameter) throws java.security.NoSuchAlgorithmException {
            return service.newInstance(parameter);
        }

        @Override
        public boolean supportsParameter(Object parameter) {
            return service.supportsParameter(parameter);
        }
    }

    /** ECDSA whose verifications are counted. */
    private final class CountedSignature extends Service {
        private final Provider ec;

        CountedSignature(Provider ec) {
            super(CountingProvider.this, "Signature", "SHA256withECDSA", Counted.class.getName(), null, null);
            this.ec = ec;
        }

        @Override
        public Object newInstance(Object parameter) throws java.security.NoSuchAlgorithmException {
            return new Counted(Signature.getInstance("SHA256withECDSA", ec), verifications);
        }

        @Override
        public boolean supportsParameter(Object parameter) {
            return true;
        }
    }

    /** Passes everything on to a signature object and counts. */
    private static final class Counted extends java.security.SignatureSpi {
        private final Signature signature;
        private final AtomicInteger verifications;

        Counted(Signature signature, AtomicInteger verifications) {
            this.signature = signature;
            this.verifications = verifications;
        }

        @Override
        protected void engineInitVerify(PublicKey key) throws java.security.InvalidKeyException {
            signature.initVerify(key);
        }

        @Override
        protected void engineInitSign(java.security.PrivateKey key) throws java.security.InvalidKeyException {
            signature.initSign(key);
        }

        @Override
        protected void engineUpdate(byte one) throws java.security.SignatureException {
            signature.update(one);
        }

        @Override
        protected void engineUpdate(byte[] bytes, int offset, int length) throws java.security.SignatureException {
            signature.update(bytes, offset, length);
        }

        @Override
        protected byte[] engineSign() throws java.security.SignatureException {
            return signature.sign();
        }

        @Override
        protected boolean engineVerify(byte[] code) throws java.security.SignatureException {
            verifications.incrementAndGet();
            return signature.verify(code);
        }

        @Override
        @Deprecated
        protected void engineSetParameter(String name, Object value) {
            throw new java.security.InvalidParameterException("no parameters here");
        }

        @Override
        @Deprecated
        protected Object engineGetParameter(String name) {
            throw new java.security.InvalidParameterException("no parameters here");
        }
    }
}
