package dev.securesession.interop;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.Curve;
import dev.securesession.IdentityKeyPair;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.PeerId;
import dev.securesession.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A thousand random sessions in each role; {@code -Dsecuresession.seed=...} repeats a run. */
@ExtendWith(ReferencePeer.class)
class ManySessionsTest {
    private static final int SESSIONS = 1000;
    private static final int KEYS = 16;
    private static final int MAX_ID_LENGTH = 1 << 16;
    private static final int MAX_PAYLOAD_LENGTH = 1 << 16;

    private final ForeignPeer peer;

    ManySessionsTest(ForeignPeer peer) {
        this.peer = peer;
    }

    @ParameterizedTest
    @EnumSource
    void aThousandSessionsWithoutAFailure(Role ourRole) throws Exception {
        long seed = Long.getLong("securesession.seed", new Random().nextLong());
        System.out.println("aThousandSessionsWithoutAFailure, " + ourRole + ": -Dsecuresession.seed=" + seed);
        Random random = new Random(seed);
        List<IdentityPrivateKey> keys = keys(random);
        long begun = System.nanoTime();
        for (int i = 0; i < SESSIONS; i++) {
            try {
                session(ourRole, random, keys);
            } catch (Exception | AssertionError e) {
                throw new AssertionError("session " + i + " of seed " + seed + ", ours as " + ourRole, e);
            }
        }
        System.out.printf("%d sessions, ours as %s: %.1f s%n", SESSIONS, ourRole, (System.nanoTime() - begun) / 1e9);
    }

    private void session(Role ourRole, Random random, List<IdentityPrivateKey> keys) throws Exception {
        PeerId ourId = id(random, "o");
        PeerId theirId = id(random, "t");
        Meeting.Plan plan = Meeting.of(peer, ourRole)
                .ids(ourId, theirId)
                .keys(keys.get(random.nextInt(KEYS)), keys.get(random.nextInt(KEYS)));
        if (random.nextBoolean()) {
            plan.uncompressedKeys();
        }
        try (Meeting meeting = plan.open()) {
            meeting.handshake(message -> Damage.withZeros(message, random.nextInt(4)));
            assertThat(meeting.theirs.remote()).isEqualTo(ourId.toBytes());
            assertThat(meeting.ours.remote()).isEqualTo(theirId.toBytes());
            int steps = 1 + random.nextInt(6);
            for (int i = 0; i < steps; i++) {
                boolean fromClient = random.nextBoolean();
                End sender = fromClient ? meeting.client : meeting.server;
                End receiver = fromClient ? meeting.server : meeting.client;
                Meeting.carries(sender, receiver, Damage.random(random, length(random, MAX_PAYLOAD_LENGTH)));
            }
            meeting.carries(Damage.random(random, length(random, 1000)));
        }
    }

    /** Returns an id, usually a short one; the prefix keeps the ids of the two ends different. */
    private static PeerId id(Random random, String end) {
        byte[] bytes = Damage.random(random, length(random, MAX_ID_LENGTH));
        bytes[0] = end.getBytes(UTF_8)[0];
        return PeerId.of(bytes);
    }

    /** Returns a length; each order of magnitude is equally likely. */
    private static int length(Random random, int maximum) {
        return (int) Math.exp(random.nextDouble() * Math.log(maximum + 0.5));
    }

    private static List<IdentityPrivateKey> keys(Random random) {
        List<IdentityPrivateKey> keys = new ArrayList<>();
        for (int i = 0; i < KEYS; i++) {
            Curve curve = random.nextInt(8) > 0 ? Curve.P256 : random.nextBoolean() ? Curve.P384 : Curve.P521;
            keys.add(IdentityKeyPair.generate(curve).privateKey());
        }
        return keys;
    }
}
