package dev.securesession.cli;

import java.util.HexFormat;

/** Bytes for people to read. */
final class Hex {
    private Hex() {}

    static String of(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
