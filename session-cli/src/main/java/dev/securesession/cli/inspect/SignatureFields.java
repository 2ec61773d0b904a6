package dev.securesession.cli.inspect;

import java.math.BigInteger;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** An ECDSA signature in DER (PROTOCOL.md, section 3.1; P-6). */
final class SignatureFields {
    private SignatureFields() {}

    /** Reports the next bytes as a signature and checks its form. */
    static byte[] read(FieldReader outer, int length) {
        byte[] signature = outer.peek(length);
        Problem problem = new Problem();
        int[] numbers = numbers(signature, problem);
        FieldReader inner = outer.enter(signature.length, "signature", "");
        if (numbers.length == 0) {
            inner.hex(signature.length, "bytes");
        } else {
            inner.hex(numbers[0], "DER header");
            inner.hex(numbers[1], "r");
            inner.hex(2, "DER header");
            inner.hex(numbers[2], "s");
        }
        String found = problem.text;
        inner.report().check("form of the signature", found == null, found == null ? "strict DER" : found);
        return signature;
    }

    /** Returns the length of the header before r, of r and of s, or nothing if the form is wrong. */
    private static int[] numbers(byte[] signature, Problem problem) {
        if (signature.length < 8 || signature[0] != SEQUENCE) {
            return problem.is("no DER sequence");
        }
        int header = signature[1] == LONG_FORM_OF_ONE ? 3 : 2;
        int stated = signature[header - 1] & 0xFF;
        if (header == 3 ? stated < 0x80 : stated >= 0x80) {
            return problem.is("a length that is not in its shortest form");
        }
        if (stated != signature.length - header) {
            return problem.is("a sequence of " + stated + " bytes where there are " + (signature.length - header));
        }
        int r = numberLength(signature, header, "r", problem);
        int s = r < 0 ? -1 : numberLength(signature, header + 2 + r, "s", problem);
        if (s < 0) {
            return new int[0];
        }
        if (header + 2 + r + 2 + s != signature.length) {
            return problem.is("bytes after s");
        }
        return new int[] {header + 2, r, s};
    }

    private static int numberLength(byte[] signature, int at, String name, Problem problem) {
        if (at + 2 > signature.length || signature[at] != INTEGER) {
            problem.is(name + " is no DER integer");
            return -1;
        }
        int length = signature[at + 1];
        if (length < 1 || at + 2 + length > signature.length) {
            problem.is(name + " has a length that does not fit");
            return -1;
        }
        byte[] number = Arrays.copyOfRange(signature, at + 2, at + 2 + length);
        if (length > 1 && number[0] == 0 && number[1] >= 0) {
            problem.is(name + " is padded");
            return -1;
        }
        if (new BigInteger(number).signum() <= 0) {
            problem.is(name + " is not positive");
            return -1;
        }
        return length;
    }

    /** The first thing that was wrong. */
    private static final class Problem {
        private @Nullable String text;

        int[] is(String found) {
            text = found;
            return new int[0];
        }
    }

    private static final byte SEQUENCE = 0x30;
    private static final byte INTEGER = 0x02;
    private static final byte LONG_FORM_OF_ONE = (byte) 0x81;
}
