package dev.securesession.store.jdbc;

import dev.securesession.PeerId;
import dev.securesession.store.SessionRecord;
import java.io.IOException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.util.Optional;

/** A record as a row of the table. */
final class RecordColumns {
    /** The columns in the order of {@link #read}: the id, then those of {@link #setFields}. */
    static final String ALL = "id, format, peer, epoch, version, key_name, expires, state";

    /** Selects the record if it is the one that was read; its parameters are set by {@link #setAsRead}. */
    static final String AS_READ = " where id = ? and epoch = ? and version = ?";

    private RecordColumns() {}

    /** Sets seven parameters to all columns but the id. */
    static void setFields(PreparedStatement statement, int from, SessionRecord record) throws SQLException {
        statement.setInt(from, record.format());
        Optional<PeerId> peer = record.peer();
        if (peer.isPresent()) {
            statement.setBytes(from + 1, peer.get().toBytes());
        } else {
            statement.setNull(from + 1, Types.BINARY);
        }
        statement.setLong(from + 2, record.epoch());
        statement.setLong(from + 3, record.version());
        statement.setString(from + 4, record.keyName());
        statement.setLong(from + 5, record.expires().toEpochMilli());
        statement.setBytes(from + 6, record.state());
    }

    static void setAsRead(PreparedStatement statement, int from, String id, long epoch, long version)
            throws SQLException {
        statement.setString(from, id);
        statement.setLong(from + 1, epoch);
        statement.setLong(from + 2, version);
    }

    static SessionRecord read(ResultSet row) throws SQLException, IOException {
        String id = row.getString(1);
        byte[] peer = row.getBytes(3);
        byte[] state = row.getBytes(8);
        try {
            SessionRecord record = SessionRecord.of(
                            id,
                            row.getInt(2),
                            row.getString(6),
                            Instant.ofEpochMilli(row.getLong(7)),
                            state == null ? new byte[0] : state)
                    .at(row.getLong(4), row.getLong(5));
            return peer == null ? record : record.withPeer(PeerId.of(peer));
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    "the record " + id + " in the database is damaged: delete it; its peer starts anew", e);
        }
    }
}
