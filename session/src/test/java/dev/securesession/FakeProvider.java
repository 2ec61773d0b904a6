package dev.securesession;

import java.security.NoSuchAlgorithmException;
import java.security.Provider;
import java.util.Map;
import java.util.function.Supplier;

/** A JCA provider made of parts of others and of parts that misbehave. */
public final class FakeProvider extends Provider {
    private static final long serialVersionUID = 1L;

    public FakeProvider(String name) {
        super(name, "1", "a provider of the tests");
    }

    /** Offers one algorithm; the supplier makes its SPI object. */
    public FakeProvider with(String type, String algorithm, Supplier<Object> maker) {
        putService(new Service(this, type, algorithm, "made by a lambda", null, null) {
            @Override
            public Object newInstance(Object parameter) {
                return maker.get();
            }

            @Override
            public boolean supportsParameter(Object parameter) {
                return true;
            }
        });
        return this;
    }

    /** Offers one algorithm for keys of one class only. */
    public FakeProvider withKeys(String type, String algorithm, Class<?> keys, Supplier<Object> maker) {
        putService(
                new Service(
                        this,
                        type,
                        algorithm,
                        "made by a lambda",
                        null,
                        Map.of("SupportedKeyClasses", keys.getName())) {
                    @Override
                    public Object newInstance(Object parameter) {
                        return maker.get();
                    }

                    @Override
                    public boolean supportsParameter(Object parameter) {
                        return keys.isInstance(parameter);
                    }
                });
        return this;
    }

    /** Offers one algorithm as another provider does it. */
    public FakeProvider with(String type, String algorithm, Provider other) {
        Service service = other.getService(type, algorithm);
        if (service == null) {
            throw new IllegalArgumentException(other.getName() + " has no " + type + " " + algorithm);
        }
        return with(type, algorithm, () -> {
            try {
                return service.newInstance(null);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    /** Offers all that elliptic curves need, as another provider does it. */
    public FakeProvider withEcOf(Provider other) {
        return with("KeyPairGenerator", "EC", other)
                .with("KeyFactory", "EC", other)
                .with("KeyAgreement", "ECDH", other)
                .with("Signature", "SHA256withECDSA", other);
    }

    /** Withdraws an algorithm. */
    public FakeProvider without(String type, String algorithm) {
        removeService(getService(type, algorithm));
        return this;
    }
}
