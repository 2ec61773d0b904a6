package dev.securesession.cli.inspect;

import dev.securesession.Curve;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.KeyRejectedException;
import dev.securesession.cli.command.Hex;
import dev.securesession.cli.keyfile.CurveName;
import dev.securesession.cli.keyfile.KeyReader;
import dev.securesession.cli.keyfile.LoadedKey;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Keys: in containers field by field (PROTOCOL.md, section 3), in other forms as a whole. */
final class KeyFields {
    private KeyFields() {}

    static boolean isKeyTag(byte[] start) {
        return KeyReader.startsWith(start, "UEC")
                || KeyReader.startsWith(start, "REC")
                || KeyReader.startsWith(start, "URA")
                || KeyReader.startsWith(start, "RRA");
    }

    /** Reports a key container that is all there is. */
    static void readWhole(FieldReader reader) {
        Report report = reader.report();
        ContainerFields container = ContainerFields.read(reader, "key");
        String tag = container.tag();
        if (tag.startsWith("URA") || tag.startsWith("RRA")) {
            report.is("An RSA " + (tag.startsWith("U") ? "public" : "private") + " key in a Themis container");
            container.payload().secret(container.payload().remaining(), "key");
            report.check("kind of key", false, "RSA; sessions take elliptic-curve keys only");
        } else if (tag.startsWith("REC")) {
            readPrivate(container);
        } else {
            IdentityPublicKey key = readPublic(container);
            report.is("A public key" + on(tag) + " in a Themis container"
                    + (key == null ? "" : ", fingerprint " + key.fingerprint()));
        }
        if (reader.remaining() > 0) {
            int trailing = reader.remaining();
            reader.enter(trailing, "after the end", "");
            report.check("nothing after the key", false, trailing + " bytes");
        }
    }

    /** Reports the point of a public key; returns the key if it is one. */
    static @Nullable IdentityPublicKey readPublic(ContainerFields container) {
        Report report = container.payload().report();
        byte[] point = container.payload().hex(container.payload().remaining(), "point");
        String form = switch (point.length == 0 ? 0 : point[0]) {
            case 2, 3 -> "compressed";
            case 4 -> "not compressed";
            default -> "of an unknown form";
        };
        try {
            // With a new header, so that a wrong one does not hide whether the point is right.
            IdentityPublicKey key = IdentityPublicKey.decode(ContainerFields.write(container.tag(), point));
            report.check("point on the curve", true, CurveName.of(key.curve()) + ", " + form);
            return key;
        } catch (KeyRejectedException e) {
            report.check("point on the curve", false, e.getMessage());
            return null;
        }
    }

    private static void readPrivate(ContainerFields container) {
        Report report = container.payload().report();
        byte[] scalar = container.payload().secret(container.payload().remaining(), "scalar");
        byte[] whole = ContainerFields.write(container.tag(), scalar);
        report.is("A private key" + on(container.tag()) + " in a Themis container, which is a secret");
        try {
            IdentityPrivateKey key = IdentityPrivateKey.decode(whole);
            report.check("scalar in its range", true, CurveName.of(key.curve()));
            describe(report, key);
            report.is("A private key" + on(container.tag()) + " in a Themis container, which is a secret; fingerprint "
                    + key.publicKey().fingerprint());
            key.destroy();
        } catch (KeyRejectedException e) {
            report.check("scalar in its range", false, e.getMessage());
        } finally {
            Arrays.fill(scalar, (byte) 0);
            Arrays.fill(whole, (byte) 0);
        }
    }

    /** Reports a key in PEM or DER. */
    static void readForeign(byte[] content, FieldReader reader) {
        Report report = reader.report();
        reader.enter(content.length, KeyReader.isPem(content) ? "PEM" : "DER", "");
        report.is("A key, or something like it, in " + (KeyReader.isPem(content) ? "PEM" : "DER"));
        try (LoadedKey key = KeyReader.openKey(content)) {
            IdentityPublicKey publicKey = key.publicKey();
            String curve = CurveName.of(publicKey.curve());
            report.check("readable", true, key.form() + ", on " + curve);
            report.is(
                    "A " + (key.privateKey() == null ? "public" : "private") + " key on " + curve + " in " + key.form()
                            + (key.privateKey() == null ? "" : ", which is a secret") + "; fingerprint "
                            + publicKey.fingerprint());
            report.fact("public key", Hex.of(publicKey.encode()));
        } catch (KeyRejectedException e) {
            report.check("readable", false, e.getMessage());
        }
    }

    private static void describe(Report report, IdentityPrivateKey key) {
        report.fact("public key", Hex.of(key.publicKey().encode()));
    }

    private static String on(String tag) {
        return switch (tag.length() == 4 ? tag.charAt(3) : ' ') {
            case '2' -> " on " + CurveName.of(Curve.P256);
            case '3' -> " on " + CurveName.of(Curve.P384);
            case '5' -> " on " + CurveName.of(Curve.P521);
            default -> "";
        };
    }
}
