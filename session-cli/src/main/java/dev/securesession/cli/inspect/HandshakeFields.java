package dev.securesession.cli.inspect;

import dev.securesession.IdentityPublicKey;
import dev.securesession.PeerId;
import java.security.GeneralSecurityException;
import java.security.Signature;
import org.jspecify.annotations.Nullable;

/** The four handshake messages (PROTOCOL.md, section 6). */
final class HandshakeFields {
    private final Report report;
    private final @Nullable IdentityPublicKey signer;

    /**
     * @param signer whose signature is in message 1, or null if that is not known
     */
    HandshakeFields(Report report, @Nullable IdentityPublicKey signer) {
        this.report = report;
        this.signer = signer;
    }

    void read(FieldReader reader) {
        FieldReader payload = ContainerFields.read(reader, "message").payload();
        byte[] start = payload.peek(1);
        if (payload.remaining() == MAC_LENGTH) {
            report.is("Handshake message 4: the server confirms the session");
            payload.hex(MAC_LENGTH, "mac4");
            report.fact("not checked here", "the MAC, which needs the secret of the session");
        } else if (start.length == 1 && start[0] == DER_SEQUENCE) {
            readConfirmation(payload);
        } else {
            readIntroduction(payload);
        }
        if (reader.remaining() > 0) {
            int trailing = reader.remaining();
            reader.hex(trailing, "after the end");
            report.fact("ignored", trailing + " bytes after the end, as some peers send them");
        }
    }

    private void readIntroduction(FieldReader payload) {
        ContainerFields id = ContainerFields.read(payload, "id");
        report.check("tag of id", id.tag().equals("TSID"), id.tag().equals("TSID") ? "TSID" : "not TSID");
        byte[] name = id.payload().hex(id.payload().remaining(), "id");
        report.check("length of id", name.length > 0, name.length + " bytes");
        int keyAt = payload.remaining();
        byte[] rest = payload.peek(keyAt);
        ContainerFields key = ContainerFields.read(payload, "ephemeral key");
        report.check("tag of ephemeral key", key.tag().equals("UEC2"), key.tag().equals("UEC2") ? "UEC2" : "not UEC2");
        KeyFields.readPublic(key);
        byte[] signed = java.util.Arrays.copyOf(rest, keyAt - payload.remaining());
        byte[] signature = SignatureFields.read(payload, payload.remaining());
        String sender = name.length == 0 ? "nobody" : PeerId.of(name).toString();
        report.is("Handshake message 1 or 2, which look the same: " + sender + " introduces itself");
        if (name.length > 0) {
            report.fact("id", sender);
        }
        if (signer == null) {
            report.fact("not checked here", "the signature; --public-key checks that of message 1");
        } else {
            verify(signed, signature, signer);
        }
    }

    private void verify(byte[] signed, byte[] signature, IdentityPublicKey key) {
        boolean verified = false;
        try {
            Signature verifier = Signature.getInstance("SHA256withECDSA");
            verifier.initVerify(key.toJca());
            verifier.update(signed);
            verified = verifier.verify(signature);
        } catch (GeneralSecurityException e) {
            // A signature that the provider cannot parse is not valid.
            verified = false;
        }
        report.check(
                "signature of message 1",
                verified,
                (verified ? "by " : "not by ") + key.fingerprint() + (verified ? "" : ", or this is message 2"));
    }

    private void readConfirmation(FieldReader payload) {
        report.is("Handshake message 3: the client proves its identity and confirms the session");
        SignatureFields.read(payload, Math.max(0, payload.remaining() - MAC_LENGTH));
        payload.hex(MAC_LENGTH, "mac3");
        report.fact("not checked here", "signature and MAC, which need the messages before and the secret");
    }

    private static final int MAC_LENGTH = 32;
    private static final int DER_SEQUENCE = 0x30;
}
