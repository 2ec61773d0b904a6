package dev.securesession.internal.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.AeadKey;
import dev.securesession.internal.crypto.AesGcm;
import dev.securesession.internal.crypto.Sha256;
import dev.securesession.internal.state.SavedHandshake.Stage;
import dev.securesession.internal.state.SealedDatum.Stretching;
import java.util.Arrays;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;

/** The saved forms at the limits of their lengths, and what they wipe. */
class SavedFormsTest {
    @Test
    void aSavedSessionWipesEachKey() {
        SavedSession saved = new SavedSession();
        saved.master = new byte[] {1};
        saved.sendingKey = new byte[] {2};
        saved.receivingKey = new byte[] {3};

        saved.wipe();

        assertThat(saved.master).containsOnly(0);
        assertThat(saved.sendingKey).containsOnly(0);
        assertThat(saved.receivingKey).containsOnly(0);
    }

    @Test
    void aFingerprintNeedsAPeer() {
        SavedSession saved = new SavedSession();
        saved.sendingKey = new byte[AeadKey.LENGTH];
        saved.receivingKey = new byte[AeadKey.LENGTH];
        saved.peerFingerprint = new byte[Sha256.LENGTH];
        saved.transcriptHash = new byte[Sha256.LENGTH];
        assertThatExceptionOfType(MalformedException.class)
                .isThrownBy(() -> SavedSession.parse(saved.write()))
                .withMessageContaining("both must be 0");
    }

    @Test
    void aSavedHandshakeWipesItsSecretFieldsAndNoOther() {
        SavedHandshake saved = new SavedHandshake(
                Stage.EXPECT_SERVER_CONFIRM,
                new byte[1],
                new byte[1],
                new byte[0],
                new byte[] {1},
                new byte[] {2},
                new byte[] {3},
                new byte[] {4});

        saved.wipe();

        assertThat(saved.field(0)).containsExactly(0);
        assertThat(saved.field(1)).containsExactly(0);
        assertThat(saved.field(2)).containsExactly(3);
        assertThat(saved.field(3)).containsExactly(4);
    }

    @Test
    void aSavedHandshakeHasNoTrailingBytes() throws Exception {
        byte[] written = new SavedHandshake(Stage.CLIENT_START, new byte[1], new byte[1], new byte[0]).write();
        assertThat(SavedHandshake.parse(written).stage()).isEqualTo(Stage.CLIENT_START);
        assertThatExceptionOfType(MalformedException.class)
                .isThrownBy(() -> SavedHandshake.parse(Arrays.copyOf(written, written.length + 1)));
    }

    @Test
    void aHandshakeHasBegunOnceAMessageWasSent() {
        EnumSet<Stage> begun = EnumSet.noneOf(Stage.class);
        for (Stage stage : Stage.values()) {
            if (stage.isBegun()) {
                begun.add(stage);
            }
        }
        assertThat(begun)
                .containsExactlyInAnyOrder(
                        Stage.EXPECT_CONNECT_REPLY,
                        Stage.EXPECT_SERVER_KEY,
                        Stage.EXPECT_SERVER_CONFIRM,
                        Stage.EXPECT_CLIENT_CONFIRM);
    }

    @Test
    void sealedDataNeedsOneIteration() throws Exception {
        assertThat(SealedDatum.parse(datum(1)).stretching().iterations()).isEqualTo(1);
        assertThatExceptionOfType(MalformedException.class).isThrownBy(() -> SealedDatum.parse(datum(0)));
    }

    @Test
    void aSealedStateNeedsAWholeTag() throws Exception {
        assertThat(SealedState.parse(state(AesGcm.TAG_LENGTH)).ciphertext()).hasSize(AesGcm.TAG_LENGTH);
        assertThatExceptionOfType(MalformedException.class)
                .isThrownBy(() -> SealedState.parse(state(AesGcm.TAG_LENGTH - 1)));
    }

    private static byte[] datum(long iterations) {
        Stretching stretching = new Stretching(iterations, new byte[SealedDatum.SALT_LENGTH]);
        return new SealedDatum(new byte[AesGcm.NONCE_LENGTH], new byte[AesGcm.TAG_LENGTH], new byte[1], stretching)
                .write();
    }

    private static byte[] state(int length) {
        return SealedState.write(
                'S', new byte[SealedState.SALT_LENGTH], new byte[AesGcm.NONCE_LENGTH], new byte[length]);
    }
}
