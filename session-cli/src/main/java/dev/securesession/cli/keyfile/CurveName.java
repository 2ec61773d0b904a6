package dev.securesession.cli.keyfile;

import dev.securesession.Curve;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Curves by the names that people use. */
public final class CurveName implements ITypeConverter<Curve>, Iterable<String> {
    public static String of(Curve curve) {
        return "P-" + curve.name().substring(1);
    }

    @Override
    public Curve convert(String name) {
        for (Curve curve : Curve.values()) {
            if (name.equalsIgnoreCase(of(curve)) || name.equalsIgnoreCase(curve.name())) {
                return curve;
            }
        }
        throw new TypeConversionException("there is P-256, P-384 and P-521, but no curve " + name);
    }

    @Override
    public Iterator<String> iterator() {
        return List.of("P-256", "P-384", "P-521").iterator();
    }
}
