package dev.securesession.internal.state;

import dev.securesession.Role;
import dev.securesession.internal.codec.ByteReader;
import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.codec.Container;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.crypto.SoterKdf;
import java.util.Arrays;

/**
 * An established session as the reference saves it (PROTOCOL.md, section 9; S-2).
 *
 * <pre>{@code
 * TSSC( session id 4 | is client 4, 1 or 0 | master secret 32 | next own sequence 4 | peer sequence 4 )
 * }</pre>
 */
public final class TsscState {
    public static final int LENGTH = Container.HEADER_LENGTH + 4 * Integer.BYTES + SoterKdf.KEY_LENGTH;

    private static final String TAG = "TSSC";

    private final int sessionId;
    private final Role role;
    private final Secret master;
    private final int nextOwnSequence;
    private final int peerSequence;

    public TsscState(int sessionId, Role role, Secret master, int nextOwnSequence, int peerSequence) {
        this.sessionId = sessionId;
        this.role = role;
        this.master = master;
        this.nextOwnSequence = nextOwnSequence;
        this.peerSequence = peerSequence;
    }

    /** The master secret of the state is the caller's to wipe. Trailing bytes are refused. */
    public static TsscState parse(byte[] state) throws MalformedException {
        ByteReader reader = new ByteReader(state);
        Container container = Container.read(reader, TAG, "a saved session");
        byte[] payload = container.payload();
        try {
            reader.requireEnd("a saved session");
            ByteReader body = new ByteReader(payload);
            int sessionId = (int) body.uint32("the session id");
            Role role = role(body.uint32("the role"));
            Secret master = Secret.owning(body.take(SoterKdf.KEY_LENGTH, "the master secret"));
            int nextOwnSequence = (int) body.uint32("the next own sequence number");
            int peerSequence = (int) body.uint32("the sequence number of the peer");
            body.requireEnd("the fields of a saved session");
            return new TsscState(sessionId, role, master, nextOwnSequence, peerSequence);
        } finally {
            Arrays.fill(payload, (byte) 0);
            container.wipe();
        }
    }

    public byte[] write() {
        byte[] masterBytes = master.toBytes();
        try {
            return Container.write(
                    TAG,
                    Bytes.int32(sessionId),
                    Bytes.int32(role == Role.CLIENT ? 1 : 0),
                    masterBytes,
                    Bytes.int32(nextOwnSequence),
                    Bytes.int32(peerSequence));
        } finally {
            Arrays.fill(masterBytes, (byte) 0);
        }
    }

    public int sessionId() {
        return sessionId;
    }

    public Role role() {
        return role;
    }

    public Secret master() {
        return master;
    }

    public int nextOwnSequence() {
        return nextOwnSequence;
    }

    public int peerSequence() {
        return peerSequence;
    }

    private static Role role(long isClient) throws MalformedException {
        if (isClient > 1) {
            throw new MalformedException(
                    "a saved session whose role is " + isClient + "; it is 1 (client) or 0 (server)");
        }
        return isClient == 1 ? Role.CLIENT : Role.SERVER;
    }
}
