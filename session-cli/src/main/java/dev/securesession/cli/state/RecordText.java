package dev.securesession.cli.state;

import dev.securesession.PeerId;
import dev.securesession.store.SessionRecord;

/** Records as people read them: everything but the state. */
final class RecordText {
    private RecordText() {}

    static String line(SessionRecord record) {
        return kind(record) + " " + record.id() + "  peer " + peer(record) + "  epoch " + record.epoch() + "  version "
                + record.version() + "  key " + record.keyName() + "  expires " + record.expires();
    }

    static String kind(SessionRecord record) {
        return switch (record.format()) {
            case SessionRecord.SESSION -> "session";
            case SessionRecord.HANDSHAKE -> "handshake";
            case SessionRecord.SESSION + SessionRecord.MOVING -> "session being moved";
            case SessionRecord.HANDSHAKE + SessionRecord.MOVING -> "handshake being moved";
            default -> "format " + record.format();
        };
    }

    static String peer(SessionRecord record) {
        return record.peer().map(PeerId::toString).orElse("-");
    }
}
