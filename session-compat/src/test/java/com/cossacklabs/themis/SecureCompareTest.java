package com.cossacklabs.themis;

import static com.cossacklabs.themis.Peers.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.cossacklabs.themis.SecureCompare.CompareResult;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecureCompareTest {
    private static final int FIELD = 32;

    /** Where group elements are, by message; the other fields are numbers. */
    private static final List<List<Integer>> ELEMENTS =
            List.of(List.of(0, 3), List.of(0, 3, 6, 7), List.of(0, 1, 5), List.of(0));

    private static final byte[] NEUTRAL =
            HexFormat.of().parseHex("0100000000000000000000000000000000000000000000000000000000000000");
    private static final byte[] OF_ORDER_4 = new byte[FIELD];

    @Test
    void equalSecretsMatch() throws Exception {
        SecureCompare first = new SecureCompare(bytes("secret"));
        SecureCompare second = new SecureCompare(bytes("secret"));

        assertThat(first.getResult()).isEqualTo(CompareResult.NOT_READY);
        byte[] message = first.begin();
        assertThat(message).hasSize(192);
        message = second.proceed(message);
        assertThat(message).hasSize(352);
        message = first.proceed(message);
        assertThat(message).hasSize(256);
        assertThat(first.getResult()).isEqualTo(CompareResult.NOT_READY);
        message = second.proceed(message);
        assertThat(message).hasSize(96);
        assertThat(second.getResult()).isEqualTo(CompareResult.MATCH);
        assertThat(first.proceed(message)).isNull();
        assertThat(first.getResult()).isEqualTo(CompareResult.MATCH);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Secret", "secret ", "secre", "x"})
    void differentSecretsDoNotMatch(String other) throws Exception {
        SecureCompare first = new SecureCompare(bytes("secret"));
        SecureCompare second = new SecureCompare(bytes(other));

        assertThat(first.proceed(second.proceed(first.proceed(second.proceed(first.begin())))))
                .isNull();
        assertThat(first.getResult()).isEqualTo(CompareResult.NO_MATCH);
        assertThat(second.getResult()).isEqualTo(CompareResult.NO_MATCH);
    }

    @Test
    void secretIsWhatWasAppendedAsAWhole() throws Exception {
        SecureCompare first = new SecureCompare();
        first.appendSecret(bytes("sec"));
        first.appendSecret(bytes("ret"));
        SecureCompare second = new SecureCompare(bytes("secret"));

        assertThat(first.proceed(second.proceed(first.proceed(second.proceed(first.begin())))))
                .isNull();
        assertThat(first.getResult()).isEqualTo(CompareResult.MATCH);
    }

    @Test
    void textIsUtf16AfterAByteOrderMark() throws Exception {
        SecureCompare first = new SecureCompare("s\u00e9");
        SecureCompare second = new SecureCompare(new byte[] {(byte) 0xFE, (byte) 0xFF, 0, 's', 0, (byte) 0xE9});

        assertThat(first.proceed(second.proceed(first.proceed(second.proceed(first.begin())))))
                .isNull();
        assertThat(first.getResult()).isEqualTo(CompareResult.MATCH);
    }

    // Hostile peers

    /** Every field: one bit, zero, the highest value, those of another comparison, neutral and of small order. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void refusesAMessageOfWhichOneFieldIsWrong(int number) throws Exception {
        byte[] other = new Run(bytes("secret")).message(number);
        for (int field = 0; field < other.length / FIELD; field++) {
            List<byte[]> wrong = new ArrayList<>();
            wrong.add(Arrays.copyOfRange(other, field * FIELD, (field + 1) * FIELD));
            wrong.add(new byte[FIELD]);
            byte[] highest = new byte[FIELD];
            Arrays.fill(highest, (byte) 0xFF);
            wrong.add(highest);
            if (ELEMENTS.get(number - 1).contains(field)) {
                wrong.add(NEUTRAL);
                wrong.add(OF_ORDER_4);
            }
            for (byte[] replacement : wrong) {
                Run run = new Run(bytes("secret"));
                byte[] message = run.message(number);
                System.arraycopy(replacement, 0, message, field * FIELD, FIELD);
                run.assertRefused(number, message);
            }
            Run run = new Run(bytes("secret"));
            byte[] message = run.message(number);
            message[field * FIELD + 7] ^= 0x10;
            run.assertRefused(number, message);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void refusesOtherLengths(int number) throws Exception {
        int length = new Run(bytes("secret")).message(number).length;
        for (int wrong : new int[] {0, 1, length - 1, length + 1, length + FIELD}) {
            Run run = new Run(bytes("secret"));
            run.assertRefused(number, Arrays.copyOf(run.message(number), wrong));
        }
    }

    /** A number of a proof plus the order of the group is the same number in the equations, but not the same bytes. */
    @Test
    void refusesNumbersThatAreNotReduced() throws Exception {
        Run run = new Run(bytes("secret"));
        byte[] message = run.message(1);
        BigInteger order = BigInteger.TWO.pow(252).add(new BigInteger("27742317777372353535851937790883648493"));
        byte[] bigEndian = new byte[FIELD];
        for (int i = 0; i < FIELD; i++) {
            bigEndian[i] = message[3 * FIELD - 1 - i];
        }
        byte[] sum = new BigInteger(1, bigEndian).add(order).toByteArray();
        for (int i = 0; i < FIELD; i++) {
            message[2 * FIELD + i] = i < sum.length ? sum[sum.length - 1 - i] : 0;
        }
        run.assertRefused(1, message);
    }

    /** A proof holds in its place only: the elements of message 1, exchanged together with their proofs, are refused. */
    @Test
    void refusesProofsInOtherPlaces() throws Exception {
        Run run = new Run(bytes("secret"));
        byte[] message = run.message(1);
        byte[] exchanged = new byte[message.length];
        System.arraycopy(message, 0, exchanged, 3 * FIELD, 3 * FIELD);
        System.arraycopy(message, 3 * FIELD, exchanged, 0, 3 * FIELD);
        run.assertRefused(1, exchanged);
    }

    /** The peer returns our own P and Q with the proof that we made of them. */
    @Test
    void refusesOurOwnElements() throws Exception {
        Run run = new Run(bytes("secret"));
        byte[] third = run.message(3);
        byte[] second = run.message(2);
        System.arraycopy(second, 6 * FIELD, third, 0, 5 * FIELD);
        run.assertRefused(3, third);
    }

    @Test
    void refusesMessagesInAnotherOrder() throws Exception {
        Run run = new Run(bytes("secret"));
        byte[] first = run.message(1);
        byte[] second = run.message(2);
        SecureCompare beginning = new SecureCompare(bytes("secret"));
        beginning.begin();

        assertThatExceptionOfType(SecureCompareException.class).isThrownBy(() -> beginning.proceed(first));
        assertThatExceptionOfType(SecureCompareException.class)
                .isThrownBy(() -> new SecureCompare(bytes("secret")).proceed(second));
    }

    /** The reason could depend on the secret. */
    @Test
    void refusalsSayNothingButThat() throws Exception {
        List<String> texts = new ArrayList<>();
        for (int field : new int[] {0, 1, 2}) {
            Run run = new Run(bytes("secret"));
            byte[] message = run.message(1);
            message[field * FIELD] ^= 1;
            texts.add(run.assertRefused(1, message).getMessage());
        }
        Run run = new Run(bytes("secret"));
        run.message(1);
        texts.add(run.assertRefused(1, new byte[3]).getMessage());

        assertThat(texts).containsOnly(texts.get(0));
    }

    @Test
    void resultStaysAfterTheEnd() throws Exception {
        Run run = new Run(bytes("secret"));
        byte[] fourth = run.message(4);
        run.first.proceed(fourth);

        assertThatExceptionOfType(SecureCompareException.class).isThrownBy(() -> run.first.proceed(fourth));
        assertThat(run.first.getResult()).isEqualTo(CompareResult.MATCH);
    }

    // Callers

    @Test
    void refusesComparisonsWithoutASecret() {
        SecureCompare empty = new SecureCompare();

        assertThatIllegalStateException().isThrownBy(empty::begin).withMessageContaining("no secret");
        assertThatIllegalStateException().isThrownBy(() -> empty.proceed(new byte[192]));
        assertThat(empty.getResult()).isEqualTo(CompareResult.NOT_READY);
        assertThatExceptionOfType(NullArgumentException.class).isThrownBy(() -> new SecureCompare((byte[]) null));
        assertThatExceptionOfType(NullArgumentException.class).isThrownBy(() -> new SecureCompare((String) null));
        assertThatExceptionOfType(InvalidArgumentException.class).isThrownBy(() -> new SecureCompare(new byte[0]));
        assertThatExceptionOfType(InvalidArgumentException.class).isThrownBy(() -> empty.appendSecret(new byte[0]));
    }

    @Test
    void beginsOnce() throws Exception {
        SecureCompare first = new SecureCompare(bytes("secret"));
        byte[] message = first.begin();
        SecureCompare second = new SecureCompare(bytes("secret"));
        second.proceed(message);

        assertThatIllegalStateException().isThrownBy(first::begin);
        assertThatIllegalStateException().isThrownBy(second::begin);
        assertThatIllegalStateException().isThrownBy(() -> first.appendSecret(bytes("more")));
        assertThatExceptionOfType(NullArgumentException.class).isThrownBy(() -> first.proceed(null));
    }

    @Test
    void closedComparisonDoesNothing() {
        SecureCompare closed = new SecureCompare(bytes("secret"));
        closed.close();
        closed.close();

        assertThatIllegalStateException().isThrownBy(closed::begin).withMessageContaining("closed");
        assertThatIllegalStateException().isThrownBy(() -> closed.proceed(new byte[192]));
        assertThatIllegalStateException().isThrownBy(closed::getResult);
        assertThatIllegalStateException().isThrownBy(() -> closed.appendSecret(bytes("more")));
    }

    /** A comparison of equal secrets, played as far as a test wants. */
    private static final class Run {
        final SecureCompare first;
        final SecureCompare second;
        private final List<byte[]> messages = new ArrayList<>();

        Run(byte[] secret) {
            first = new SecureCompare(secret);
            second = new SecureCompare(secret);
        }

        /** Plays until a message is made, which its receiver has not seen; returns a copy. */
        byte[] message(int number) throws SecureCompareException {
            while (messages.size() < number) {
                int made = messages.size();
                messages.add(made == 0 ? first.begin() : receiver(made).proceed(messages.get(made - 1)));
            }
            return messages.get(number - 1).clone();
        }

        private SecureCompare receiver(int number) {
            return number % 2 == 1 ? second : first;
        }

        /** The comparison is over and no match; the right message comes too late. */
        SecureCompareException assertRefused(int number, byte[] message) {
            SecureCompare receiver = receiver(number);
            SecureCompareException refusal =
                    catchThrowableOfType(SecureCompareException.class, () -> receiver.proceed(message));
            assertThat(refusal).isNotNull();
            assertThat(receiver.getResult()).isEqualTo(CompareResult.NO_MATCH);
            assertThatExceptionOfType(SecureCompareException.class)
                    .isThrownBy(() -> receiver.proceed(messages.get(number - 1)));
            return refusal;
        }
    }
}
