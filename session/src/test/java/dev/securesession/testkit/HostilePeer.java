package dev.securesession.testkit;

import dev.securesession.Curve;
import dev.securesession.IdentityKeyPair;
import dev.securesession.PeerId;
import dev.securesession.Role;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECFieldFp;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPrivateKeySpec;
import java.security.spec.ECPublicKeySpec;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * A peer that holds a good identity key and says what a test wants it to say: messages that are authentic but wrong.
 *
 * <p>It speaks the wire protocol on its own, over JCA, and shares no code with the library, so it also tells whether the
 * two read PROTOCOL.md alike. Left alone it behaves. {@link #changing} puts something else in the place of one
 * {@link Part} of a message; what is made of that part (what is signed, the sizes, the checksums, the keys) follows suit,
 * unless it is changed as well.
 *
 * <pre>{@code
 * HostilePeer client = HostilePeer.client(id, keys, serverId).changing(Part.POINT, point -> HostilePeer.infinity());
 * assertThatThrownBy(() -> server.receive(client.message1())).isInstanceOf(HandshakeException.class);
 * }</pre>
 *
 * <p>It checks nothing of what it receives. Its methods go in the order of a handshake. For use by one thread.
 */
public final class HostilePeer {
    private final Role role;
    private final byte[] id;
    private final byte[] peerId;
    private final PrivateKey identity;
    private final Map<Part, UnaryOperator<byte[]>> changes = new EnumMap<>(Part.class);
    private KeyPair ephemeral;
    private byte[] ownContainer = {};
    private byte[] peerContainer = {};
    private byte[] sid = {};
    private byte[] master = {};

    private HostilePeer(Role role, PeerId id, IdentityKeyPair keys, PeerId peerId) {
        this.role = role;
        this.id = id.toBytes();
        this.peerId = peerId.toBytes();
        this.identity = privateKey(keys);
        this.ephemeral = generate("secp256r1");
    }

    /**
     * Returns a peer that opens the handshake.
     *
     * @param id its id
     * @param keys its identity, on any curve
     * @param serverId the id of the peer at the other end
     * @return a peer with a new ephemeral key
     */
    public static HostilePeer client(PeerId id, IdentityKeyPair keys, PeerId serverId) {
        return new HostilePeer(Role.CLIENT, id, keys, serverId);
    }

    /**
     * Returns a peer that answers.
     *
     * @param id its id
     * @param keys its identity, on any curve
     * @param clientId the id of the peer at the other end
     * @return a peer with a new ephemeral key
     */
    public static HostilePeer server(PeerId id, IdentityKeyPair keys, PeerId clientId) {
        return new HostilePeer(Role.SERVER, id, keys, clientId);
    }

    /**
     * Puts something else in the place of a part, in all messages from now on.
     *
     * @param part which part
     * @param change makes what is sent from what would be right
     * @return this peer
     */
    public HostilePeer changing(Part part, UnaryOperator<byte[]> change) {
        changes.put(part, change);
        return this;
    }

    /**
     * Puts the right thing in the place of every part again.
     *
     * @return this peer
     */
    public HostilePeer behaving() {
        changes.clear();
        return this;
    }

    /**
     * Takes another ephemeral key, for instance one that was used before.
     *
     * @param pair a key pair on P-256
     * @return this peer
     */
    public HostilePeer usingEphemeral(KeyPair pair) {
        ephemeral = pair;
        return this;
    }

    /**
     * Returns message 1.
     *
     * @return the message
     */
    public byte[] message1() {
        byte[] idContainer = ownId();
        byte[] key = ownKey();
        byte[] signature = sign(key);
        return message(idContainer, key, signature);
    }

    /**
     * Returns message 2.
     *
     * @param message1 what the client said
     * @return the message
     */
    public byte[] message2(byte[] message1) {
        byte[] idContainer = ownId();
        byte[] key = ownKey();
        meet(message1);
        byte[] signature = sign(key, peerContainer, part(Part.ID, id), peerId);
        return message(idContainer, key, signature);
    }

    /**
     * Returns message 3. From then on messages can be wrapped.
     *
     * @param message2 what the server said
     * @return the message
     */
    public byte[] message3(byte[] message2) {
        meet(message2);
        byte[] signature = sign(ownContainer, peerContainer, part(Part.ID, id), peerId);
        return message(signature, part(Part.MAC, hmac(master, peerContainer, sid)));
    }

    /**
     * Returns message 4. Messages can be wrapped already before, as soon as message 2 was made.
     *
     * @return the message
     */
    public byte[] message4() {
        return message(part(Part.MAC, hmac(master, peerContainer, sid)));
    }

    /**
     * Begins a wrapped message whose every field is right, as the first one of this peer and of this time.
     *
     * @param payload what it carries; may be empty
     * @param time seconds since 1970
     * @return the message, to be changed and sealed
     */
    public Wrapped wrap(byte[] payload, long time) {
        return new Wrapped(this, payload, time);
    }

    /**
     * Opens a message of the other end.
     *
     * @param message the whole message
     * @return what was encrypted: length, sequence number, time and payload
     * @throws GeneralSecurityException if the tag is wrong
     */
    public byte[] open(byte[] message) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(
                Cipher.DECRYPT_MODE,
                new SecretKeySpec(key(role.opposite()), "AES"),
                new GCMParameterSpec(TAG_BITS, message, 4, NONCE_LENGTH));
        return cipher.doFinal(message, BODY_OFFSET, message.length - BODY_OFFSET);
    }

    /**
     * Returns the session identifier, as derived.
     *
     * @return 4 bytes, once both ephemeral keys are known
     */
    public byte[] sid() {
        return sid.clone();
    }

    /**
     * Returns the number of the first message that a peer sends in this session.
     *
     * @param sender which end
     * @return the number
     */
    public int initialSequence(Role sender) {
        byte[] bytes = derive(master, LABEL + name(sender) + " initial sequence number", 4, sid);
        return Integer.reverseBytes(ByteBuffer.wrap(bytes).getInt());
    }

    /**
     * Returns the ephemeral key container that another peer sent.
     *
     * @param introduction its message 1 or 2
     * @return the container
     */
    public static byte[] ephemeralIn(byte[] introduction) {
        int at = HEADER_LENGTH + ByteBuffer.wrap(introduction).getInt(HEADER_LENGTH + 4);
        return Arrays.copyOfRange(
                introduction, at, at + ByteBuffer.wrap(introduction).getInt(at + 4));
    }

    /**
     * Returns a container with the right size and checksum.
     *
     * @param tag four characters
     * @param payload what is in it
     * @return the container
     */
    public static byte[] container(String tag, byte[]... payload) {
        byte[] whole =
                Mutations.joined(tag.getBytes(StandardCharsets.ISO_8859_1), new byte[8], Mutations.joined(payload));
        ByteBuffer.wrap(whole).putInt(4, whole.length);
        Mutations.putChecksum(whole, 0, whole.length);
        return whole;
    }

    /**
     * Returns a container with the right checksum and a size of choice, which goes before what is there.
     *
     * @param tag four characters
     * @param size what the size field says
     * @param payload what is in it
     * @return the container
     */
    public static byte[] containerOfSize(String tag, int size, byte[]... payload) {
        byte[] whole = container(tag, payload);
        ByteBuffer.wrap(whole).putInt(4, size);
        Mutations.putChecksum(whole, 0, whole.length);
        return whole;
    }

    /**
     * Returns the point at infinity.
     *
     * @return the one byte that stands for it
     */
    public static byte[] infinity() {
        return new byte[1];
    }

    /**
     * Returns the uncompressed form of a point.
     *
     * @param compressed a point on P-256
     * @return 65 bytes
     */
    public static byte[] uncompressed(byte[] compressed) {
        return uncompressed(point(compressed), 0x04);
    }

    /**
     * Returns the hybrid form of a point, which nobody should accept.
     *
     * @param compressed a point on P-256
     * @return 65 bytes that begin with 06 or 07
     */
    public static byte[] hybrid(byte[] compressed) {
        ECPoint point = point(compressed);
        return uncompressed(point, point.getAffineY().testBit(0) ? 0x07 : 0x06);
    }

    /**
     * Returns a point near P-256, but not on it.
     *
     * @param compressed a point on P-256
     * @return 65 bytes: the same x with the next y
     */
    public static byte[] offCurve(byte[] compressed) {
        ECPoint point = point(compressed);
        BigInteger next = point.getAffineY().add(BigInteger.ONE).mod(PRIME);
        return uncompressed(new ECPoint(point.getAffineX(), next), 0x04);
    }

    /**
     * Returns an x coordinate at which P-256 has no point, in compressed form.
     *
     * @return 33 bytes
     */
    public static byte[] nowhere() {
        BigInteger x = BigInteger.ONE;
        while (isSquare(rightSide(x))) {
            x = x.add(BigInteger.ONE);
        }
        return Mutations.joined(new byte[] {2}, Signatures.fixed(x, PRIME));
    }

    /**
     * Returns the coordinates of a point with the field prime added to x, which is the same modulo the prime.
     *
     * @return 65 bytes: a point with a small x, stated as x + p
     */
    public static byte[] unreduced() {
        BigInteger x = BigInteger.ZERO;
        while (!isSquare(rightSide(x))) {
            x = x.add(BigInteger.ONE);
        }
        return uncompressed(new ECPoint(x.add(PRIME), squareRoot(rightSide(x))), 0x04);
    }

    /**
     * Returns a new public key on P-384, compressed.
     *
     * @return 49 bytes
     */
    public static byte[] pointOnP384() {
        return compressed(((ECPublicKey) generate("secp384r1").getPublic()).getW(), P384_LENGTH);
    }

    /**
     * Returns the other signature that verifies wherever this one does: the one with the order minus s.
     *
     * @param signature a good signature of a key on P-256
     * @return the other one
     */
    public static byte[] otherS(byte[] signature) {
        BigInteger[] numbers = Signatures.numbers(signature);
        return Signatures.sequence(numbers[0], ORDER.subtract(numbers[1]));
    }

    /**
     * Tells whether the s of a signature is above half of the order.
     *
     * @param signature a signature of a key on P-256
     * @return true for a high s
     */
    public static boolean isHighS(byte[] signature) {
        return Signatures.numbers(signature)[1].shiftLeft(1).compareTo(ORDER) > 0;
    }

    /**
     * Returns the order of P-256.
     *
     * @return the number of its points
     */
    public static BigInteger order() {
        return ORDER;
    }

    /** What messages are made of, and what can be put in its place by {@link #changing}. */
    public enum Part {
        /** Our id: in its container and in what is signed. */
        ID,
        /** The complete container of our id. */
        ID_CONTAINER,
        /** Our ephemeral point, 33 bytes: in its container, in what is signed, and in what is derived. */
        POINT,
        /** The complete container of our ephemeral key. */
        EPHEMERAL_CONTAINER,
        /** What is signed. */
        SIGNED,
        /** The signature. */
        SIGNATURE,
        /** The confirmation in messages 3 and 4. */
        MAC,
        /** What is within a message: everything behind its header. */
        BODY,
        /** The complete message, header included. */
        MESSAGE
    }

    /** A wrapped message in the making. */
    public static final class Wrapped {
        private final HostilePeer sender;
        private final byte[] payload;
        private final byte[] nonce = new byte[NONCE_LENGTH];
        private final byte[] sessionId;
        private Role direction;
        private int sequence;
        private long time;
        private int length;
        private int unused;

        private Wrapped(HostilePeer sender, byte[] payload, long time) {
            this.sender = sender;
            this.payload = payload.clone();
            this.time = time;
            this.length = INNER_LENGTH + payload.length;
            this.direction = sender.role;
            this.sequence = sender.initialSequence(sender.role);
            byte[] sid = sender.sid;
            this.sessionId = new byte[] {sid[3], sid[2], sid[1], sid[0]};
        }

        /**
         * Sets the index: how many messages came before.
         *
         * @param index any number; counted modulo 2^32
         * @return this message
         */
        public Wrapped index(long index) {
            return sequence((int) (sender.initialSequence(sender.role) + index));
        }

        /**
         * Sets the sequence number.
         *
         * @param number as it stands in the message
         * @return this message
         */
        public Wrapped sequence(int number) {
            sequence = number;
            return this;
        }

        /**
         * Sets the time.
         *
         * @param seconds as it stands in the message
         * @return this message
         */
        public Wrapped time(long seconds) {
            time = seconds;
            return this;
        }

        /**
         * Sets the length field.
         *
         * @param stated as it stands in the message
         * @return this message
         */
        public Wrapped length(int stated) {
            length = stated;
            return this;
        }

        /**
         * Sets the unused field.
         *
         * @param bits as they stand in the message
         * @return this message
         */
        public Wrapped unused(int bits) {
            unused = bits;
            return this;
        }

        /**
         * Sets the nonce.
         *
         * @param bytes 12 bytes
         * @return this message
         */
        public Wrapped nonce(byte[] bytes) {
            System.arraycopy(bytes, 0, nonce, 0, NONCE_LENGTH);
            return this;
        }

        /**
         * Sets the session id.
         *
         * @param bytes 4 bytes
         * @return this message
         */
        public Wrapped sessionId(byte[] bytes) {
            System.arraycopy(bytes, 0, sessionId, 0, sessionId.length);
            return this;
        }

        /**
         * Takes the key of the other direction: the message is one that the receiver could have sent itself.
         *
         * @return this message
         */
        public Wrapped inOppositeDirection() {
            direction = direction.opposite();
            return this;
        }

        /**
         * Encrypts the message.
         *
         * @return the message, 52 bytes longer than its payload
         */
        public byte[] seal() {
            ByteBuffer plaintext = ByteBuffer.allocate(4 + INNER_LENGTH + payload.length);
            plaintext.putInt(length).putInt(sequence).putLong(time).put(payload);
            try {
                Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
                cipher.init(
                        Cipher.ENCRYPT_MODE,
                        new SecretKeySpec(sender.key(direction), "AES"),
                        new GCMParameterSpec(TAG_BITS, nonce));
                byte[] bits = ByteBuffer.allocate(4).putInt(unused).array();
                return Mutations.joined(sessionId, nonce, bits, cipher.doFinal(plaintext.array()));
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private byte[] ownId() {
        return part(Part.ID_CONTAINER, container("TSID", part(Part.ID, id)));
    }

    private byte[] ownKey() {
        byte[] point = compressed(((ECPublicKey) ephemeral.getPublic()).getW(), P256_LENGTH);
        ownContainer = part(Part.EPHEMERAL_CONTAINER, container("UEC2", part(Part.POINT, point)));
        return ownContainer;
    }

    /** Takes in the ephemeral key of the peer and derives what can be derived then. */
    private void meet(byte[] introduction) {
        peerContainer = ephemeralIn(introduction);
        byte[] ownId = part(Part.ID, id);
        sid = role == Role.CLIENT
                ? derive(null, LABEL + "unique identifier", 4, ownContainer, peerContainer, ownId, peerId)
                : derive(null, LABEL + "unique identifier", 4, peerContainer, ownContainer, peerId, ownId);
        byte[] point = Arrays.copyOfRange(peerContainer, HEADER_LENGTH, peerContainer.length);
        master = derive(agree(ephemeral.getPrivate(), point(point)), LABEL + "master key", 32, sid);
    }

    private byte[] sign(byte[]... parts) {
        try {
            Signature ecdsa = Signature.getInstance("SHA256withECDSA");
            ecdsa.initSign(identity);
            ecdsa.update(part(Part.SIGNED, Mutations.joined(parts)));
            return part(Part.SIGNATURE, ecdsa.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private byte[] message(byte[]... parts) {
        return part(Part.MESSAGE, container("TSPM", part(Part.BODY, Mutations.joined(parts))));
    }

    private byte[] part(Part part, byte[] right) {
        return changes.getOrDefault(part, UnaryOperator.identity()).apply(right);
    }

    private byte[] key(Role sender) {
        return derive(master, LABEL + name(sender) + " key", 32, sid);
    }

    private static String name(Role role) {
        return role == Role.CLIENT ? "client" : "server";
    }

    private static byte[] derive(byte @Nullable [] key, String label, int length, byte[]... contexts) {
        byte[] labelBytes = label.getBytes(StandardCharsets.US_ASCII);
        byte[] context = Mutations.joined(contexts);
        byte[] macKey = key == null ? implicitKey(labelBytes, contexts) : key;
        return Arrays.copyOf(hmac(macKey, new byte[] {0, 0, 0, 1}, labelBytes, new byte[1], context), length);
    }

    private static byte[] implicitKey(byte[] label, byte[]... contexts) {
        byte[] key = Arrays.copyOf(label, 32);
        for (byte[] context : contexts) {
            for (int i = 0; i < Math.min(32, context.length); i++) {
                key[i] ^= context[i];
            }
        }
        return key;
    }

    private static byte[] hmac(byte[] key, byte[]... parts) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(Mutations.joined(parts));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] agree(PrivateKey own, ECPoint peer) {
        try {
            KeyAgreement agreement = KeyAgreement.getInstance("ECDH");
            agreement.init(own);
            agreement.doPhase(KeyFactory.getInstance("EC").generatePublic(new ECPublicKeySpec(peer, P256)), true);
            return agreement.generateSecret();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static KeyPair generate(String curve) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec(curve));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static PrivateKey privateKey(IdentityKeyPair keys) {
        byte[] container = keys.privateKey().encodeSecret();
        BigInteger scalar = new BigInteger(1, Arrays.copyOfRange(container, HEADER_LENGTH, container.length));
        try {
            return KeyFactory.getInstance("EC")
                    .generatePrivate(new ECPrivateKeySpec(
                            scalar, parameters(jcaName(keys.publicKey().curve()))));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String jcaName(Curve curve) {
        return switch (curve) {
            case P256 -> "secp256r1";
            case P384 -> "secp384r1";
            case P521 -> "secp521r1";
        };
    }

    private static ECParameterSpec parameters(String curve) {
        try {
            AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
            parameters.init(new ECGenParameterSpec(curve));
            return parameters.getParameterSpec(ECParameterSpec.class);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] compressed(ECPoint point, int length) {
        byte[] x = point.getAffineX().toByteArray();
        byte[] bytes = new byte[1 + length];
        bytes[0] = (byte) (point.getAffineY().testBit(0) ? 3 : 2);
        int used = Math.min(length, x.length);
        System.arraycopy(x, x.length - used, bytes, bytes.length - used, used);
        return bytes;
    }

    private static byte[] uncompressed(ECPoint point, int form) {
        return Mutations.joined(
                new byte[] {(byte) form},
                Signatures.fixed(point.getAffineX(), PRIME),
                Signatures.fixed(point.getAffineY(), PRIME));
    }

    /** Reads a point of P-256 in either form, without a check. */
    private static ECPoint point(byte[] encoded) {
        BigInteger x = new BigInteger(1, Arrays.copyOfRange(encoded, 1, 1 + P256_LENGTH));
        if (encoded[0] == 4) {
            return new ECPoint(x, new BigInteger(1, Arrays.copyOfRange(encoded, 1 + P256_LENGTH, encoded.length)));
        }
        BigInteger y = squareRoot(rightSide(x));
        return new ECPoint(x, y.testBit(0) == (encoded[0] == 3) ? y : PRIME.subtract(y));
    }

    private static BigInteger rightSide(BigInteger x) {
        return x.pow(3)
                .add(P256.getCurve().getA().multiply(x))
                .add(P256.getCurve().getB())
                .mod(PRIME);
    }

    private static boolean isSquare(BigInteger number) {
        return squareRoot(number).pow(2).mod(PRIME).equals(number);
    }

    /** A root, if there is one; for primes that are 3 modulo 4. */
    private static BigInteger squareRoot(BigInteger number) {
        return number.modPow(PRIME.add(BigInteger.ONE).shiftRight(2), PRIME);
    }

    private static final String LABEL = "Themis secure session ";
    private static final int HEADER_LENGTH = 12;
    private static final int NONCE_LENGTH = 12;
    private static final int TAG_BITS = 128;
    private static final int BODY_OFFSET = 20;
    private static final int INNER_LENGTH = 12;
    private static final int P256_LENGTH = 32;
    private static final int P384_LENGTH = 48;
    private static final ECParameterSpec P256 = parameters("secp256r1");
    private static final BigInteger PRIME = ((ECFieldFp) P256.getCurve().getField()).getP();
    private static final BigInteger ORDER = P256.getOrder();
}
