package dev.securesession.store;

import dev.securesession.PeerId;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;

/**
 * The file of one record in a {@link FileSessionStore}. Integers are big-endian, text is in the modified UTF-8 of
 * {@link DataOutputStream#writeUTF}; what a record's seal covers is not checked again.
 *
 * <pre>{@code
 * "SSR1" 4 | format 1 | id text | name of the key text | epoch 8 | version 8 | expires 8, milliseconds since 1970
 * peer: length 4 (0 for none), bytes | state: length 4, bytes
 * }</pre>
 */
final class RecordFile {
    private static final int MAGIC = 0x53535231;

    private RecordFile() {}

    static byte[] write(SessionRecord record) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(MAGIC);
            out.writeByte(record.format());
            out.writeUTF(record.id());
            out.writeUTF(record.keyName());
            out.writeLong(record.epoch());
            out.writeLong(record.version());
            out.writeLong(record.expires().toEpochMilli());
            byte[] peer = record.peer().map(PeerId::toBytes).orElse(new byte[0]);
            out.writeInt(peer.length);
            out.write(peer);
            out.writeInt(record.state().length);
            out.write(record.state());
        } catch (IOException e) {
            throw new AssertionError("an array refuses bytes", e);
        }
        return bytes.toByteArray();
    }

    /**
     * Reads a record.
     *
     * @param id the id that it must have
     */
    static SessionRecord read(byte[] file, String id) throws IOException {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(file))) {
            if (in.readInt() != MAGIC) {
                throw new IOException("a file that does not begin with SSR1");
            }
            int format = in.readUnsignedByte();
            String name = in.readUTF();
            String keyName = in.readUTF();
            long epoch = in.readLong();
            long version = in.readLong();
            Instant expires = Instant.ofEpochMilli(in.readLong());
            byte[] peer = take(in);
            byte[] state = take(in);
            if (!name.equals(id) || in.available() > 0) {
                throw new IOException("a file of the record " + name + " with " + in.available() + " trailing bytes");
            }
            SessionRecord record =
                    SessionRecord.of(id, format, keyName, expires, state).at(epoch, version);
            return peer.length == 0 ? record : record.withPeer(PeerId.of(peer));
        } catch (IOException | IllegalArgumentException | DateTimeException e) {
            throw new IOException("the file of the record " + id + " is damaged: delete it; its peer starts anew", e);
        }
    }

    private static byte[] take(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > in.available()) {
            throw new IOException("a length of " + length + " where " + in.available() + " bytes are left");
        }
        byte[] bytes = new byte[length];
        in.readFully(bytes);
        return bytes;
    }
}
