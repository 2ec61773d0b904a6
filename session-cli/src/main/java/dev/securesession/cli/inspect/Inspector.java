package dev.securesession.cli.inspect;

import dev.securesession.IdentityPublicKey;
import dev.securesession.StateKey;
import dev.securesession.cli.command.Hex;
import dev.securesession.cli.keyfile.KeyReader;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Recognizes the format of bytes and reports their fields. */
final class Inspector {
    private final @Nullable IdentityPublicKey signer;

    /**
     * @param signer whose signature is in message 1, or null if that is not known
     */
    Inspector(@Nullable IdentityPublicKey signer) {
        this.signer = signer;
    }

    /** Reports on bytes, or on what they are the hexadecimal or base64 text of. */
    Report inspect(byte[] content) {
        byte[] decoded = TextForm.decode(content);
        if (decoded != null) {
            try {
                return report(decoded);
            } finally {
                Arrays.fill(decoded, (byte) 0);
            }
        }
        return report(content);
    }

    private Report report(byte[] content) {
        Report report = new Report(content.length);
        FieldReader reader = new FieldReader(content, report);
        if (KeyReader.startsWith(content, "TSPM")) {
            new HandshakeFields(report, signer).read(reader);
        } else if (KeyReader.startsWith(content, "TSSC")) {
            StateFields.readTssc(reader);
        } else if (KeyReader.startsWith(content, OWN_STATE)) {
            StateFields.readOwn(reader);
        } else if (KeyFields.isKeyTag(content)) {
            KeyFields.readWhole(reader);
        } else if (KeyReader.isSealed(content)) {
            SealedFields.read(reader);
        } else if (content.length == StateKey.LENGTH) {
            readStateKey(report);
        } else if (isForeignKey(content)) {
            KeyFields.readForeign(content, reader);
        } else if (content.length >= MIN_WRAPPED_LENGTH) {
            readWrapped(reader);
        } else {
            report.is("No known format");
            report.check(
                    RECOGNIZED,
                    false,
                    content.length + " bytes that begin like nothing known; a wrapped message has at least "
                            + MIN_WRAPPED_LENGTH);
        }
        return report;
    }

    /** A state key is 32 random bytes and has no mark. No format that begins like DER is as short. */
    private static void readStateKey(Report report) {
        report.is(StateKey.LENGTH
                + " bytes without a mark: a state key, if it is anything known here, which is a secret");
        report.check(RECOGNIZED, true, "by the length alone, which is that of a state key; the bytes are not shown");
        report.fact(
                "not checked here",
                "what the key opens; secure-session state inspect --state-key tells it for a record of a store");
    }

    /** A wrapped message has no mark of its own (PROTOCOL.md, section 8.1): it is what nothing else is. */
    private static void readWrapped(FieldReader reader) {
        Report report = reader.report();
        int length = reader.remaining();
        FieldReader inner = reader.enter(length, "wrapped message", "");
        byte[] sessionId = inner.hex(4, "session id");
        inner.hex(12, "nonce");
        inner.hex(4, "unused");
        inner.hex(length - HEADER_AND_TAG_LENGTH, "ciphertext");
        inner.hex(16, "tag");
        report.check("length", true, length + " bytes; the shortest is " + MIN_WRAPPED_LENGTH);
        report.is("A wrapped message of session " + Hex.of(sessionId)
                + ", if it is anything known here; length of its payload: " + (length - OVERHEAD));
        report.fact("not checked here", "the tag, which needs the key of the session");
    }

    private static boolean isForeignKey(byte[] content) {
        return KeyReader.isPem(content) || KeyReader.firstInDerSequence(content) != 0;
    }

    /** The check that fails if the bytes are nothing known. */
    static final String RECOGNIZED = "recognized";

    private static final String OWN_STATE = "SSS1";
    private static final int MIN_WRAPPED_LENGTH = 53;
    private static final int OVERHEAD = 52;
    private static final int HEADER_AND_TAG_LENGTH = 36;
}
