package com.cossacklabs.themis;

import static com.cossacklabs.themis.Peers.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.Curve;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import org.junit.jupiter.api.Test;

class KeysTest {
    @Test
    void generatesPairsThatBelongTogether() throws Exception {
        for (Keypair pair : new Keypair[] {
            KeypairGenerator.generateKeypair(), KeypairGenerator.generateKeypair(AsymmetricKey.KEYTYPE_EC)
        }) {
            IdentityPrivateKey privateKey =
                    IdentityPrivateKey.decode(pair.getPrivateKey().toByteArray());

            assertThat(privateKey.curve()).isEqualTo(Curve.P256);
            assertThat(IdentityPublicKey.decode(pair.getPublicKey().toByteArray()))
                    .isEqualTo(privateKey.publicKey());
        }
        assertThat(KeypairGenerator.generateKeypair().getPrivateKey().toByteArray())
                .isNotEqualTo(KeypairGenerator.generateKeypair().getPrivateKey().toByteArray());
    }

    @Test
    void refusesOtherKinds() {
        assertThatExceptionOfType(InvalidArgumentException.class)
                .isThrownBy(() -> KeypairGenerator.generateKeypair(2))
                .withMessage("Invalid argument: keyType is invalid");
    }

    @Test
    void pairTakesAnything() {
        Keypair nothing = new Keypair(null, null);

        assertThat(nothing.getPrivateKey()).isNull();
        assertThat(nothing.getPublicKey()).isNull();
    }

    @Test
    void keysKeepTheirBytesToThemselves() {
        byte[] given = bytes("some key");
        for (IKey key : new IKey[] {new PrivateKey(given), new PublicKey(given), new SymmetricKey(given)}) {
            key.toByteArray()[0] = 0;

            assertThat(key.toByteArray()).isEqualTo(bytes("some key")).isNotSameAs(given);
        }
        PublicKey copied = new PublicKey(given);
        given[0] = 0;
        assertThat(copied.toByteArray()).isEqualTo(bytes("some key"));
    }

    @Test
    void symmetricKeysAreRandom() {
        assertThat(new SymmetricKey().toByteArray()).hasSize(32).isNotEqualTo(new SymmetricKey().toByteArray());
    }

    @Test
    void refusesMissingAndEmptyKeys() {
        assertThatExceptionOfType(NullArgumentException.class)
                .isThrownBy(() -> new PrivateKey(null))
                .withMessage("key cannot be null");
        assertThatExceptionOfType(InvalidArgumentException.class)
                .isThrownBy(() -> new PublicKey(new byte[0]))
                .withMessage("Invalid argument: key cannot be empty");
        assertThatExceptionOfType(NullArgumentException.class).isThrownBy(() -> new SymmetricKey(null));
    }
}
