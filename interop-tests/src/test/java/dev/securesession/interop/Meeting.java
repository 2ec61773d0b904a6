package dev.securesession.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.IdentityKeyPair;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.KeyRejectedException;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.Role;
import dev.securesession.SessionConfig;
import java.util.function.UnaryOperator;

/** A pair of ends for one session: one of this library, one at a foreign peer. */
final class Meeting implements AutoCloseable {
    final OurEnd ours;
    final ForeignPeer.Session theirs;
    final End client;
    final End server;
    final SessionConfig ourConfig;

    private Meeting(Plan plan) throws KeyRejectedException {
        byte[] theirPublicKey = plan.encode(plan.theirKey.publicKey());
        PeerDirectory directory = PeerDirectory.of(plan.theirId, IdentityPublicKey.decode(theirPublicKey));
        ourConfig = plan.settings.apply(SessionConfig.of(LocalIdentity.of(plan.ourId, plan.ourKey), directory)
                .withTsscExport());
        if (plan.knowsUs) {
            plan.peer.know(plan.ourId.toBytes(), plan.encode(plan.ourKey.publicKey()));
        }
        ours = OurEnd.of(plan.ourRole, ourConfig, plan.expected);
        theirs = plan.peer.open(plan.theirId.toBytes(), plan.theirKey.encodeSecret());
        client = plan.ourRole == Role.CLIENT ? ours : theirs;
        server = plan.ourRole == Role.CLIENT ? theirs : ours;
    }

    static Plan of(ForeignPeer peer, Role ourRole) {
        return new Plan(peer, ourRole);
    }

    static Meeting established(ForeignPeer peer, Role ourRole) throws Exception {
        return of(peer, ourRole).establish();
    }

    Meeting handshake() throws Exception {
        handshake(UnaryOperator.identity());
        return this;
    }

    /** Does the handshake over a transport that changes each message. */
    void handshake(UnaryOperator<byte[]> transport) throws Exception {
        byte[] message2 = server.reply(transport.apply(client.request()));
        byte[] message3 = client.reply(transport.apply(message2));
        byte[] message4 = server.reply(transport.apply(message3));
        assertThat(client.reply(transport.apply(message4))).isEmpty();
    }

    /** Asserts that a payload arrives in either direction. */
    void carries(byte[] payload) throws Exception {
        carries(client, server, payload);
        carries(server, client, payload);
    }

    static void carries(End sender, End receiver, byte[] payload) throws Exception {
        assertThat(receiver.unwrap(sender.wrap(payload))).isEqualTo(payload);
    }

    @Override
    public void close() {
        ours.close();
        theirs.close();
    }

    /** The settings of a meeting. */
    static final class Plan {
        private static final IdentityPrivateKey OURS =
                IdentityKeyPair.generate().privateKey();
        private static final IdentityPrivateKey THEIRS =
                IdentityKeyPair.generate().privateKey();

        private final ForeignPeer peer;
        private final Role ourRole;
        private PeerId ourId = PeerId.ofUtf8("ours");
        private PeerId theirId = PeerId.ofUtf8("theirs");
        private IdentityPrivateKey ourKey = OURS;
        private IdentityPrivateKey theirKey = THEIRS;
        private PeerId expected;
        private boolean uncompressed;
        private boolean knowsUs = true;
        private UnaryOperator<SessionConfig> settings = UnaryOperator.identity();

        private Plan(ForeignPeer peer, Role ourRole) {
            this.peer = peer;
            this.ourRole = ourRole;
        }

        Plan ids(PeerId ours, PeerId theirs) {
            ourId = ours;
            theirId = theirs;
            return this;
        }

        Plan keys(IdentityPrivateKey ours, IdentityPrivateKey theirs) {
            ourKey = ours;
            theirKey = theirs;
            return this;
        }

        /** Gives the end in a role a new key. */
        Plan newKeyOf(Role role) {
            IdentityPrivateKey key = IdentityKeyPair.generate().privateKey();
            return role == ourRole ? keys(key, theirKey) : keys(ourKey, key);
        }

        /** Exchanges public keys in uncompressed form. */
        Plan uncompressedKeys() {
            uncompressed = true;
            return this;
        }

        /** Leaves our public key out of the directory of the peer. */
        Plan withoutOurKey() {
            knowsUs = false;
            return this;
        }

        /** Makes our end accept this peer only. */
        Plan expecting(PeerId peer) {
            expected = peer;
            return this;
        }

        Plan settings(UnaryOperator<SessionConfig> change) {
            settings = change;
            return this;
        }

        private byte[] encode(IdentityPublicKey key) {
            return uncompressed ? key.encodeUncompressed() : key.encode();
        }

        Meeting open() throws KeyRejectedException {
            return new Meeting(this);
        }

        Meeting establish() throws Exception {
            return open().handshake();
        }
    }
}
