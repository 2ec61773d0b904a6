package dev.securesession.internal.state;

import dev.securesession.Role;
import dev.securesession.internal.codec.ByteReader;
import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.codec.MalformedException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A handshake that is not finished, as we save it, before it is sealed (PROTOCOL.md S-1). Every field is preceded by its
 * 32-bit length; which ones there are depends on the stage.
 *
 * <pre>{@code
 * stage 1 | own id | own key fingerprint | expected peer id (empty if any known peer is accepted), then for
 *   CLIENT_START             nothing
 *   EXPECT_CONNECT_REPLY     ephemeral scalar | message 1
 *   EXPECT_SERVER_KEY        ephemeral scalar | message 1 | message 2
 *   EXPECT_SERVER_CONFIRM    session (see SavedSession) | expected confirmation | message 2 | message 3
 *   EXPECT_CONNECT_REQUEST   nothing
 *   EXPECT_CLIENT_KEY        message 1
 *   EXPECT_CLIENT_CONFIRM    ephemeral scalar | message 1 | message 2 | public key of the client
 * }</pre>
 */
public final class SavedHandshake {
    private final Stage stage;
    private final byte[] ownId;
    private final byte[] ownFingerprint;
    private final byte[] expectedPeer;
    private final byte[][] fields;

    public SavedHandshake(Stage stage, byte[] ownId, byte[] ownFingerprint, byte[] expectedPeer, byte[]... fields) {
        if (fields.length != stage.fieldCount) {
            throw new AssertionError(stage + " has " + stage.fieldCount + " fields, not " + fields.length);
        }
        this.stage = stage;
        this.ownId = ownId;
        this.ownFingerprint = ownFingerprint;
        this.expectedPeer = expectedPeer;
        this.fields = fields;
    }

    public static SavedHandshake parse(byte[] state) throws MalformedException {
        ByteReader reader = new ByteReader(state);
        Stage stage = Stage.of(reader.uint8("the stage"));
        byte[] ownId = reader.lengthPrefixed("our id");
        byte[] ownFingerprint = reader.lengthPrefixed("our fingerprint");
        byte[] expectedPeer = reader.lengthPrefixed("the expected peer id");
        byte[][] fields = new byte[stage.fieldCount][];
        try {
            for (int i = 0; i < fields.length; i++) {
                fields[i] = reader.lengthPrefixed("field " + i + " of stage " + stage);
            }
            reader.requireEnd("a saved handshake");
        } catch (MalformedException e) {
            // One of them is the ephemeral scalar.
            for (byte[] field : fields) {
                if (field != null) {
                    Arrays.fill(field, (byte) 0);
                }
            }
            throw e;
        }
        return new SavedHandshake(stage, ownId, ownFingerprint, expectedPeer, fields);
    }

    /** The array returned may hold secrets: the caller's to wipe. */
    public byte[] write() {
        List<byte[]> parts = new ArrayList<>();
        parts.add(new byte[] {(byte) stage.number});
        Bytes.addLengthPrefixed(parts, ownId, ownFingerprint, expectedPeer);
        Bytes.addLengthPrefixed(parts, fields);
        return Bytes.concat(parts.toArray(new byte[0][]));
    }

    public Stage stage() {
        return stage;
    }

    public byte[] ownId() {
        return ownId;
    }

    public byte[] ownFingerprint() {
        return ownFingerprint;
    }

    /** Returns the id of the expected peer, empty if any known peer is accepted. */
    public byte[] expectedPeer() {
        return expectedPeer;
    }

    public byte[] field(int number) {
        return fields[number];
    }

    /** Wipes the fields that hold secrets; the arrays are not copies, so other references to them see zeros too. */
    public void wipe() {
        for (int i = 0; i < stage.secretFields; i++) {
            Arrays.fill(fields[i], (byte) 0);
        }
    }

    /** What the handshake waits for. */
    public enum Stage {
        CLIENT_START(0, Role.CLIENT, 0, 0),
        EXPECT_CONNECT_REPLY(1, Role.CLIENT, 1, 1),
        EXPECT_SERVER_KEY(2, Role.CLIENT, 1, 2),
        EXPECT_SERVER_CONFIRM(3, Role.CLIENT, 2, 2),
        EXPECT_CONNECT_REQUEST(4, Role.SERVER, 0, 0),
        EXPECT_CLIENT_KEY(5, Role.SERVER, 0, 1),
        EXPECT_CLIENT_CONFIRM(6, Role.SERVER, 1, 3);

        private final int number;
        private final Role role;
        private final int secretFields;
        private final int fieldCount;

        /** Fields with secrets come first. */
        Stage(int number, Role role, int secretFields, int publicFields) {
            this.number = number;
            this.role = role;
            this.secretFields = secretFields;
            this.fieldCount = secretFields + publicFields;
        }

        static Stage of(int number) throws MalformedException {
            for (Stage stage : values()) {
                if (stage.number == number) {
                    return stage;
                }
            }
            throw new MalformedException("a saved handshake in the unknown stage " + number);
        }

        public Role role() {
            return role;
        }

        /** Tells whether a message was sent before this stage. */
        public boolean isBegun() {
            return this == EXPECT_CONNECT_REPLY
                    || this == EXPECT_SERVER_KEY
                    || this == EXPECT_SERVER_CONFIRM
                    || this == EXPECT_CLIENT_CONFIRM;
        }
    }
}
