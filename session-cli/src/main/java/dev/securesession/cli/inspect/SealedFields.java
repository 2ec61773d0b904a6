package dev.securesession.cli.inspect;

import dev.securesession.Sealer;

/** Sealed data, with a key or with a passphrase (PROTOCOL.md, section 11.1). Every number is little-endian. */
final class SealedFields {
    private SealedFields() {}

    static void read(FieldReader reader) {
        Report report = reader.report();
        FieldReader inner = reader.enter(reader.remaining(), "sealed data", "");
        boolean passphrase = inner.hex(4, "algorithm")[3] == WITH_PASSPHRASE;
        require(report, "nonce length", inner.littleEndian(4, "nonce length"), 12);
        require(report, "tag length", inner.littleEndian(4, "tag length"), 16);
        long stated = inner.littleEndian(4, "data length");
        if (passphrase) {
            require(report, "kdf length", inner.littleEndian(4, "kdf length"), 22);
        }
        inner.hex(12, "nonce");
        inner.hex(16, "tag");
        if (passphrase) {
            long iterations = inner.littleEndian(4, "iterations");
            report.check(
                    "iterations",
                    iterations >= 1 && iterations <= Sealer.ITERATION_LIMIT,
                    iterations + "; 1 to " + Sealer.ITERATION_LIMIT + " are accepted");
            require(report, "salt length", inner.littleEndian(2, "salt length"), 16);
            inner.hex(16, "salt");
        }
        int there = inner.remaining();
        inner.hex(there, "ciphertext");
        report.check(
                "data length",
                stated >= 1 && stated == there,
                stated == there && there > 0 ? there + " bytes" : stated + " where " + there + " bytes follow");
        report.is(there + " bytes sealed with a " + (passphrase ? "passphrase" : "key"));
        report.fact(
                "not checked here",
                "the tag, which needs the " + (passphrase ? "passphrase" : "key") + " and the context");
    }

    private static void require(Report report, String what, long found, long expected) {
        report.check(what, found == expected, found == expected ? "" + found : found + "; it must be " + expected);
    }

    private static final byte WITH_PASSPHRASE = 0x41;
}
