package dev.securesession.testkit;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.Json;
import dev.securesession.KeyRejectedException;
import dev.securesession.PeerId;
import dev.securesession.Role;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What a foreign peer said and computed, recorded: whole sessions, primitives and sealed data. The README next to the
 * files tells how they came about and what is easy to get wrong. Each call reads the file anew.
 *
 * <p>The private keys in here are published, hence worthless.
 */
public final class Vectors {
    private Vectors() {}

    /**
     * Returns the recorded sessions.
     *
     * @return all of them
     */
    public static List<Transcript> transcripts() {
        return list(read("transcripts.json")).stream()
                .map(element -> new Transcript(new Entry(element)))
                .toList();
    }

    /**
     * Returns the recorded results of the Soter KDF.
     *
     * @return all of them
     */
    public static List<Derivation> derivations() {
        return new Entry(read("primitives.json"))
                .entries("soter_kdf").stream().map(Derivation::new).toList();
    }

    /**
     * Returns the recorded containers.
     *
     * @return all of them
     */
    public static List<Framed> containers() {
        return new Entry(read("primitives.json"))
                .entries("containers").stream().map(Framed::new).toList();
    }

    /**
     * Returns the data that was sealed with a key.
     *
     * @return all of it
     */
    public static List<SealedData> sealedWithKey() {
        return new Entry(read("sealed.json"))
                .entries("key_mode").stream()
                        .map(entry -> new SealedData(entry, "key"))
                        .toList();
    }

    /**
     * Returns the data that was sealed with a passphrase.
     *
     * @return all of it
     */
    public static List<SealedData> sealedWithPassphrase() {
        return new Entry(read("sealed.json"))
                .entries("passphrase_mode").stream()
                        .map(entry -> new SealedData(entry, "passphrase_utf8"))
                        .toList();
    }

    /** A recorded session, from the first message to the last. */
    public static final class Transcript {
        private final Entry entry;

        private Transcript(Entry entry) {
            this.entry = entry;
        }

        /**
         * Returns what the recording is called.
         *
         * @return the name
         */
        public String name() {
            return entry.text("name");
        }

        /**
         * Returns which program was at both ends.
         *
         * @return its name and version
         */
        public String madeBy() {
            return entry.text("made_by");
        }

        /**
         * Returns when the session was recorded; its messages carry times near this one.
         *
         * @return the time
         */
        public Instant time() {
            return Instant.ofEpochSecond(entry.number("unix_time"));
        }

        /**
         * Returns the id of a peer.
         *
         * @param role which peer
         * @return the id
         */
        public PeerId id(Role role) {
            return PeerId.of(entry.bytes(name(role) + "_id"));
        }

        /**
         * Returns the private identity key of a peer.
         *
         * @param role which peer
         * @return the key, a new object
         */
        public IdentityPrivateKey privateKey(Role role) {
            try {
                return IdentityPrivateKey.decode(entry.bytes(name(role) + "_private_key"));
            } catch (KeyRejectedException e) {
                throw new IllegalStateException("a recorded key is refused", e);
            }
        }

        /**
         * Returns the public identity key of a peer.
         *
         * @param role which peer
         * @return the key
         */
        public IdentityPublicKey publicKey(Role role) {
            try {
                return IdentityPublicKey.decode(entry.bytes(name(role) + "_public_key"));
            } catch (KeyRejectedException e) {
                throw new IllegalStateException("a recorded key is refused", e);
            }
        }

        /**
         * Returns the public identity key of a peer as it was recorded.
         *
         * @param role which peer
         * @return the container
         */
        public byte[] encodedPublicKey(Role role) {
            return entry.bytes(name(role) + "_public_key");
        }

        /**
         * Returns a message of the handshake.
         *
         * @param number 1 to 4
         * @return the message
         */
        public byte[] message(int number) {
            return entry.bytes("m" + number);
        }

        /**
         * Returns the scalar of an ephemeral key.
         *
         * @param role whose key
         * @return 32 bytes
         */
        public byte[] ephemeralScalar(Role role) {
            byte[] container = entry.bytes(name(role) + "_ephemeral_private");
            byte[] scalar = new byte[SCALAR_LENGTH];
            System.arraycopy(container, container.length - SCALAR_LENGTH, scalar, 0, SCALAR_LENGTH);
            return scalar;
        }

        /**
         * Returns an ephemeral public key.
         *
         * @param role whose key
         * @return the container, as it was sent
         */
        public byte[] ephemeralPublicKey(Role role) {
            return entry.bytes(name(role) + "_ephemeral_public");
        }

        /**
         * Returns the result of the key agreement.
         *
         * @return 32 bytes, or empty if the program that was recorded does not tell
         */
        public Optional<byte[]> sharedSecret() {
            return entry.optionalBytes("ecdh_shared_secret");
        }

        /**
         * Returns the session identifier as it was derived.
         *
         * @return 4 bytes
         */
        public byte[] sid() {
            byte[] sent = sessionId();
            return new byte[] {sent[3], sent[2], sent[1], sent[0]};
        }

        /**
         * Returns the session identifier as it travels.
         *
         * @return 4 bytes
         */
        public byte[] sessionId() {
            return Arrays.copyOfRange(stateAfterHandshake(Role.CLIENT), SESSION_ID_OFFSET, ROLE_OFFSET);
        }

        /**
         * Returns the master secret.
         *
         * @return 32 bytes
         */
        public byte[] master() {
            return Arrays.copyOfRange(stateAfterHandshake(Role.CLIENT), MASTER_OFFSET, OWN_SEQUENCE_OFFSET);
        }

        /**
         * Returns the key that a peer sends with.
         *
         * @param sender which peer
         * @return 32 bytes, or empty if the program that was recorded does not tell
         */
        public Optional<byte[]> key(Role sender) {
            return entry.optionalBytes(name(sender) + "_to_" + name(sender.opposite()) + "_key");
        }

        /**
         * Returns the number of the first message that a peer sends.
         *
         * @param sender which peer
         * @return the number, from 0 to 2^32 - 1
         */
        public long initialSequence(Role sender) {
            ByteBuffer state = ByteBuffer.wrap(stateAfterHandshake(sender));
            return Integer.toUnsignedLong(state.getInt(OWN_SEQUENCE_OFFSET));
        }

        /**
         * Returns the saved state of a peer right after the handshake.
         *
         * @param role which peer
         * @return 60 bytes
         */
        public byte[] stateAfterHandshake(Role role) {
            return entry.bytes(name(role) + "_state_after_handshake");
        }

        /**
         * Returns the saved state of a peer when all messages had been exchanged.
         *
         * @param role which peer
         * @return 60 bytes
         */
        public byte[] stateAtEnd(Role role) {
            return entry.bytes(name(role) + "_state_at_end");
        }

        /**
         * Returns the wrapped messages that a peer sent.
         *
         * @param sender which peer
         * @return the messages, in sequence
         */
        public List<Wrapped> wrapped(Role sender) {
            return entry.entries(name(sender) + "_to_" + name(sender.opposite())).stream()
                    .map(Wrapped::new)
                    .toList();
        }

        @Override
        public String toString() {
            return name();
        }

        private static String name(Role role) {
            return role.name().toLowerCase(Locale.ROOT);
        }
    }

    /** A recorded wrapped message. */
    public static final class Wrapped {
        private final Entry entry;

        private Wrapped(Entry entry) {
            this.entry = entry;
        }

        /**
         * Returns what was wrapped.
         *
         * @return the payload
         */
        public byte[] payload() {
            return entry.bytes("plaintext");
        }

        /**
         * Returns what travelled.
         *
         * @return the message
         */
        public byte[] message() {
            return entry.bytes("wrapped");
        }

        /**
         * Returns the fields in front of the payload, decrypted.
         *
         * @return 16 bytes (length, sequence number and time), or empty if the program that was recorded does not tell
         */
        public Optional<byte[]> header() {
            return entry.optionalBytes("decrypted_header");
        }
    }

    /** A recorded result of the Soter KDF. */
    public static final class Derivation {
        private final Entry entry;

        private Derivation(Entry entry) {
            this.entry = entry;
        }

        /**
         * Returns the key.
         *
         * @return the key, or empty where there was none
         */
        public Optional<byte[]> key() {
            return entry.optionalBytes("key");
        }

        /**
         * Returns the label.
         *
         * @return the label
         */
        public String label() {
            return entry.text("label");
        }

        /**
         * Returns the contexts.
         *
         * @return the contexts, in sequence
         */
        public List<byte[]> contexts() {
            return list(entry.member("context")).stream()
                    .map(hex -> HexFormat.of().parseHex((String) hex))
                    .toList();
        }

        /**
         * Returns what was derived.
         *
         * @return the result, of the length that was asked for
         */
        public byte[] output() {
            return entry.bytes("output");
        }
    }

    /** A recorded container. */
    public static final class Framed {
        private final Entry entry;

        private Framed(Entry entry) {
            this.entry = entry;
        }

        /**
         * Returns the tag.
         *
         * @return four characters
         */
        public String tag() {
            return entry.text("tag");
        }

        /**
         * Returns what is in it.
         *
         * @return the payload
         */
        public byte[] payload() {
            return entry.bytes("data");
        }

        /**
         * Returns the whole container.
         *
         * @return header and payload
         */
        public byte[] container() {
            return entry.bytes("container");
        }

        /**
         * Returns the checksum as it stands in the container.
         *
         * @return 4 bytes
         */
        public byte[] checksum() {
            return entry.bytes("crc_field");
        }
    }

    /** Recorded sealed data. */
    public static final class SealedData {
        private final Entry entry;
        private final String secretName;

        private SealedData(Entry entry, String secretName) {
            this.entry = entry;
            this.secretName = secretName;
        }

        /**
         * Returns the key, or the passphrase in UTF-8.
         *
         * @return the bytes
         */
        public byte[] secret() {
            return entry.bytes(secretName);
        }

        /**
         * Returns the context.
         *
         * @return the context, or empty where there was none
         */
        public Optional<byte[]> context() {
            return entry.optionalBytes("context");
        }

        /**
         * Returns what was sealed.
         *
         * @return the plaintext
         */
        public byte[] plaintext() {
            return entry.bytes("plaintext");
        }

        /**
         * Returns what came of it.
         *
         * @return the sealed data
         */
        public byte[] sealed() {
            return entry.bytes("sealed");
        }
    }

    /** A JSON object whose members must be there and of the right kind. */
    private static final class Entry {
        private final Map<?, ?> members;

        Entry(Object value) {
            this.members = (Map<?, ?>) value;
        }

        Object member(String name) {
            Object value = members.get(name);
            if (value == null) {
                throw new IllegalStateException("a vector without \"" + name + "\"");
            }
            return value;
        }

        String text(String name) {
            return (String) member(name);
        }

        byte[] bytes(String name) {
            return HexFormat.of().parseHex(text(name));
        }

        Optional<byte[]> optionalBytes(String name) {
            Object value = members.get(name);
            return value == null ? Optional.empty() : Optional.of(bytes(name));
        }

        long number(String name) {
            return ((BigDecimal) member(name)).longValueExact();
        }

        List<Entry> entries(String name) {
            return list(member(name)).stream().map(Entry::new).toList();
        }
    }

    private static List<?> list(Object value) {
        return (List<?>) value;
    }

    private static Object read(String file) {
        return Json.vectors(file).value();
    }

    private static final int SCALAR_LENGTH = 32;

    // The saved state, see PROTOCOL.md, section 9.
    private static final int SESSION_ID_OFFSET = 12;
    private static final int ROLE_OFFSET = 16;
    private static final int MASTER_OFFSET = 20;
    private static final int OWN_SEQUENCE_OFFSET = 52;
}
