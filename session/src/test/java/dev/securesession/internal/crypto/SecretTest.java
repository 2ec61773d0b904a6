package dev.securesession.internal.crypto;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.rules.Rule;
import java.io.ByteArrayOutputStream;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import javax.crypto.SecretKey;
import org.junit.jupiter.api.Test;

class SecretTest {
    @Test
    @Rule(value = "M-1", kind = ACCEPTS)
    void wipesTheArrayThatItTookOver() {
        byte[] bytes = {1, 2, 3};
        Secret secret = Secret.owning(bytes);
        Secret copy = secret.copy();
        Secret ofCopy = Secret.copyOf(bytes);

        secret.wipe();
        secret.wipe();

        assertThat(bytes).containsOnly(0);
        assertThat(secret.length()).isEqualTo(3);
        assertThat(copy.toBytes()).containsExactly(1, 2, 3);
        assertThat(ofCopy.toBytes()).containsExactly(1, 2, 3);
    }

    @Test
    @Rule(value = "M-1", kind = REFUSES)
    void isNeitherPrintedNorSerialized() {
        Secret secret = Secret.owning(new byte[] {77, 78});
        SecretKey key = secret.asKey("AES");

        assertThat(secret).hasToString("Secret of 2 bytes");
        assertThat(key.toString()).doesNotContain("77").doesNotContain("4d4e");
        assertThatExceptionOfType(NotSerializableException.class).isThrownBy(() -> {
            try (ObjectOutputStream out = new ObjectOutputStream(new ByteArrayOutputStream())) {
                out.writeObject(key);
            }
        });
        assertThat(secret).isNotInstanceOf(java.io.Serializable.class);
    }

    @Test
    void lendsItselfToProviders() {
        Secret secret = Secret.owning(new byte[] {1, 2});
        SecretKey key = secret.asKey("AES");

        key.getEncoded()[0] = 9;

        assertThat(key.getAlgorithm()).isEqualTo("AES");
        assertThat(key.getFormat()).isEqualTo("RAW");
        assertThat(key.getEncoded()).containsExactly(1, 2);
        secret.wipe();
        assertThat(key.getEncoded()).containsOnly(0);
    }

    @Test
    void wipesScratchArraysThatComeBack() {
        ScratchPool pool = new ScratchPool();
        byte[] array = pool.acquire(3, 100);
        assertThat(array.length).isGreaterThanOrEqualTo(100);
        java.util.Arrays.fill(array, (byte) 7);

        pool.release(3, array, array.length);

        assertThat(array).containsOnly(0);
        assertThat(pool.acquire(3, 100)).isSameAs(array);
        assertThat(pool.acquire(3, 100)).isNotSameAs(array);
        pool.release(3, array, 0);
        assertThat(pool.acquire(3, array.length + 1)).hasSizeGreaterThan(array.length);
        pool.release(4, array, 0);
        assertThat(pool.acquire(3, 100)).isNotSameAs(array);
    }

    @Test
    void keepsNoEnormousScratchArrays() {
        ScratchPool pool = new ScratchPool();
        byte[] array = pool.acquire(0, (1 << 21) + 1);
        assertThat(array).hasSize((1 << 21) + 1);
        array[5] = 7;
        pool.release(0, array, array.length);
        assertThat(array[5]).isZero();
        assertThat(pool.acquire(0, 10)).hasSizeLessThan(1000);
    }
}
