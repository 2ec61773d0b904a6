package dev.securesession.cli.command;

import java.util.HexFormat;

/** Bytes for people to read. */
public final class Hex {
    private Hex() {}

    public static String of(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
