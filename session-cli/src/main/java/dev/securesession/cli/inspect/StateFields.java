package dev.securesession.cli.inspect;

import dev.securesession.cli.command.Hex;
import java.util.Arrays;

/** Saved states: the 60-byte form (PROTOCOL.md, section 9) and our own one (S-1). */
final class StateFields {
    private StateFields() {}

    static void readTssc(FieldReader reader) {
        Report report = reader.report();
        FieldReader payload = ContainerFields.read(reader, "state").payload();
        byte[] sessionId = payload.hex(4, "session id");
        long role = payload.number(4, "is client");
        Arrays.fill(payload.secret(32, "master secret"), (byte) 0);
        long own = payload.number(4, "own sequence");
        long peer = payload.number(4, "peer sequence");
        report.check(
                "role", role <= 1, role == 1 ? "client" : role == 0 ? "server" : "neither 1 (client) nor 0 (server)");
        report.is("A saved session in the portable form, of the " + (role == 1 ? "client" : "server")
                + ", which is a secret: session " + Hex.of(sessionId) + ", next message sent " + own
                + ", last accepted " + peer);
        reportRest(payload);
        reportRest(reader);
    }

    static void readOwn(FieldReader reader) {
        Report report = reader.report();
        FieldReader inner = reader.enter(reader.remaining(), "state", "");
        inner.ascii(4, "format");
        String kind = inner.ascii(1, "kind");
        inner.hex(16, "salt");
        inner.hex(12, "nonce");
        int sealed = Math.max(0, inner.remaining() - TAG_LENGTH);
        inner.hex(sealed, "ciphertext");
        inner.hex(TAG_LENGTH, "tag");
        boolean session = kind.equals("S");
        report.check(
                "kind", session || kind.equals("N"), session ? "session" : kind.equals("N") ? "handshake" : "unknown");
        report.check("length of the ciphertext", sealed > 0, sealed + " bytes");
        report.is("A saved " + (session ? "session" : kind.equals("N") ? "handshake" : "state")
                + " in the form of this library, sealed: nothing in it can be read without the state key");
        report.fact("not checked here", "the tag, which needs the state key, the owner and the generation");
    }

    private static void reportRest(FieldReader reader) {
        if (reader.remaining() > 0) {
            int trailing = reader.remaining();
            reader.enter(trailing, "after the end", "");
            reader.report().check("nothing after the end", false, trailing + " bytes");
        }
    }

    private static final int TAG_LENGTH = 16;
}
